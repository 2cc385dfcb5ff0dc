"""A session of another process: what its events tell is seen, and what is done goes out as commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.core.tools.tool import display_of
from qwen_dual.protocol import HOST_RIGHTS
from qwen_dual.runtime.attached import AttachedSession, Link
from qwen_dual.runtime.attached_names import names_of_tools

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from qwen_dual.protocol.events import Event


class Sent(Link):
    """Keeps what is sent; what becomes of it the test says."""

    def __init__(self) -> None:
        self.commands: list[dict[str, Any]] = []
        self.taken: list[Callable[[str, str], object]] = []
        self.refused: list[Callable[[str, str], object] | None] = []
        self.left = False

    def send(
        self,
        kind: str,
        fields: Mapping[str, Any],
        taken: Callable[[str, str], object] = lambda command_id, status: None,
        refused: Callable[[str, str], object] | None = None,
    ) -> None:
        self.commands.append({"type": kind, **fields})
        self.taken.append(taken)
        self.refused.append(refused)

    def leave(self) -> None:
        self.left = True


class Attached:
    """A session, what it was told to send, and what the person was told."""

    def __init__(self, rights: Collection[str] = HOST_RIGHTS) -> None:
        self.link = Sent()
        start = {
            "session_id": "s",
            "cwd": "/",
            "model": "m",
            "approval_mode": "plan",
            "supported_commands": ["submit", "edit_queued"],
        }
        self.session = AttachedSession(start, names_of_tools("/", {}), self.link, rights)
        self.seen: list[Event] = []
        self.session.subscribe(self.seen.append)
        self.back: list[str] = []
        self.session.take_back(lambda prompts: self.back.extend(one.typed for one in prompts))

    def tell(self, subtype: str, **data: Any) -> None:
        self.session.feed(
            {"type": "system", "subtype": subtype, "parent_tool_use_id": None, "data": data}
        )

    @property
    def notices(self) -> list[str]:
        return [event["data"]["text"] for event in self.seen if event.get("subtype") == "notice"]


def test_what_events_tell_is_what_is_seen() -> None:
    there = Attached()
    session = there.session
    assert (session.model_name, session.approval_mode, session.busy) == ("m", "plan", False)
    there.tell("state", state="running_tool", queued=2)
    assert (session.state, session.queued, session.busy) == ("running_tool", 2, True)
    there.tell("mode_changed", **{"from": "plan", "to": "yolo", "origin": "keyboard"})
    there.tell("model_changed", **{"from": "m", "to": "n", "origin": "keyboard"})
    there.tell("usage", context_window=4096)
    assert (session.approval_mode, session.model_name) == ("yolo", "n")
    assert session.model.context_window == 4096
    there.tell("session_changed", **{"from": "s", "to": "t", "origin": "keyboard"})
    assert session.session_id == "t"
    there.tell("state", state="idle", queued=0)
    session.feed({"type": "result", "stop_reason": "error"})
    assert session.retryable
    assert session.retry(KEYBOARD) and there.link.commands == [{"type": "submit", "text": "/retry"}]


def test_tools_are_called_as_they_are_there() -> None:
    tools = Attached().session.tools
    assert display_of(tools, "run_shell_command").word == "Shell"
    assert display_of(tools, "agent").word == "Agent"


def test_an_event_of_another_version_does_no_harm() -> None:
    there = Attached()
    there.session.subscribe(lambda event: event["gone"])
    there.tell("state", mood="good")
    there.tell("hosts_and_guests")
    there.session.feed({"type": "poem"})
    assert len(there.seen) == 3


def test_prompts_and_answers_go_out_as_commands() -> None:
    there = Attached()
    there.session.submit("hello", KEYBOARD)
    there.session.submit("", KEYBOARD, content=[{"type": "text", "text": "x"}])
    there.session.answer("r1", Decision(True, KEYBOARD, remember="session"))
    there.session.answer("r1", Decision(True, KEYBOARD))  # a key too many
    there.tell("state", state="thinking", queued=0)
    there.session.answer("r2", Decision(False, KEYBOARD, message="no", stop=True))
    assert there.link.commands == [
        {"type": "submit", "text": "hello"},
        {"type": "submit", "content": [{"type": "text", "text": "x"}]},
        {
            "type": "confirmation_response",
            "request_id": "r1",
            "allowed": True,
            "remember": "session",
        },
        {"type": "confirmation_response", "request_id": "r2", "allowed": False, "message": "no"},
        {"type": "interrupt", "queue": "keep"},
    ]


def test_a_prompt_joins_the_turn_that_runs_there() -> None:
    there = Attached()
    there.session.submit("first", KEYBOARD, steers=True)
    there.tell("state", state="thinking", queued=0)
    assert there.session.in_turn
    there.session.submit("second", KEYBOARD, steers=True)
    there.session.submit("third", KEYBOARD)
    assert [command.get("when_busy") for command in there.link.commands] == [None, "steer", None]


def test_an_answer_that_was_not_taken_can_be_given_again_and_is_told() -> None:
    there = Attached()
    there.session.answer("r", Decision(True, KEYBOARD))
    refused = there.link.refused[0]
    assert refused is not None
    refused("no_right", "it takes the right to approve")
    assert there.notices == ["The answer was not taken: it takes the right to approve"]
    assert there.session.answer("r", Decision(True, KEYBOARD))
    there.session.feed({"type": "control_response", "response": {"request_id": "r"}})
    refused("unknown_request", "somebody else was quicker")
    assert len(there.notices) == 1  # that is told by its own event


def test_a_prompt_that_waited_and_will_not_run_comes_back() -> None:
    there = Attached()
    there.session.submit("later", KEYBOARD)
    there.link.taken[0]("c1", "held")
    assert there.notices == ["It waits for a look at the session's own terminal."]
    there.tell("command_receipt", id="other", status="rejected", code="interrupted")
    assert there.back == []
    there.tell("command_receipt", id="c1", status="rejected", code="interrupted")
    assert there.back == ["later"]


def test_an_interrupt_is_sent_while_something_runs() -> None:
    there = Attached()
    assert not there.session.interrupt(KEYBOARD, "return")
    there.tell("state", state="responding", queued=0)
    assert there.session.interrupt(KEYBOARD, "return")
    there.session.request_close()
    assert there.link.left
    assert there.link.commands == [{"type": "interrupt", "queue": "return"}]


def test_the_next_mode_is_the_first_that_can_be_had_there() -> None:
    there = Attached()
    there.session.next_approval_mode(KEYBOARD)
    for _ in range(5):
        refused = there.link.refused[-1]
        assert refused is not None
        refused("unknown_value", "not here")
    wanted = [command["mode"] for command in there.link.commands]
    assert wanted == ["default", "auto-edit", "auto", "yolo"]


def test_leaving_and_ending_are_two_things() -> None:
    there = Attached()
    quits = there.session.slash.named("quit")
    assert quits is not None and quits.form is not None
    question = quits.form([])
    assert question is not None
    assert [choice.value for choice in question.choices] == ["detach", "end"]
    there.session.answer_form("quit", ["end"], KEYBOARD)
    there.session.answer_form("quit", ["detach"], KEYBOARD)
    assert there.link.commands == [{"type": "submit", "text": "/quit"}]
    assert there.link.left
    again = Attached()
    again.session.submit("/detach", KEYBOARD)
    assert again.link.left and not again.link.commands


def test_what_cannot_be_done_from_here_is_said() -> None:
    there = Attached()
    there.session.run_shell("ls", KEYBOARD)
    assert there.session.detach_commands() == 0
    assert there.back == ["!ls"]
    assert len(there.notices) == 2 and not there.link.commands


@pytest.mark.parametrize(
    "act",
    [
        lambda session: session.submit("hello", KEYBOARD),
        lambda session: session.answer("r", Decision(True, KEYBOARD)),
        lambda session: session.interrupt(KEYBOARD),
        lambda session: session.next_approval_mode(KEYBOARD),
        lambda session: session.set_model("n", KEYBOARD),
    ],
)
def test_a_terminal_that_only_watches_says_so_and_sends_nothing(
    act: Callable[[AttachedSession], object],
) -> None:
    there = Attached(["observe"])
    there.tell("state", state="thinking", queued=0)
    act(there.session)
    assert not there.link.commands
    assert [told.startswith("This terminal only watches") for told in there.notices] == [True]


def test_a_terminal_that_may_do_more_than_watch_is_told_where_a_right_comes_from() -> None:
    there = Attached(["observe", "approve"])
    there.session.submit("hello", KEYBOARD)
    assert not there.link.commands
    assert there.notices == [
        "This terminal has no right to submit: dualOutput.rights in your settings gives it."
    ]
