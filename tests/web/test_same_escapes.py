"""What the page escapes in a foreign text is what the program's own dialogs do."""

from __future__ import annotations

import json
from pathlib import Path

from qwen_dual.protocol.visible import visible

CASES = Path(__file__).parents[2] / "qwen_dual/web/page/tests/requests/visible_cases.json"


def test_the_cases_that_the_page_is_held_to_are_what_the_program_shows() -> None:
    cases = json.loads(CASES.read_text())
    assert len(cases) > 100
    assert [(text, how, visible(text, how)) for text, how, _ in cases] == [
        tuple(case) for case in cases
    ]
