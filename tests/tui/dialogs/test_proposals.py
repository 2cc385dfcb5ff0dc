"""Prompts that hosts propose, before the person: what is shown, which key does what, and whose it is."""

from __future__ import annotations

import time
from typing import Any, cast

import pytest

from qwen_dual.core.actor import Actor
from qwen_dual.core.prompts.review import Held, Review
from qwen_dual.frontends.tui.region.footer import Facts
from qwen_dual.frontends.tui.region.frame import compose
from qwen_dual.protocol import events
from tests.tui.support import Desk, request, text_of

ZED = Actor("host", "zed")


class Table(Desk):
    """A desk with what hosts propose on it."""

    def __init__(self) -> None:
        super().__init__()
        session = self.session
        session.statuses = []  # type: ignore[attr-defined]

        def receipt(command_id: str, status: str, *more: Any, owner: Actor) -> None:
            self.statuses.append((command_id, status, more[-1] if more else None))

        self.statuses: list[tuple[str, str, str | None]] = []
        self.ran: list[tuple[str, str | None]] = []
        session.receipt = receipt  # type: ignore[attr-defined]
        session.publish = session.bus.publish  # type: ignore[attr-defined]
        session.under_review = self.review = Review(cast("Any", session))
        self.review.decide(attended=True)

    def propose(self, text: str, key: str = "p", actor: Actor = ZED) -> None:
        def run(edited: str | None) -> None:
            self.ran.append((text, edited))

        self.review.hold(Held(key, text, actor, key, (), run))
        self.draw()

    def key(self, key: str, text: str = "") -> None:
        """A key, as the bindings of where keys go pass it on."""
        controller = self.controller
        controller.note_key()
        focus = controller.focus
        if focus == "dialog":
            controller.asking.key(key, text)
        elif focus == "reason" and key == "text":
            controller.asking.reason.insert(text)
        elif focus == "reason":
            getattr(controller.asking, f"reason_{key}")()
        elif key == "text":
            controller.editor.insert(text)
        else:
            getattr(controller, key)()
        self.draw()

    def keys(self, text: str) -> None:
        for char in text:
            self.key("text", char)

    def window(self, columns: int = 80) -> str:
        frame = compose(
            self.view,
            self.controller,
            Facts("~", None, "m", "default"),
            columns=columns,
            rows=24,
            now=self.now.time,
        )
        return "\n".join(text_of([*frame.live, *frame.dialog, *frame.form, *frame.panel]))


@pytest.fixture
def table() -> Table:
    return Table()


def test_it_is_shown_whole_from_whom_and_with_what_hides_in_it(table: Table) -> None:
    table.propose("delete\x1b[2K \u202eeverything\u200b\nnow")
    table.wait()
    shown = table.window()
    assert "? ⇄ zed proposes a prompt" in shown
    for text in ("delete⟨ESC⟩[2K ⟨U+202E⟩everything⟨U+200B⟩", "now", "Control characters"):
        assert text in shown
    for text in ("y  Yes, send it", "e  Edit it first", "n  No, and say why", "esc  no"):
        assert text in shown


def test_enter_takes_it_after_a_pause_and_none_that_was_meant_for_the_editor(table: Table) -> None:
    table.propose("one")
    table.key("enter")
    assert table.ran == []
    table.now.time += 0.3
    table.key("enter")  # the pause begins anew
    table.now.time += 0.3
    table.draw()
    assert table.controller.focus == "editor"
    table.wait()
    assert table.controller.focus == "dialog"
    table.key("enter")
    assert table.ran == [("one", None)]
    assert table.controller.focus == "editor"


def test_an_enter_right_after_sending_a_prompt_of_ones_own_takes_nothing(table: Table) -> None:
    table.propose("theirs")
    table.keys("mine")
    table.wait(60)
    table.key("enter")
    table.key("enter")
    assert table.session.submitted == ["mine"]
    assert table.ran == []


def test_typing_goes_on_in_the_draft_and_stays_there_byte_for_byte(table: Table) -> None:
    table.keys("half a dra")
    table.controller.editor.buffer.cursor_left(3)
    table.propose("theirs")
    table.wait(60)
    assert table.controller.focus == "editor"
    assert "⇄ zed proposes: theirs · ctrl+g looks at it" in table.window()
    table.keys("y")
    assert table.controller.editor.text == "half a ydra"
    state = (table.controller.editor.text, table.controller.editor.cursor)
    table.controller.asking.look_at_proposal()
    table.draw()
    assert table.controller.focus == "dialog"
    table.controller.asking.look_at_proposal()
    assert table.controller.focus == "editor"
    table.controller.asking.look_at_proposal()
    table.key("enter")
    assert table.ran == [("theirs", None)]
    assert (table.controller.editor.text, table.controller.editor.cursor) == state


@pytest.mark.parametrize("word", ["yes please", "now then", "else", "jump", "1 more", "hello"])
def test_a_word_that_is_typed_before_it_begins_a_draft_and_chooses_nothing(
    table: Table, word: str
) -> None:
    table.propose("theirs")
    table.wait()
    table.keys(word)
    assert table.controller.editor.text == word
    table.now.time += 60
    table.draw()
    assert table.ran == []
    assert table.review.held


def test_a_letter_alone_chooses_after_a_pause(table: Table) -> None:
    table.propose("theirs")
    table.wait()
    table.key("text", "y")
    assert table.ran == []
    table.wait()
    assert table.ran == [("theirs", None)]


def test_escape_refuses_and_no_has_a_reason(table: Table) -> None:
    table.propose("one", "a")
    table.propose("two", "b")
    table.wait()
    assert "1 of 2" in table.window()
    table.key("escape")
    table.wait()
    assert "2 of 2" in table.window()
    table.key("text", "n")
    table.wait()
    assert "Why not?" in table.window()
    table.keys("too risky")
    table.key("enter")
    assert table.ran == []
    assert table.statuses[2:] == [("a", "refused", None), ("b", "refused", "too risky")]


def test_it_is_edited_in_a_place_of_its_own(table: Table) -> None:
    table.propose("delete\u200b everything")
    table.wait()
    table.key("text", "e")
    table.wait()
    assert table.controller.focus == "reason"
    assert table.controller.asking.reason.text == "delete everything"
    assert "Edit it: enter sends it" in table.window()
    assert table.review.cancel("p", ZED) == "edited"
    table.key("escape")
    assert table.controller.focus == "dialog"
    assert table.review.edited == ""
    table.key("text", "e")
    table.wait()
    table.keys(" but this")
    table.key("enter")
    assert table.ran == [("delete\u200b everything", "delete everything but this")]
    assert table.controller.editor.text == ""


def test_edited_into_nothing_it_is_not_sent_and_unchanged_it_is_as_it_was(table: Table) -> None:
    table.propose("do\u200b it")
    table.wait()
    table.key("text", "e")
    table.wait()
    table.controller.asking.reason.set("  ")
    table.key("enter")
    assert table.ran == []
    table.controller.asking.reason.set("do it")
    table.key("enter")
    assert table.ran == [("do\u200b it", None)]  # what hid in it was shown


def test_what_is_asked_for_leave_comes_first(table: Table) -> None:
    table.propose("theirs")
    table.wait()
    table.ask(request())
    assert "Run this command?" in table.window()
    table.wait()
    table.key("text", "y")
    table.wait()
    assert [answer[:2] for answer in table.session.answers] == [("r1", True)]
    assert table.ran == []
    table.key("enter")  # nobody's: what follows an answer takes no key at first
    assert table.ran == []
    table.wait()
    table.key("enter")
    assert table.ran == [("theirs", None)]


def test_a_request_that_comes_amid_the_editing_waits_for_it(table: Table) -> None:
    table.propose("theirs")
    table.wait()
    table.key("text", "e")
    table.wait()
    table.keys("!")
    table.ask(request())
    assert table.controller.focus == "reason"
    table.key("enter")
    assert table.ran == [("theirs", "theirs!")]
    table.draw()
    assert table.controller.asking.dialog.request is not None
    assert table.controller.asking.dialog.request.request_id == "r1"


def test_one_that_its_host_took_back_is_gone_from_the_screen(table: Table) -> None:
    table.propose("theirs")
    table.wait()
    assert table.review.cancel("p", ZED) == "cancelled"
    table.draw()
    assert "theirs" not in table.window()
    assert table.controller.asking.just_closed  # an Enter on its way sends nothing
    table.session.bus.publish(events.notice("still here"))


def test_all_of_a_long_one_is_seen_before_enter_takes_it(table: Table) -> None:
    table.propose("\n".join(f"line {number}" for number in range(40)))
    table.wait()
    table.window()
    table.key("enter")
    assert table.ran == []
    assert "Not seen to its end" in table.window()
    for _ in range(9):
        table.key("pagedown")
        table.window()
    table.key("enter")
    assert len(table.ran) == 1


def test_a_narrow_window_says_who_and_how_to_look(table: Table) -> None:
    table.keys("mine")
    table.propose("tidy up the whole repository, please")
    rows = [row for row in table.window(30).split("\n") if "zed" in row]
    assert len(rows) == 1
    assert len(rows[0]) <= 30
    assert "ctrl+g" in rows[0]


def test_commands_of_vis_are_never_taken_for_an_answer(table: Table) -> None:
    table.controller.editor.normal = True
    table.propose("theirs")
    table.wait()
    assert table.controller.focus == "editor"
    assert "ctrl+g looks at it" in table.window()
    table.controller.asking.look_at_proposal()
    table.key("text", "y")
    table.wait()
    assert table.ran == [("theirs", None)]


def test_a_long_one_is_laid_out_in_no_time_that_a_key_would_wait(table: Table) -> None:
    table.propose("\u0430\u0440\u0435 words \u200b" * 9_000)  # letters that look like others
    began = time.process_time()
    table.controller.before_drawing()
    assert time.process_time() - began < 1
    request = table.controller.asking.dialog.request
    assert request is not None
    assert any("cannot be seen" in warning for warning in request.warnings)
