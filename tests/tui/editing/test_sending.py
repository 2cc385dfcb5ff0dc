"""What becomes of a draft while a turn runs: by keys, without a screen."""

from __future__ import annotations

import pytest

from qwen_dual.core.commands.slash import is_slash
from qwen_dual.frontends.tui.editing.sending import ENTER_QUEUES, ENTER_STEERS
from qwen_dual.frontends.tui.region.footer import Facts
from qwen_dual.frontends.tui.region.frame import compose
from tests.tui.support import Desk


def desk(*, running: bool = True, enter_queues: bool = False) -> Desk:
    at = Desk()
    at.session.busy = running
    at.session.turn = "t" if running else None
    at.controller.sending.enter_queues = enter_queues
    return at


def sent(at: Desk, text: str, key: str) -> list[tuple[str, bool]]:
    """What was submitted, and whether it steers, once ``text`` was typed and ``key`` pressed."""
    at.type(text)
    getattr(at.controller, key)()
    return list(zip(at.session.submitted, at.session.steering, strict=True))


def test_enter_steers_and_the_other_keys_queue() -> None:
    assert sent(desk(), "now", "enter") == [("now", True)]
    assert sent(desk(), "later", "queue") == [("later", False)]
    assert sent(desk(), "later", "tab") == [("later", False)]


def test_a_person_may_have_enter_queue_and_the_other_keys_steer() -> None:
    assert sent(desk(enter_queues=True), "later", "enter") == [("later", False)]
    assert sent(desk(enter_queues=True), "now", "queue") == [("now", True)]
    assert sent(desk(enter_queues=True), "now", "tab") == [("now", True)]


def test_where_nothing_runs_both_send_and_tab_only_completes() -> None:
    assert [text for text, _ in sent(desk(running=False), "a", "queue")] == ["a"]
    at = desk(running=False)
    assert sent(at, "a", "tab") == []
    assert at.controller.editor.text == "a"


def test_tab_takes_what_is_suggested_before_it_sends() -> None:
    at = desk()
    assert sent(at, "/hel", "tab") == []
    assert at.controller.editor.text.startswith("/help")


def test_commands_are_what_they_are_with_either_key() -> None:
    at = desk()
    at.controller.bang()
    at.type("date")
    at.controller.queue()
    assert at.session.shell == ["date"]
    at.controller.backspace()
    at.type("/approval-mode")
    at.controller.queue()
    assert at.controller.asking.sheet is not None


def test_an_empty_draft_sends_nothing() -> None:
    at = desk()
    at.controller.queue()
    at.controller.tab()
    assert at.session.submitted == []


@pytest.mark.parametrize("enter_queues", [False, True])
def test_the_empty_editor_says_which_key_does_what_and_the_footer_while_one_types(
    enter_queues: bool,
) -> None:
    said = ENTER_QUEUES if enter_queues else ENTER_STEERS
    at = desk(enter_queues=enter_queues)
    assert (at.controller.placeholder, at.controller.tip) == (said, "")
    at.type("draft")
    assert (at.controller.placeholder, at.controller.tip) == ("", said)
    at.controller.editor.set("/stats")
    assert at.controller.tip == ""
    at.session.turn = None
    at.controller.editor.set("")
    assert at.controller.placeholder == ""


@pytest.mark.parametrize("columns", [1, 2, 10, 30, 80])
def test_it_stands_in_the_one_row_of_the_editor_at_any_width(columns: int) -> None:
    at = desk()
    facts = Facts("/w", None, "fake", "default")
    frame = compose(at.view, at.controller, facts, columns=columns, rows=24, now=0.0)
    assert len(frame.placeholder) <= max(0, columns - 3)
    assert ENTER_STEERS.startswith(frame.placeholder.rstrip("…"))
    assert (frame.placeholder == ENTER_STEERS) == (columns >= 30)


def test_a_path_at_the_beginning_is_no_command() -> None:
    assert not is_slash("/usr/bin is full")
    at = desk()
    at.type("/usr/bin is full")
    assert at.controller.tip == ENTER_STEERS
