"""Forms in the editor's place: those of commands, and the questions of the model."""

from __future__ import annotations

from qwen_dual.core.commands.questions import Choice, Question
from qwen_dual.core.commands.slash import SlashCommand
from qwen_dual.core.errors import CommandFailed
from qwen_dual.frontends.tui.dialogs.dialog import GUARD
from qwen_dual.frontends.tui.region.footer import Facts
from qwen_dual.frontends.tui.region.frame import compose
from qwen_dual.protocol import events
from tests.tui.support import QUESTIONS, Desk, form_of, question_request, request, text_of


def window(desk: Desk) -> str:
    frame = compose(
        desk.view,
        desk.controller,
        Facts("~", None, "m", "default"),
        columns=80,
        rows=24,
        now=desk.now.time,
    )
    return "\n".join(text_of([*frame.live, *frame.dialog, *frame.form, *frame.panel]))


def enter(desk: Desk, text: str) -> None:
    """Types a command and sends it."""
    desk.type(text)
    desk.controller.enter()


# -- the form of a command ---------------------------------------------------------------------


def test_a_command_without_an_argument_asks_for_it() -> None:
    desk = Desk()
    enter(desk, "/approval-mode")
    assert desk.controller.focus == "form"
    assert "? Which mode?" in window(desk)
    desk.controller.asking.form_key("up")
    desk.controller.asking.form_key("enter")
    assert desk.session.forms == [("approval-mode", ("plan",))]
    assert desk.session.submitted == []
    assert desk.controller.focus == "editor"


def test_a_command_with_its_argument_asks_nothing() -> None:
    desk = Desk()
    enter(desk, "/approval-mode plan")
    assert desk.session.submitted == ["/approval-mode plan"]
    assert desk.controller.focus == "editor"


def test_a_form_with_nothing_to_ask_is_no_form() -> None:
    desk = Desk()
    desk.session.slash.add(SlashCommand("nothing", "", lambda _, __: None, form=lambda _: None))
    enter(desk, "/nothing")
    enter(desk, "")
    assert desk.session.submitted == ["/nothing"]


def test_a_form_that_cannot_be_made_says_why() -> None:
    def fails(_: object) -> Question:
        raise CommandFailed("there are no chats")

    desk = Desk()
    desk.session.slash.add(SlashCommand("chats", "", lambda _, __: None, form=fails))
    enter(desk, "/chats")
    assert desk.session.notices == ["there are no chats"]
    assert desk.controller.focus == "editor"


def test_escape_closes_the_form_and_answers_nothing() -> None:
    for key in ("escape", "control c"):
        desk = Desk()
        desk.session.busy = True
        enter(desk, "/approval-mode")
        if key == "escape":
            desk.controller.asking.form_key("escape")
        else:
            desk.controller.control_c()
        assert desk.controller.focus == "editor"
        assert desk.session.forms == []
        assert desk.session.interrupts == 0


def test_a_request_waits_behind_the_form_and_takes_no_key_meant_for_it() -> None:
    desk = Desk()
    enter(desk, "/approval-mode")
    desk.ask(request())
    desk.now.time += 60
    desk.controller.note_key()
    assert desk.controller.focus == "form"
    desk.controller.asking.form_key("enter")
    desk.controller.before_drawing()
    assert desk.session.forms == [("approval-mode", ("default",))]
    desk.controller.asking.key("enter")
    assert desk.session.answers == []
    desk.wait()
    desk.controller.asking.key("enter")
    assert [answer[0] for answer in desk.session.answers] == ["r1"]


def test_a_secret_stays_out_of_the_history_and_the_draft() -> None:
    desk = Desk()
    form = form_of(Question("The key", secret=True))
    desk.session.slash.add(SlashCommand("key", "", lambda _, __: None, form=form))
    enter(desk, "/key ")
    desk.controller.asking.form_type("s3cret")
    assert "s3cret" not in window(desk)
    desk.controller.asking.form_key("enter")
    assert desk.session.forms == [("key", ("s3cret",))]
    seen = [desk.controller.editor.text]
    for _ in range(5):
        desk.controller.up()
        seen.append(desk.controller.editor.text)
    assert "s3cret" not in "".join(seen)


def test_the_draft_of_a_form_is_not_the_editors() -> None:
    desk = Desk()
    form = form_of(Question("Which?", tuple(Choice(str(number)) for number in range(20))))
    desk.session.slash.add(SlashCommand("pick", "", lambda _, __: None, form=form))
    enter(desk, "/pick ")
    desk.controller.asking.form_type("1")
    desk.controller.asking.form_key("escape")
    desk.controller.asking.form_key("escape")
    assert desk.controller.editor.text == ""


# -- the questions of the model ----------------------------------------------------------------


def answer_both(desk: Desk) -> None:
    asking = desk.controller.asking
    asking.form_type("2")
    asking.form_type(" ")
    asking.form_key("up")
    asking.form_type("huge")
    asking.form_key("enter")


def test_questions_are_asked_one_by_one_and_answered_in_the_input() -> None:
    desk = Desk()
    desk.ask_and_wait(question_request())
    assert desk.controller.focus == "form"
    assert "? Colour: Which colour?" in window(desk)
    assert "3. Other…" in window(desk)
    answer_both(desk)
    assert desk.session.answers == [("q1", True, None, None)]
    answers = {"Which colour?": "blue", "Which sizes?": "small, huge"}
    assert desk.session.inputs == [{**QUESTIONS, "answers": answers}]
    assert desk.controller.focus == "editor"


def test_escape_at_the_first_question_declines() -> None:
    desk = Desk()
    desk.ask_and_wait(question_request())
    asking = desk.controller.asking
    asking.form_key("enter")
    asking.form_key("escape")
    assert desk.session.answers == []
    asking.form_key("escape")
    assert desk.session.answers == [("q1", False, None, None)]


def test_questions_answered_elsewhere_close_the_form() -> None:
    desk = Desk()
    desk.ask_and_wait(question_request())
    desk.controller.asking.form_type("1")
    desk.session.bus.publish(events.control_response("q1", allowed=True, resolved_by="input"))
    desk.controller.before_drawing()
    assert desk.controller.focus == "editor"
    desk.controller.asking.form_key("enter")
    assert desk.session.answers == []
    assert "⇄" not in window(desk)


def test_questions_that_come_mid_typing_wait_for_a_pause() -> None:
    desk = Desk()
    desk.type("hello")
    desk.ask(question_request())
    assert desk.controller.focus == "editor"
    assert "› 1. red" not in window(desk)
    desk.controller.asking.form_key("enter")
    desk.type("1")
    desk.now.time += GUARD
    assert desk.controller.focus == "form"
    assert "› 1. red" in window(desk)
    assert desk.controller.editor.text == "hello1"


def test_questions_queue_with_other_requests() -> None:
    desk = Desk()
    desk.ask_and_wait(question_request(), request("r2"))
    assert "1 of 2" in window(desk)
    answer_both(desk)
    assert "? Run this command?" in window(desk)
    assert desk.controller.focus == "dialog"


def test_a_request_whose_questions_are_malformed_can_still_be_declined() -> None:
    desk = Desk()
    broken = question_request()
    broken["request"]["input"] = {"questions": [{"question": 5}, "x"]}
    desk.ask_and_wait(broken)
    assert desk.controller.focus == "dialog"
    desk.controller.asking.key("escape")
    assert desk.session.answers == [("q1", False, None, None)]


def test_a_single_key_for_questions_that_just_appeared_counts_once_they_take_keys() -> None:
    desk = Desk()
    desk.ask(question_request())
    desk.controller.asking.form_type("2")
    assert "? Colour: Which colour?" in window(desk)
    desk.wait()
    assert "? Which sizes?" in window(desk)


def test_what_hides_in_a_question_is_shown() -> None:
    desk = Desk()
    asked = question_request()
    asked["request"]["input"] = {"questions": [{"question": "Delete\u202e it?\x1b[2K"}]}
    desk.ask_and_wait(asked)
    assert "? Delete⟨U+202E⟩ it?⟨ESC⟩[2K" in window(desk)


# -- a question that stands by -----------------------------------------------------------------


def standing_by(desk: Desk) -> list[object]:
    """A question with two choices that nobody waits for, and what it was answered with."""
    got: list[object] = []
    choices = (Choice("yes", "Yes"), Choice("later", "Not now"))
    desk.controller.asking.offer(
        form_of(Question("Trust it?", choices, default="later", details=("what it is",))),
        got.append,
    )
    desk.controller.before_drawing()
    return got


def test_it_takes_no_key_at_first_and_then_a_digit_or_enter() -> None:
    desk = Desk()
    got = standing_by(desk)
    assert desk.controller.focus == "editor"
    assert "what it is" in window(desk)
    desk.now.time += GUARD
    assert desk.controller.focus == "form"
    desk.controller.asking.form_type("1")
    assert got == [["yes"]]
    assert desk.controller.focus == "editor"
    got = standing_by(desk)
    desk.now.time += GUARD
    desk.controller.asking.form_key("escape")
    assert got == [None]


def test_a_letter_begins_a_draft_and_the_question_waits_until_it_is_sent() -> None:
    desk = Desk()
    got = standing_by(desk)
    desk.now.time += GUARD
    desk.controller.note_key()
    desk.controller.asking.form_type("h")
    assert (desk.controller.editor.text, desk.controller.focus) == ("h", "editor")
    desk.now.time += 10
    desk.controller.note_key()
    assert desk.controller.focus == "editor"
    assert "what it is" not in window(desk)
    desk.controller.enter()
    assert desk.session.submitted == ["h"]
    desk.now.time += GUARD
    desk.controller.before_drawing()
    desk.now.time += GUARD
    assert desk.controller.focus == "form"
    assert got == []


def test_an_arrow_does_not_make_it_wait() -> None:
    desk = Desk()
    got = standing_by(desk)
    desk.now.time += GUARD
    for key in ("up", "enter"):
        desk.controller.note_key()
        assert desk.controller.focus == "form"
        desk.controller.asking.form_key(key)
        desk.controller.before_drawing()
    assert len(got) == 1
    assert got[0] is not None


def test_a_request_goes_first() -> None:
    desk = Desk()
    got = standing_by(desk)
    desk.now.time += GUARD
    desk.ask(request())
    desk.now.time += GUARD
    assert desk.controller.focus == "dialog"
    assert "Trust it?" not in window(desk)
    desk.controller.asking.key("1")
    assert got == []
