from __future__ import annotations

import pytest

from qwen_dual.core.text.sentences import sentence


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("it ended with status 1", "It ended with status 1."),
        ("nothing, it seems", "Nothing, it seems."),
        ("http://h:9 cannot be reached", "http://h:9 cannot be reached."),
        ("src/a.py was changed.", "src/a.py was changed."),
        ("", ""),
    ],
)
def test_what_is_no_word_is_not_given_a_capital(text: str, told: str) -> None:
    assert sentence(text) == told
