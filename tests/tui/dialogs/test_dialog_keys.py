"""The approval dialog: what its keys do, and whom a key is meant for."""

from __future__ import annotations

import pytest

from qwen_dual.frontends.tui.controller import DRAFT_HINT
from qwen_dual.frontends.tui.dialogs.asking import LASTING
from qwen_dual.frontends.tui.dialogs.dialog import GUARD
from qwen_dual.protocol import events
from tests.tui.support import Desk, request

# -- keys ----------------------------------------------------------------------------------------


def test_each_key_does_what_it_always_does() -> None:
    for keys, expected in (
        (["enter"], ("r1", True, None, None)),
        (["y"], ("r1", True, None, None)),
        (["s"], ("r1", True, None, "session")),
        (["p"], ("r1", True, None, "project")),
        (["u"], ("r1", True, None, "user")),
        (["s", "enter"], ("r1", True, None, "session")),
        (["down", "enter"], ("r1", True, None, "session")),
        (["j", "j", "k", "enter"], ("r1", True, None, "session")),
        (["3", "enter"], ("r1", True, None, "project")),
        (["escape"], ("r1", False, None, None)),
    ):
        desk = Desk()
        desk.ask_and_wait(request())
        desk.press(*keys)
        desk.wait(LASTING)
        assert desk.session.answers == [expected], keys
        assert desk.controller.focus == "editor"


def test_escape_stops_the_turn_and_a_plain_no_only_what_was_asked() -> None:
    for keys, stops in ((["escape"], True), (["n", "enter"], False)):
        desk = Desk()
        desk.ask_and_wait(request())
        for key in keys:
            if desk.controller.focus == "reason":
                desk.controller.asking.reason_enter()
            else:
                desk.press(key)
        assert desk.session.answers == [("r1", False, None, None)]
        assert desk.session.stops == [stops]


def test_what_moves_the_mark_chooses_nothing() -> None:
    desk = Desk()
    desk.ask_and_wait(request())
    desk.press("1", "2", "9", "j", "k", "down", "up")
    desk.wait(60)
    assert desk.session.answers == []
    assert desk.controller.asking.dialog.selected == 1


@pytest.mark.parametrize("gap", [0.0, 0.1, 0.35])
@pytest.mark.parametrize(
    "words",
    [
        "please wait",
        "use python3 instead",
        "stop that",
        "yes but not now",
        "you should not",
        "undo it",
        "what is this",
    ],
)
def test_words_at_an_open_dialog_are_an_answer_and_never_allow(words: str, gap: float) -> None:
    desk = Desk()
    desk.ask_and_wait(request())
    for char in words:
        desk.wait(gap)
        if desk.controller.focus == "reason":
            desk.controller.note_key()
            desk.controller.asking.reason.insert(char)
        else:
            desk.press(char)
    assert desk.session.answers == []
    desk.controller.asking.reason_enter()
    assert desk.session.answers == [("r1", False, words, None)]


@pytest.mark.parametrize("first", ["typed", "asked"])
def test_an_enter_that_may_be_meant_for_a_draft_allows_nothing(first: str) -> None:
    desk = Desk()
    if first == "typed":
        desk.type("please wait")
        desk.ask(request())
    else:
        desk.ask(request())
        desk.type("please wait")
    desk.wait()
    desk.press("enter", "enter")
    desk.wait(60)
    assert desk.session.answers == []
    assert desk.controller.hint == DRAFT_HINT
    desk.press("down", "up")
    assert desk.controller.hint == ""
    desk.press("enter")
    assert desk.session.answers == [("r1", True, None, None)]
    assert desk.controller.editor.text == "please wait"


def test_a_draft_keeps_no_letter_and_no_refusal_from_counting() -> None:
    for keys, allowed in ((["y"], True), (["escape"], False)):
        desk = Desk()
        desk.type("please wait")
        desk.ask_and_wait(request())
        desk.press(*keys)
        desk.wait(LASTING)
        assert [answer[1] for answer in desk.session.answers] == [allowed]


@pytest.mark.parametrize(
    ("typed", "told"),
    [("use find", "use find"), ("o, use find", "no, use find"), ("o", "no"), ("", None)],
)
def test_no_takes_a_reason_that_is_sent_with_it(typed: str, told: str | None) -> None:
    desk = Desk()
    desk.ask_and_wait(request())
    desk.press("n")
    assert desk.controller.focus == "reason"
    desk.controller.asking.reason.insert(typed)
    desk.controller.asking.reason_enter()
    assert desk.session.answers == [("r1", False, told, None)]


def test_escape_leaves_the_reason_for_the_choices() -> None:
    desk = Desk()
    desk.ask_and_wait(request())
    desk.press("w")
    assert desk.controller.focus == "reason"
    desk.controller.asking.reason_escape()
    assert desk.controller.focus == "dialog"
    assert desk.session.answers == []


def test_what_is_pasted_never_chooses() -> None:
    desk = Desk()
    desk.ask_and_wait(request())
    desk.controller.asking.paste("y")
    desk.wait(60)
    assert desk.controller.focus == "reason"
    assert desk.session.answers == []


# -- whom a key is meant for ---------------------------------------------------------------------


@pytest.mark.parametrize("key", ["enter", "y"])
def test_a_single_key_in_the_first_moments_counts_once_they_are_over(key: str) -> None:
    desk = Desk()
    desk.ask(request())
    desk.press(key)
    assert desk.session.answers == []
    desk.wait(GUARD)
    desk.wait(GUARD)
    assert desk.session.answers == [("r1", True, None, None)]


def test_an_enter_that_a_host_sends_again_and_again_is_taken_once() -> None:
    desk = Desk()
    desk.ask(request("r1"), request("r2"))
    for _ in range(4):
        desk.press("enter")
        desk.now.time += 0.15
    assert [answer[0] for answer in desk.session.answers] == ["r1"]


def test_an_escape_right_behind_an_early_enter_takes_it_back() -> None:
    desk = Desk()
    desk.ask(request())
    desk.press("enter", "escape")
    desk.wait(60)
    assert desk.session.answers == []


def test_a_word_that_begins_in_the_first_moments_is_the_drafts() -> None:
    desk = Desk()
    desk.ask(request())
    desk.press("y", "e")
    assert desk.controller.focus == "editor"
    desk.type("s")
    assert desk.controller.editor.text == "yes"
    desk.wait(GUARD)
    assert desk.controller.focus == "dialog"
    assert desk.session.answers == []


def test_an_enter_meant_for_the_editor_approves_nothing() -> None:
    desk = Desk()
    desk.type("hello")
    desk.controller.enter()
    desk.now.time += 0.1
    desk.ask(request())
    assert desk.controller.focus == "editor"
    desk.controller.note_key()
    desk.controller.enter()
    desk.wait(60)
    assert desk.session.answers == []


def test_the_key_that_answered_one_request_cannot_answer_the_next() -> None:
    desk = Desk()
    desk.ask_and_wait(request("r1"), request("r2"))
    desk.press("enter", "enter")
    desk.wait(60)
    assert [answer[0] for answer in desk.session.answers] == ["r1"]
    assert desk.controller.focus == "dialog"  # nor does it go to the editor


def test_a_key_for_a_request_that_somebody_else_answers_is_not_the_next_ones() -> None:
    desk = Desk()
    desk.ask_and_wait(request("r1"), request("r2"))
    desk.press("y")
    desk.session.bus.publish(events.control_response("r1", allowed=True, resolved_by="input"))
    desk.wait(60)
    desk.wait(60)
    assert desk.session.answers == []


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
    desk.ask_and_wait(request())
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
