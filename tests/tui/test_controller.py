"""What keys do to the draft and the session."""

from __future__ import annotations

from qwen_dual.tui.controller import AGAIN, CLEAR_HINT, EXIT_HINT
from tests.tui.support import Desk, request


def test_enter_sends_the_draft_and_keeps_it_in_the_history() -> None:
    desk = Desk()
    desk.type("  run ls \n")
    desk.controller.enter()
    assert desk.session.submitted == ["run ls"]
    assert desk.controller.editor.empty
    desk.controller.up()
    assert desk.controller.editor.text == "  run ls \n"


def test_an_empty_draft_is_not_sent() -> None:
    desk = Desk()
    desk.type(" \n ")
    desk.controller.enter()
    assert desk.session.submitted == []


def test_enter_after_a_backslash_goes_on_in_the_next_line() -> None:
    desk = Desk()
    desk.type("one\\")
    desk.controller.enter()
    desk.type("two")
    desk.controller.enter()
    assert desk.session.submitted == ["one\ntwo"]


def test_enter_completes_an_unfinished_command_and_sends_a_finished_one() -> None:
    desk = Desk()
    desk.type("/he")
    desk.controller.enter()
    assert desk.controller.editor.text == "/help "
    desk.controller.enter()
    assert desk.session.submitted == ["/help"]


def test_an_unknown_command_is_sent_for_the_session_to_say_so() -> None:
    desk = Desk()
    desk.type("/nonsense")
    desk.controller.enter()
    assert desk.session.submitted == ["/nonsense"]


def test_arrows_choose_among_suggestions_and_tab_takes_one() -> None:
    desk = Desk()
    desk.type("/")
    desk.controller.down()
    desk.controller.complete()
    assert desk.controller.editor.text == "/clear "


def test_up_goes_on_through_the_history_past_a_command() -> None:
    desk = Desk()
    for text in ("first", "/help"):
        desk.type(text)
        desk.controller.enter()
    desk.controller.up()
    assert desk.controller.editor.text == "/help"
    desk.controller.up()
    assert desk.controller.editor.text == "first"


def test_escape_closes_before_it_interrupts() -> None:
    desk = Desk()
    desk.session.busy = True
    desk.controller.question_mark()
    desk.controller.escape()
    assert not desk.controller.help_open
    desk.type("/h")
    desk.controller.escape()
    assert not desk.controller.suggestions.shown
    assert desk.session.interrupts == 0
    desk.controller.escape()
    assert desk.session.interrupts == 1
    assert desk.controller.editor.text == "/h"


def test_escape_twice_clears_the_draft_and_once_does_not() -> None:
    desk = Desk()
    desk.type("draft")
    desk.controller.escape()
    assert desk.controller.hint == CLEAR_HINT
    desk.now.time += AGAIN
    desk.controller.escape()
    assert desk.controller.editor.text == "draft"
    desk.controller.escape()
    assert desk.controller.editor.empty


def test_control_c_interrupts_then_clears_then_leaves_at_the_second_time() -> None:
    desk = Desk()
    desk.session.busy = True
    desk.type("draft")
    desk.controller.control_c()
    assert desk.session.interrupts == 1
    assert desk.controller.editor.text == "draft"
    desk.session.busy = False
    desk.controller.control_c()
    assert desk.controller.editor.text == ""
    desk.controller.control_c()
    assert desk.controller.hint == EXIT_HINT
    desk.now.time += AGAIN
    assert desk.controller.hint == ""
    desk.controller.control_c()
    assert not desk.closed
    desk.controller.control_c()
    assert desk.closed


def test_typing_takes_the_hint_back() -> None:
    desk = Desk()
    desk.controller.control_c()
    desk.type("x")
    assert desk.controller.hint == ""


def test_control_d_leaves_on_an_empty_line_only() -> None:
    desk = Desk()
    desk.type("ab")
    desk.controller.editor.buffer.cursor_position = 0
    desk.controller.control_d()
    assert desk.controller.editor.text == "b"
    desk.controller.control_d()
    assert not desk.closed
    desk.controller.control_d()
    assert desk.closed


def test_shift_tab_goes_round_the_modes() -> None:
    desk = Desk()
    seen = []
    for _ in range(4):
        desk.controller.next_mode()
        seen.append(desk.session.approval_mode)
    assert seen == ["auto-edit", "yolo", "plan", "default"]


def test_a_question_mark_shows_the_shortcuts_on_an_empty_line_only() -> None:
    desk = Desk()
    desk.controller.question_mark()
    assert desk.controller.editor.text == ""
    shown = [desk.controller.help_open]
    desk.type("why")
    shown.append(desk.controller.help_open)
    assert shown == [True, False]
    desk.controller.question_mark()
    assert desk.controller.editor.text == "why?"


def test_the_search_is_told_in_the_hint() -> None:
    desk = Desk()
    desk.type("make test")
    desk.controller.enter()
    desk.controller.editor.search_back()
    desk.controller.editor.search_type("mak")
    assert desk.controller.hint.startswith("search: mak")
    desk.controller.enter()
    assert desk.session.submitted == ["make test"]
    assert desk.controller.editor.text == "make test"


def test_control_c_at_the_dialog_interrupts_and_answers_nothing() -> None:
    desk = Desk()
    desk.session.busy = True
    desk.ask(request())
    desk.controller.control_c()
    assert desk.session.interrupts == 1
    assert desk.session.answers == []
