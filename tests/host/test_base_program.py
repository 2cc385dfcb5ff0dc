"""The same host with a program that only has the base protocol: recorded sessions, played again."""

from __future__ import annotations

import json

import anyio
import pytest

from qwen_dual import host
from tests.host.support import REFERENCE, everything, on_both, replay, run, until


@on_both
def test_an_answer(backend: str) -> None:
    async def main() -> None:
        async with replay("text") as session:
            assert (session.greeting.agent, session.greeting.version) == ("qwen", "0.24.4")
            assert not session.greeting.told
            assert session.state == "idle"
            turn = await session.submit("something else")
            assert (turn.receipt.status, turn.receipt.derived) == ("accepted", True)
            result = await turn.result()
            assert (result.text, result.stop_reason) == ("word0 word1 word2 ", "end_turn")
            assert (result.is_error, result.derived) == (False, True)
            assert result.usage["output_tokens"] == 7
            assert session.state == "idle"
        assert session.exit == host.Exit(status=0)
        recorded = [json.loads(x) for x in (REFERENCE / "text.jsonl").read_text().splitlines()]
        seen = [event.raw async for event in session]
        recorded[1]["message"]["content"][0]["text"] = "something else"
        assert seen == recorded

    run(backend, main)


@on_both
@pytest.mark.parametrize("recording", ["tool_allowed", "shell_fails", "write_file"])
def test_a_tool_call_that_a_policy_allows(backend: str, recording: str) -> None:
    states = set()

    async def main() -> None:
        async def policy(request: host.Request) -> bool:
            states.add(session.state)
            return bool(request.tool_name)

        async with replay(recording, on_approval=policy) as session:
            events = [event async for event in session.stream("go")]
            assert events[-1].subtype == "message_stop"
            assert sum(event.type == "control_response" for event in events) == 1
            result = await session.run("again")
            assert result.text.startswith("done0 ")
        assert states == {"awaiting_approval"}

    run(backend, main)


@on_both
def test_what_waits_is_nobodys_to_change_and_no_turn_is_steered(backend: str) -> None:
    async def main() -> None:
        async with replay("text") as session:
            with pytest.raises(host.NotSupported):
                await session.submit("now", when_busy="steer")
            for change in (
                session.cancel_queued("1"),
                session.edit_queued("1", "x"),
                session.move_queued("1", 1),
            ):
                with pytest.raises(host.NotSupported):
                    await change
            assert session.queue == ()

    run(backend, main)


@on_both
def test_a_denial_ends_the_turn(backend: str) -> None:
    async def main() -> None:
        async with replay("tool_allowed") as session:
            turn = await session.submit("go")
            event = await until(session, lambda e: e.type == "control_request")
            request = session.pending[event["request_id"]]
            with pytest.raises(host.NotSupported):
                await session.approve(request, updated_input={"command": "ls"})
            verdict = await session.deny(request, "no")
            assert (verdict.allowed, verdict.in_time, verdict.resolved_by) == (False, True, None)
            assert (await turn.result()).stop_reason == "denied"
            assert session.state == "idle"
        async with replay("tool_allowed", on_approval=lambda request: host.Deny("no")) as session:
            events = [event async for event in session.stream("go")]
            assert events[-1].kind == "host/turn_ended"
            assert events[-1].data == {"stop_reason": "denied"}
            assert not session.pending

    run(backend, main)


@on_both
def test_a_failed_call_is_an_error(backend: str) -> None:
    async def main() -> None:
        async with replay("http_400") as session:
            result = await session.run("go")
            assert (result.is_error, result.stop_reason) == (True, "error")
            with pytest.raises(host.TurnFailed, match="400 mock says no"):
                result.raise_for_error()

    run(backend, main)


@on_both
def test_prompts_queue_and_each_gets_its_own_result(backend: str) -> None:
    async def main() -> None:
        async with replay("tool_allowed") as session:
            first = await session.submit("first")
            second = await session.submit("second")
            assert (second.receipt.status, second.receipt.position) == ("queued", 1)
            assert session.queued == 1
            with pytest.raises(host.CommandRejected):
                await session.submit("third", when_busy="reject")
            with pytest.raises(host.NotSupported):
                await second.cancel()
            for turn in (first, second):
                event = await until(session, lambda e: e.type == "control_request")
                await session.approve(event["request_id"])
                assert (await turn.result()).command_id == turn.id

    run(backend, main)


@on_both
def test_esc_interrupts_and_the_end_is_seen_from_the_silence(backend: str) -> None:
    async def main() -> None:
        async with replay("tool_allowed") as session:
            assert await session.interrupt() is False
            events: list[host.Event] = []

            async def read() -> None:
                events.extend((await everything(session.stream("go")))[0])

            async with anyio.create_task_group() as group:
                group.start_soon(read)
                await until(session, lambda e: e.type == "control_request")
                assert await session.interrupt() is True
            assert events[-1].kind == "host/turn_ended"
            assert session.state == "idle"

    run(backend, main)


@on_both
def test_a_slash_command_makes_no_turn(backend: str) -> None:
    async def main() -> None:
        async with replay("text") as session:
            turn = await session.submit("/help")
            assert turn.receipt.status == "unconfirmed"
            assert (await turn.result()).stop_reason == "unknown"
            with pytest.raises(host.NotSupported):
                await session.command("set_model", model="x")

    run(backend, main)


@on_both
def test_a_slash_command_of_which_nothing_is_told_ends_at_once(backend: str) -> None:
    async def main() -> None:
        async with replay("text") as session:
            assert [event async for event in session.stream("/stats")] == []
            result = await session.run("/stats")
            assert (result.stop_reason, result.derived) == ("unknown", True)

    run(backend, main)
