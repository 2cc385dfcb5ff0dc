"""What keys do to the draft and the session."""

from __future__ import annotations

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.commands.slash import SlashCommand
from qwen_dual.core.prompts.prompt import Prompt
from qwen_dual.frontends.tui.controller import AGAIN, CLEAR_HINT, EXIT_HINT, RETRY_TIP, SHELL_TIP
from qwen_dual.frontends.tui.region.help import tool_lines
from tests.tui.support import Desk, request, text_of


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
    assert not desk.controller.panel
    desk.type("/h")
    desk.controller.escape()
    assert not desk.controller.suggestions.shown
    assert desk.session.interrupts == 0
    desk.controller.escape()
    assert desk.session.interrupts == 1
    assert desk.controller.editor.text == "/h"


def test_what_waited_comes_back_before_the_draft_and_the_cursor_stays_in_its_place() -> None:
    desk = Desk()
    desk.session.busy = True
    desk.session.queue = [
        Prompt("first", KEYBOARD),
        Prompt("ls", KEYBOARD, action="shell"),
        Prompt("/auth", KEYBOARD, action="form", answers=("secret",)),
    ]
    desk.type("draft")
    desk.controller.editor.set("draft", 2)
    desk.controller.escape()
    assert desk.controller.editor.text == "first\n!ls\ndraft"
    assert desk.controller.editor.cursor == len("first\n!ls\n") + 2


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
    for _ in range(5):
        desk.controller.next_mode()
        seen.append(desk.session.approval_mode)
    assert seen == ["auto-edit", "auto", "yolo", "plan", "default"]


def test_a_question_mark_shows_the_shortcuts_on_an_empty_line_only() -> None:
    desk = Desk()
    desk.controller.question_mark()
    assert desk.controller.editor.text == ""
    shown = [desk.controller.panel == "help"]
    desk.type("why")
    shown.append(desk.controller.panel == "help")
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


# -- shell mode --------------------------------------------------------------------------------


def in_shell(desk: Desk) -> bool:
    return desk.controller.editor.shell


def test_an_exclamation_mark_on_an_empty_line_enters_and_leaves_shell_mode() -> None:
    desk = Desk()
    controller, editor = desk.controller, desk.controller.editor
    controller.bang()
    assert in_shell(desk)
    assert controller.tip == SHELL_TIP
    controller.bang()
    assert not in_shell(desk)
    desk.type("so")
    controller.bang()
    assert (editor.text, editor.shell) == ("so!", False)


def test_shell_mode_runs_what_is_typed_and_stays() -> None:
    desk = Desk()
    desk.controller.bang()
    desk.type("/bin/ls ?")
    desk.controller.enter()
    assert desk.session.shell == ["/bin/ls ?"]
    assert desk.session.submitted == []
    assert in_shell(desk)


def test_escape_and_backspace_leave_shell_mode() -> None:
    desk = Desk()
    desk.controller.bang()
    desk.controller.backspace()
    assert not in_shell(desk)
    desk.controller.bang()
    desk.type("ab")
    desk.controller.backspace()
    assert in_shell(desk)
    desk.controller.escape()
    assert not in_shell(desk)
    assert desk.controller.editor.text == "a"
    assert desk.session.interrupts == 0


def test_escape_in_shell_mode_interrupts_what_runs_before_it_leaves_the_mode() -> None:
    desk = Desk()
    desk.session.busy = True
    desk.controller.bang()
    desk.controller.escape()
    assert in_shell(desk)
    assert desk.session.interrupts == 1
    desk.session.busy = False
    desk.controller.escape()
    assert not in_shell(desk)


def test_shell_commands_have_a_history_of_their_own() -> None:
    desk = Desk()
    desk.type("a prompt")
    desk.controller.enter()
    desk.controller.bang()
    desk.type("make")
    desk.controller.enter()
    desk.controller.up()
    assert desk.controller.editor.text == "make"
    desk.controller.editor.clear()
    desk.controller.escape()
    desk.controller.up()
    assert desk.controller.editor.text == "a prompt"


def test_no_commands_are_suggested_in_shell_mode() -> None:
    desk = Desk()
    desk.controller.bang()
    desk.type("/he")
    assert not desk.controller.suggestions.shown


# -- the other keys ----------------------------------------------------------------------------


def test_a_failed_request_is_retried_and_the_footer_says_how() -> None:
    desk = Desk()
    desk.controller.retry()
    assert desk.session.retries == 0
    assert "no failed request" in desk.controller.hint
    desk.now.time += 60
    desk.session.retryable = True
    assert desk.controller.tip == RETRY_TIP
    desk.controller.retry()
    assert desk.session.retries == 1
    desk.type("x")
    assert desk.controller.tip == ""


def test_the_tools_are_told_and_escape_closes_them() -> None:
    desk = Desk()
    desk.controller.toggle_tools()
    assert text_of(tool_lines(desk.controller.tools, 60, 5)) == ["  Edit  changes a file"]
    assert desk.controller.panel == "tools"
    desk.controller.question_mark()
    assert desk.controller.panel == "help"
    desk.controller.toggle_tools()
    desk.controller.escape()
    assert desk.controller.panel == ""


def test_many_tools_are_counted_where_rows_are_few() -> None:
    tools = [(f"tool_{number}", "does\nthings") for number in range(20)]
    lines = text_of(tool_lines(tools, 40, 4))
    assert lines == [
        "  tool_0   does",
        "  tool_1   does",
        "  tool_2   does",
        "  … 17 more (/tools)",
    ]
    assert tool_lines(tools, 40, 0) == []


def test_raw_markdown_is_toggled() -> None:
    desk = Desk()
    desk.controller.toggle_raw()
    assert desk.screen.raw


def test_escape_twice_on_an_empty_draft_asks_where_to_go_back_to_where_there_is_a_prompt() -> None:
    desk = Desk()
    opened: list[int] = []
    desk.session.slash.add(
        SlashCommand("rewind", "goes back", lambda _, __: None, opens=lambda: opened.append(1))
    )
    desk.controller.escape()
    desk.controller.escape()
    assert (desk.controller.hint, opened) == ("", [])
    desk.session.points.append("a prompt")
    desk.controller.escape()
    assert "go back" in desk.controller.hint
    desk.controller.escape()
    assert (desk.controller.hint, opened) == ("", [1])


def test_going_back_waits_for_the_turn_that_runs() -> None:
    desk = Desk()
    opened: list[int] = []
    desk.session.slash.add(
        SlashCommand("rewind", "goes back", lambda _, __: None, opens=lambda: opened.append(1))
    )
    desk.session.busy = True
    desk.type("/rewind")
    desk.controller.enter()
    assert (desk.session.submitted, opened) == (["/rewind"], [])
