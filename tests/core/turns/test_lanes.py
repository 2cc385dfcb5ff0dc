"""Two agents in one session at once: every event of each is told in its own lane."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from qwen_dual.core.actor import INPUT, KEYBOARD
from qwen_dual.core.models.answer import Answer, RequestedCall
from qwen_dual.core.models.model import TextDelta
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.core.tools.tool_context import Services
from qwen_dual.core.turns.calls import CallRunner
from tests.support.fakes import FakeModel, FakeTool, Host

if TYPE_CHECKING:
    from qwen_dual.protocol.events import Event


def lane_of(event: Event) -> str:
    return event.get("parent_tool_use_id") or "main"


def runner(host: Host, agent: str | None, tool: FakeTool) -> CallRunner:
    session = host.session
    publish = host.bus.publish if agent is None else host.bus.lane(agent)
    return CallRunner(
        {tool.name: tool},
        session.policy,
        session.approvals,
        publish,
        Services(lambda: host.model, lambda event: None),
        agent=agent,
    )


def test_calls_of_two_agents_with_the_same_ids_ask_and_end_in_their_lanes() -> None:
    host = Host(FakeModel())
    mine, theirs = FakeTool(result="mine"), FakeTool(result="theirs")
    requested = [RequestedCall("call_1", mine.name, {"command": "make"}, '{"command":"make"}')]

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(runner(host, None, mine).run, requested)
            group.start_soon(runner(host, "task_1", theirs).run, requested)
            await host.request(2)
            asked = {lane_of(event): event["request_id"] for event in host.of("control_request")}
            approvals = host.session.approvals
            assert approvals.resolve(asked["task_1"], Decision(allowed=True, by=KEYBOARD))
            assert approvals.resolve(asked["main"], Decision(allowed=False, by=INPUT))

    anyio.run(main)
    told = [
        (lane_of(event), event["response"]["response"]) for event in host.of("control_response")
    ]
    assert told == [("task_1", {"allowed": True}), ("main", {"allowed": False})]
    results = {lane_of(event): event["message"]["content"][0] for event in host.of("user")}
    assert results["task_1"]["content"] == "theirs"
    assert results["main"]["is_error"]
    assert mine.runs == []
    progress = host.of("system", "tool_progress")
    assert progress
    assert {lane_of(event) for event in progress} == {"task_1"}


def test_two_answers_at_once_are_two_messages() -> None:
    host = Host(FakeModel())
    lanes = {"main": host.bus.publish, "task_1": host.bus.lane("task_1")}
    answers = {lane: Answer("fake", publish) for lane, publish in lanes.items()}
    for number in range(3):
        for lane, answer in answers.items():
            answer.feed(TextDelta(f"{lane}{number} "))
    for answer in answers.values():
        answer.finish()
    for lane in lanes:
        said = [event for event in host.of("assistant") if lane_of(event) == lane]
        [block] = said[0]["message"]["content"]
        assert block["text"] == f"{lane}0 {lane}1 {lane}2 "
        deltas = [
            event["event"]["delta"]["text"]
            for event in host.of("stream_event")
            if lane_of(event) == lane and event["event"]["type"] == "content_block_delta"
        ]
        assert "".join(deltas) == block["text"]
    assert [event["seq"] for event in host.events] == list(range(1, len(host.events) + 1))
