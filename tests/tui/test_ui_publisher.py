"""What hosts are told of what the person has open: each change once, and nothing while nothing changes."""

from __future__ import annotations

import pytest

from qwen_dual.core.commands.questions import Question
from qwen_dual.core.commands.slash import SlashCommand
from qwen_dual.frontends.tui.shared_draft import SharedEditor
from qwen_dual.frontends.tui.ui_publisher import UiPublisher
from qwen_dual.protocol import events
from tests.tui.dialogs.test_proposals import Table
from tests.tui.support import Desk, form_of, question_request, request


class Told:
    """What a teller told of a desk."""

    def __init__(self, desk: Desk) -> None:
        self.list: list[tuple[str, bool]] = []
        teller = UiPublisher(desk.controller, lambda *now: self.list.append(now))
        SharedEditor(desk.controller).follow(None, teller.look)
        desk.controller.on_look = teller.look
        desk.session.bus.subscribe(teller, name="What is open", streamed=False)

    def take(self) -> list[tuple[str, bool]]:
        told, self.list = self.list, []
        return told


@pytest.fixture
def desk() -> Table:
    return Table()


@pytest.fixture
def told(desk: Table) -> Told:
    return Told(desk)


def test_a_draft_that_begins_and_ends_is_told_and_its_keys_are_not(desk: Desk, told: Told) -> None:
    desk.type("hello")
    assert told.take() == [("editor", False)]
    desk.type(" there")
    desk.controller.editor.buffer.cursor_left()
    desk.draw()
    assert told.take() == []
    desk.controller.enter()
    assert told.take() == [("editor", True)]


def test_a_request_is_told_when_it_takes_keys_and_its_end_before_what_follows(
    desk: Desk, told: Told
) -> None:
    desk.ask(request())
    assert told.take() == [("approval", True)]
    desk.wait()
    desk.press("n")
    assert told.take() == []  # what to do instead belongs to it
    order: list[str] = []
    desk.session.bus.subscribe(
        lambda event: order.append(str(event.get("subtype") or event["type"])), name="order"
    )
    desk.session.bus.publish(events.control_response("r1", allowed=True, resolved_by="input"))
    assert told.take() == [("editor", True)]  # at once, and not with the next drawing


def test_while_somebody_types_a_request_takes_no_keys_and_is_not_told(
    desk: Desk, told: Told
) -> None:
    desk.type("h")
    desk.ask(request())
    assert told.take() == [("editor", False)]
    desk.wait()
    assert told.take() == [("approval", False)]


def test_questions_forms_and_lists_have_their_names(desk: Desk, told: Told) -> None:
    desk.ask(question_request())
    assert told.take() == [("question", True)]
    desk.session.bus.publish(events.control_response("q1", allowed=False, resolved_by="input"))
    desk.draw()
    told.take()
    desk.wait()
    desk.type("/approval-mode")
    desk.controller.enter()
    desk.draw()
    assert told.take()[-1] == ("picker:approval-mode", True)
    desk.controller.asking.form_key("escape")
    desk.session.slash.add(
        SlashCommand("key", "", lambda _, __: None, form=form_of(Question("The key", secret=True)))
    )
    desk.wait()
    desk.type("/key ")
    desk.controller.enter()
    desk.draw()
    assert told.take()[-1] == ("form:key", True)


def test_a_pager_in_front_of_it_and_a_proposal_are_told(desk: Table, told: Told) -> None:
    desk.controller.editor.away = "pager"
    desk.controller.editor.away = ""
    assert told.take() == [("pager", True), ("editor", True)]
    desk.propose("theirs")
    assert told.take() == []
    desk.wait()
    assert told.take() == [("proposal", True)]
    desk.keys("hello")
    assert told.take()[-1] == ("editor", False)  # it stands by
    desk.controller.asking.look_at_proposal()
    desk.draw()
    assert told.take() == [("proposal", False)]
