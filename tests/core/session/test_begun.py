"""A prompt that was told to have begun before there was a session to run it."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from qwen_dual.core.actor import INPUT
from qwen_dual.core.commands.dispatch import Dispatcher
from qwen_dual.core.models.model import TextDelta
from qwen_dual.core.session.begun import Begun
from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.commands import parse_command
from tests.support.fakes import FakeModel, Host


def send(dispatcher: Dispatcher, **command: Any) -> None:
    dispatcher.command(parse_command(encode(command).strip()))


def begin(host: Host) -> Dispatcher:
    """Its dispatcher, which is given the command that has begun first."""
    begun = Begun(host.bus, "hello", INPUT, "a")
    host.session.begin(begun.prompt, begun.turn_id)
    dispatcher = Dispatcher(host.session, INPUT, begun=True)
    send(dispatcher, type="submit", text="hello", id="a")
    return dispatcher


def told(host: Host) -> list[str]:
    return [event.get("subtype") or event["type"] for event in host.events[:4]]


def test_it_is_told_once_and_its_turn_goes_on_where_that_left_off() -> None:
    host = Host(FakeModel([TextDelta("hi")]))
    dispatcher = begin(host)
    assert told(host) == ["command_receipt", "user", "state"]
    send(dispatcher, type="submit", text="more", id="b", when_busy="reject")
    send(dispatcher, type="submit", text="hello", id="a")
    receipts = [event["data"] for event in host.of("system", "command_receipt")]
    assert [(item["id"], item["status"]) for item in receipts] == [
        ("a", "accepted"),
        ("b", "rejected"),
        ("a", "duplicate"),
    ]

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(host.session.run)
            result = await host.result()
            host.session.request_close()
        states = [event["data"] for event in host.of("system", "state")]
        assert [state["state"] for state in states] == ["thinking", "responding", "idle"]
        assert result["turn_id"] == states[0]["turn_id"] == states[1]["turn_id"]
        assert (result["command_id"], result["result"]) == ("a", "hi")
        assert len(host.of("user")) == 1

    anyio.run(main)


@pytest.mark.parametrize("how", ["a command", "the end"])
def test_it_can_be_interrupted_before_the_session_runs(how: str) -> None:
    host = Host(FakeModel([TextDelta("hi")]))
    dispatcher = begin(host)
    if how == "a command":
        send(dispatcher, type="interrupt", id="b")
        assert host.of("system", "command_receipt")[-1]["data"]["status"] == "accepted"
    else:
        host.session.request_close()

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(host.session.run)
            result = await host.result()
            host.session.request_close()
        assert (result["stop_reason"], result["command_id"]) == ("interrupted", "a")

    anyio.run(main)


def test_where_no_session_comes_of_the_start_it_ends_with_a_result() -> None:
    host = Host(FakeModel())
    begun = Begun(host.bus, "hello", INPUT, "a")
    begun.interrupt()
    assert told(host) == ["command_receipt", "user", "state", "state"]
    result = host.events[-1]
    assert (result["stop_reason"], result["command_id"]) == ("interrupted", "a")
    assert result["turn_id"] == begun.turn_id
