"""A plan that is asked about: its keys, its look, and that nothing in it can hide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qwen_dual.frontends.tui.dialogs.asking import LASTING
from qwen_dual.frontends.tui.dialogs.dialog import GUARD
from qwen_dual.frontends.tui.dialogs.dialog_lines import preview_text
from qwen_dual.frontends.tui.state.live_state import request_of
from qwen_dual.frontends.tui.text.exact import exact_lines
from qwen_dual.frontends.tui.text.exact_markdown import plan_lines
from tests.tui.support import Desk, plan_request, text_of

if TYPE_CHECKING:
    from qwen_dual.frontends.tui.text.lines import Line

PLAN = """\
# Move the tests

1. Make `tests/new`, **now**
- [ ] an item

```sh
rm -rf build  # not *bold*
```
> said <!-- hidden --> [here](https://x.test)
"""


@pytest.mark.parametrize(
    ("before", "keys", "mode"),
    [
        ("default", ["y"], "default"),
        ("default", ["enter"], "default"),
        ("auto-edit", ["s"], "auto-edit"),
        ("yolo", ["b"], "previous"),
        ("yolo", ["down", "down", "enter"], "previous"),
        ("auto", ["b", "enter"], "previous"),
    ],
)
def test_each_way_to_go_on_has_its_key(before: str, keys: list[str], mode: str) -> None:
    desk = Desk()
    desk.ask_and_wait(plan_request(before=before))
    desk.press(*keys)
    desk.wait(LASTING)
    assert desk.session.answers == [("p1", True, None, None)]
    assert desk.session.modes == [mode]


@pytest.mark.parametrize("key", ["s", "b"])
def test_a_letter_that_turns_more_on_takes_longer_to_count(key: str) -> None:
    desk = Desk()
    desk.ask_and_wait(plan_request(before="yolo"))
    desk.press(key)
    desk.wait(GUARD)
    assert desk.session.answers == []
    desk.wait(LASTING - GUARD)
    assert len(desk.session.answers) == 1


@pytest.mark.parametrize("before", ["default", "auto-edit", ""])
def test_a_mode_that_has_a_key_already_gets_no_second_one(before: str) -> None:
    desk = Desk()
    desk.ask_and_wait(plan_request(before=before))
    desk.press("b")  # which is then the first letter of a no
    assert desk.controller.focus == "reason"
    assert desk.session.answers == []


def test_a_no_says_what_to_change() -> None:
    desk = Desk()
    desk.ask_and_wait(plan_request())
    desk.press("n")
    desk.controller.asking.reason.insert("tests first")
    desk.controller.asking.reason_enter()
    assert desk.session.answers == [("p1", False, "tests first", None)]
    assert desk.session.modes == [None]


def test_the_dialog_at_two_widths() -> None:
    desk = Desk()
    desk.ask_and_wait(plan_request(plan="# Move\n\n1. the `tests`", before="yolo"))
    assert [line.rstrip() for line in text_of(desk.draw(80, 20))] == [
        "? Go on with this plan?",
        "  # Move",
        "",
        "  1. the `tests`",
        "  › y  Yes, and ask before each change",
        "    s  Yes, with all edits of this session (turns on auto-edit)",
        "    b  Yes, in the mode before (yolo)",
        "    n  No, keep planning: say what to change   esc  stop",
    ]
    assert [line.rstrip() for line in text_of(desk.draw(30, 20))] == [
        "? Go on with this plan?",
        "  # Move",
        "",
        "  1. the `tests`",
        "  › y  Yes, and ask before",
        "       each change",
        "    s  Yes, with all edits",
        "       (auto-edit)",
        "    b  Yes, in the mode before",
        "       (yolo)",
        "    n  No, go on planning",
        "  esc  stop",
    ]


def test_a_long_plan_is_not_allowed_by_enter_before_it_was_seen_to_its_end() -> None:
    desk = Desk()
    desk.ask_and_wait(plan_request(plan="\n".join(f"{n}. step" for n in range(60))))
    desk.press("enter")
    assert desk.session.answers == []
    for _ in range(20):
        desk.press("pagedown")
    desk.press("enter")
    assert desk.session.modes == ["default"]


def test_the_pager_has_the_whole_of_it() -> None:
    found = preview_text(request_of(plan_request(plan=PLAN)))
    assert found.startswith("# Move the tests\n")
    assert "<!-- hidden --> [here](https://x.test)" in found


def all_of(lines: list[Line]) -> str:
    """All that rows show but blanks, and the marks of those."""
    shown = "".join(text for line in lines for _, text in line[1:])
    return "".join(char for char in shown if char not in " ␣⏎")


def test_what_markdown_means_is_shown_and_nothing_of_it_is_left_out() -> None:
    lines = plan_lines(PLAN, 60)
    assert all_of(lines) == all_of(exact_lines(PLAN, 60, reading="prose"))
    styles = {text: style for line in lines for style, text in line}
    assert styles[" Move the tests"] == "class:strong"
    assert styles["tests/new"] == "class:accent"
    assert styles["now"] == "class:strong"
    assert styles["rm -rf build  # not *bold*"] == "class:accent"
    assert styles["```sh"] == styles["- [ ]"] == "class:dim"


@given(st.text(max_size=300), st.integers(8, 60))
@example("`" * 200, 20)
@example("\x1b]52;c;x\x07\r\u202e **a** `b\u200b`", 20)
def test_no_text_looks_other_than_it_would_without_styles(text: str, width: int) -> None:
    assert all_of(plan_lines(text, width)) == all_of(exact_lines(text, width, reading="prose"))
