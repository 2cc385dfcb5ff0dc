"""Which editor Ctrl+X opens."""

from __future__ import annotations

import pytest

from qwen_dual.frontends.tui.editing.external import NoEditor, editor_command


@pytest.mark.parametrize(
    ("env", "preferred", "expected"),
    [
        ({"VISUAL": "vi -n", "EDITOR": "ed"}, "", ["vi", "-n"]),
        ({"EDITOR": "ed"}, "", ["ed"]),
        ({"VISUAL": "vi"}, "vscode", ["code", "--wait"]),
        ({"VISUAL": "vi"}, "emacs -nw", ["emacs", "-nw"]),
    ],
)
def test_the_settings_come_first_then_visual_then_editor(
    env: dict[str, str], preferred: str, expected: list[str]
) -> None:
    assert editor_command(env, preferred) == expected


def test_without_any_it_says_what_to_set() -> None:
    with pytest.raises(NoEditor, match=r"set \$VISUAL or \$EDITOR"):
        editor_command({"PATH": "/nowhere"})
