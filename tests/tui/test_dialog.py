"""The approval dialog and the keys meant for it."""

from __future__ import annotations

import re

from qwen_dual.protocol import events
from qwen_dual.tui.dialog import GUARD, Dialog, answers_for
from qwen_dual.tui.live_state import Request, request_of
from tests.tui.support import DIFF, Desk, edit_request, request, text_of


def shown(desk: Desk, width: int = 60, height: int = 20) -> list[str]:
    return text_of(desk.controller.asking.dialog.lines(width, height, desk.now.time))


def labels(record: Request) -> list[str]:
    return [choice.label for choice in answers_for(record)]


def test_a_command_is_shown_as_it_will_run_with_the_ways_to_answer() -> None:
    desk = Desk()
    desk.ask(request())
    assert shown(desk) == [
        "? Run this command?",
        "  ls -la",
        "  Run in the workspace",
        "",
        "  › 1. Yes, allow once",
        "    2. Always allow 'ls *' in this project",
        "    3. … for this user",
        "    4. No, suggest changes (esc)",
    ]


def test_an_edit_is_shown_as_a_diff() -> None:
    desk = Desk()
    desk.ask(edit_request())
    assert shown(desk)[:5] == ["? Apply this change?", "  x", "  1 - old", "  1 + new", ""]
    assert labels(request_of(edit_request())) == [
        "Yes, allow once",
        "Yes, allow always",
        "No, suggest changes (esc)",
    ]


def test_reading_outside_and_the_web_are_allowed_by_folder_or_host() -> None:
    for rule, covered in (
        ("Read(//data/**)", "/data/"),
        (r"Read(//my\ data/\[1\].txt)", "/my data/[1].txt"),
        ("WebFetch(example.com)", "example.com"),
    ):
        record = request_of(request(tool_name="read_file", preview=None, rule=rule))
        assert [(choice.label, choice.remember) for choice in answers_for(record)] == [
            ("Yes, allow once", None),
            (f"Always allow {covered} in this project", "project"),
            ("No", None),
        ]


def test_without_a_rule_nothing_can_be_allowed_for_longer() -> None:
    record = request_of(request(rule=None))
    assert labels(record) == ["Yes, allow once", "No, suggest changes (esc)"]


def test_a_path_outside_the_workspace_is_named() -> None:
    desk = Desk()
    desk.ask(request(tool_name="read_file", preview=None, blocked_path="/etc/passwd"))
    assert shown(desk)[0] == "? Allow read_file?"
    assert "  outside the workspace: /etc/passwd" in shown(desk)


def test_arrows_letters_digits_and_enter_choose() -> None:
    for keys, expected in (
        (["enter"], ("r1", True, None, None)),
        (["down", "enter"], ("r1", True, None, "project")),
        (["j", "j", "k", "enter"], ("r1", True, None, "project")),
        (["2"], ("r1", True, None, "project")),
        (["3"], ("r1", True, None, "user")),
        (["1"], ("r1", True, None, None)),
        (["escape"], ("r1", False, None, None)),
    ):
        desk = Desk()
        desk.ask(request())
        for key in keys:
            desk.controller.asking.key(key)
        assert desk.session.answers == [expected]
        assert desk.controller.focus == "editor"


def test_a_digit_without_a_choice_does_nothing() -> None:
    desk = Desk()
    desk.ask(request())
    desk.controller.asking.key("9")
    assert desk.session.answers == []
    assert desk.controller.asking.dialog.selected == 0


def test_no_takes_a_reason_that_is_sent_with_it() -> None:
    desk = Desk()
    desk.ask(request())
    desk.controller.asking.key("4")
    assert desk.controller.focus == "reason"
    assert desk.session.answers == []
    desk.controller.asking.reason.insert("use pytest instead")
    desk.controller.asking.reason_enter()
    assert desk.session.answers == [("r1", False, "use pytest instead", None)]


def test_no_without_a_reason_is_just_no() -> None:
    for leave in ("reason_enter", "reason_escape"):
        desk = Desk()
        desk.ask(request())
        desk.controller.asking.key("4")
        getattr(desk.controller.asking, leave)()
        assert desk.session.answers == [("r1", False, None, None)]


def test_several_requests_are_counted_and_come_one_after_another() -> None:
    desk = Desk()
    desk.ask(request("r1"), request("r2"), request("r3"))
    assert shown(desk)[0].endswith("1 of 3")
    desk.controller.asking.key("enter")
    assert shown(desk)[0].endswith("2 of 3")
    desk.now.time += GUARD
    desk.controller.asking.key("enter")
    desk.now.time += GUARD
    desk.controller.asking.key("enter")
    assert [answer[0] for answer in desk.session.answers] == ["r1", "r2", "r3"]
    desk.ask(request("r4"))
    assert shown(desk)[0] == "? Run this command?"


def test_the_key_that_answered_one_request_cannot_answer_the_next() -> None:
    desk = Desk()
    desk.ask(request("r1"), request("r2"))
    desk.controller.asking.key("enter")
    desk.controller.asking.key("enter")
    assert [answer[0] for answer in desk.session.answers] == ["r1"]
    assert desk.controller.focus == "dialog"  # nor does it go to the editor


def test_a_dialog_that_appears_while_nobody_types_takes_keys_at_once() -> None:
    desk = Desk()
    desk.ask(request())
    assert desk.controller.focus == "dialog"


def test_a_dialog_that_appears_mid_typing_waits_for_a_pause() -> None:
    desk = Desk()
    desk.type("hello")
    desk.ask(request())
    for char in " world":
        desk.now.time += 0.3
        assert desk.controller.focus == "editor"
        desk.type(char)
    desk.now.time += 0.3
    desk.controller.note_key()
    assert desk.controller.focus == "editor"
    desk.controller.enter()
    assert desk.session.submitted == ["hello world"]
    assert desk.session.answers == []
    desk.now.time += GUARD
    assert desk.controller.focus == "dialog"


def test_a_draft_alone_makes_the_dialog_wait() -> None:
    desk = Desk()
    desk.type("half a thought")
    desk.now.time += 60
    desk.ask(request())
    assert desk.controller.focus == "editor"
    assert [round(seconds, 3) for seconds in desk.screen.wakes] == [GUARD]
    desk.now.time += GUARD
    assert desk.controller.focus == "dialog"


def test_an_answer_from_elsewhere_closes_the_dialog_and_the_draft_is_as_it_was() -> None:
    desk = Desk()
    desk.type("my draft")
    desk.controller.editor.buffer.cursor_position = 3
    for number in range(50):
        desk.now.time += 10
        desk.ask(request(f"r{number}"))
        desk.now.time += GUARD
        assert desk.controller.focus == "dialog"
        resolved = events.control_response(f"r{number}", allowed=True, resolved_by="input")
        desk.session.bus.publish(resolved)
        desk.controller.before_drawing()
        assert desk.controller.focus == "editor"
    buffer = desk.controller.editor.buffer
    assert (buffer.text, buffer.cursor_position) == ("my draft", 3)
    assert desk.session.answers == []


def test_a_key_that_comes_after_somebody_elses_answer_answers_nothing() -> None:
    desk = Desk()
    desk.ask(request())
    desk.session.bus.publish(events.control_response("r1", allowed=True, resolved_by="input"))
    desk.controller.asking.key("enter")
    assert desk.session.answers == []


def test_an_enter_meant_for_a_dialog_that_just_closed_does_not_send_the_draft() -> None:
    desk = Desk()
    desk.type("half a thought")
    desk.ask(request())
    desk.session.bus.publish(events.control_response("r1", allowed=True, resolved_by="input"))
    desk.controller.before_drawing()
    desk.controller.enter()
    assert desk.session.submitted == []
    desk.type("!")
    desk.controller.enter()
    assert desk.session.submitted == ["half a thought!"]


def test_a_long_preview_can_be_read_to_its_end() -> None:
    desk = Desk()
    rows = [f"+line {number}" for number in range(100)]
    desk.ask(edit_request(diff="\n".join([*DIFF.split("\n")[:3], *rows])))
    seen: list[str] = []
    for _ in range(40):
        seen += shown(desk, height=14)
        desk.controller.asking.key("pagedown")
    text = "\n".join(seen)
    assert all(re.search(rf"\+ line {number}\b", text) for number in range(100))
    assert len(shown(desk, height=14)) <= 14


def test_in_a_tiny_window_the_command_is_still_shown() -> None:
    desk = Desk()
    desk.ask(request(command="rm -rf build"))
    assert shown(desk, width=20, height=4)[0] == "? rm -rf build"


def test_a_rule_that_does_not_fit_is_wrapped_where_there_is_room() -> None:
    desk = Desk()
    desk.ask(request())
    text = " ".join(" ".join(shown(desk, width=26, height=20)).split())
    assert "Always allow 'ls *' in this project" in text


def test_an_empty_dialog_shows_nothing() -> None:
    assert Dialog().lines(80, 20, 0.0) == []
