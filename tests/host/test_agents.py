"""Sub-agents as a host follows them: each apart, whatever the others say in between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual import host
from qwen_dual.host.agents import ENDED_KEPT, AgentToolCall
from qwen_dual.host.event import Event
from qwen_dual.host.tracker import Tracker
from qwen_dual.protocol import events
from tests.host.support import on_trio, real, run
from tests.support.lanes import interleaved, of

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.protocol.events import Event as Body

USAGE = {"input_tokens": 100, "output_tokens": 10, "cache_read_input_tokens": 50}


def say(text: str) -> list[Body]:
    """A message that streams."""
    block = {"type": "text", "text": text}
    return [
        events.message_start("m", "fake"),
        events.text_delta(0, text),
        events.assistant("m", "fake", [block], stop_reason=None, usage=USAGE),
        events.message_stop(),
    ]


def use(call_id: str, name: str, **given: Any) -> list[Body]:
    """A message with one call."""
    block = {"type": "tool_use", "id": call_id, "name": name, "input": given}
    return [
        events.message_start("m", "fake"),
        events.assistant("m", "fake", [block], stop_reason="tool_use", usage=USAGE),
        events.message_stop(),
    ]


def task(call_id: str, who: str, what: str = "", **more: Any) -> list[Body]:
    """Somebody sets ``who`` to work."""
    asked = {"subagent_type": who, "description": what, "prompt": f"{what}!", **more}
    return use(call_id, "agent", **asked)


def came_to(call_id: str, text: str, *, is_error: bool = False) -> Body:
    return events.tool_result(call_id, text, is_error=is_error)


def fed(*told: Body) -> Tracker:
    tracker = Tracker()
    for body in told:
        tracker.feed(Event(body))
    return tracker


WORK = [
    events.user_text("look!", "agent"),
    *use("call_1", "read_file", file_path="x.py"),
    came_to("call_1", "text of x"),
    *use("call_2", "grep_search", pattern="y"),
    *say("found"),
]


@pytest.mark.parametrize("seed", range(10))
def test_each_agent_is_followed_apart(seed: int) -> None:
    lanes = [of("task_1", WORK), of("task_2", say("the plan")), of("task_3", WORK[:2])]
    calls = [*task("task_1", "explore", "look"), *task("task_2", "plan"), *task("task_3", "")]
    tracker = fed(*calls, *interleaved(seed, *lanes))
    explore, plan, general = (tracker.agents.known[f"task_{n}"] for n in (1, 2, 3))
    assert (explore.name, explore.description, explore.prompt) == ("explore", "look", "look!")
    assert (plan.name, general.name) == ("plan", "general-purpose")
    assert (explore.text, plan.text, general.text) == ("found", "the plan", "")
    assert explore.calls == (
        AgentToolCall("call_1", "read_file", {"file_path": "x.py"}, "text of x", False),
        AgentToolCall("call_2", "grep_search", {"pattern": "y"}),
    )
    assert (explore.model_calls, plan.model_calls) == (3, 1)
    assert explore.usage == {key: 3 * count for key, count in USAGE.items()}
    assert {agent.state for agent in (explore, plan, general)} == {"working"}


def test_what_an_agent_came_to_is_its_end() -> None:
    tracker = fed(*task("task_1", "explore"), *task("task_2", "plan"))
    for body in [*of("task_1", say("a")), *of("task_2", say("b"))]:
        tracker.feed(Event(body))
    tracker.feed(Event(came_to("task_1", "it is in x.py")))
    tracker.feed(Event(came_to("task_2", "no model", is_error=True)))
    explore, plan = tracker.agents.known.values()
    assert (explore.state, explore.result) == ("completed", "it is in x.py")
    assert (plan.state, plan.result) == ("failed", "no model")
    assert explore.done and plan.done


def test_a_result_of_the_same_id_in_another_lane_ends_nobody() -> None:
    tracker = fed(*task("call_1", "explore"), *of("call_1", use("call_1", "read_file", path="x")))
    tracker.feed(Event({**came_to("call_1", "x"), "parent_tool_use_id": "call_1"}))
    [agent] = tracker.agents.known.values()
    assert agent.state == "working"
    assert agent.calls[0].result == "x"


def test_an_agent_of_an_agent_knows_its_caller() -> None:
    tracker = fed(
        *task("task_1", "explore"),
        *of("task_1", task("task_2", "plan")),
        *of("task_2", say("deep")),
        *of("task_1", [came_to("task_2", "planned")]),
    )
    outer, inner = tracker.agents.known["task_1"], tracker.agents.known["task_2"]
    assert (inner.caller, inner.state) == ("task_1", "completed")
    assert outer.state == "working"


def ask(agent: str | None) -> Body:
    inner = {"subtype": "can_use_tool", "tool_name": "edit", "tool_use_id": "call_1"}
    asked: Body = {"type": "control_request", "request_id": "r1", "request": inner}
    return asked if agent is None else {**asked, "parent_tool_use_id": agent}


def test_a_request_says_by_name_which_agent_asks() -> None:
    tracker = fed(*task("task_1", "explore"), ask("task_1"))
    agent = tracker.agents.known["task_1"]
    assert tracker.pending["r1"].agent == "explore"
    assert agent.state == "awaiting_approval"
    assert list(agent.pending) == ["r1"]
    answer = events.control_response("r1", allowed=True, resolved_by="keyboard")
    tracker.feed(Event(of("task_1", [answer])[0]))
    assert agent.state == "working"


def test_a_request_of_the_main_agent_has_no_agent() -> None:
    tracker = fed(ask(None))
    assert tracker.pending["r1"].agent is None
    assert tracker.agents.known == {}


def end_of_turn() -> Body:
    return {"type": "result", "subtype": "success", "is_error": False, "num_turns": 1}


def test_whoever_has_no_result_when_the_turn_ends_was_stopped() -> None:
    tracker = fed(*task("task_1", "explore"), *of("task_1", say("half")), end_of_turn())
    [agent] = tracker.agents.known.values()
    assert (agent.state, agent.text) == ("cancelled", "half")


def test_what_goes_on_in_the_background_ends_when_that_is_told() -> None:
    started = {"task_id": "explore-task_1", "tool_use_id": "task_1", "subagent_type": "explore"}
    tracker = fed(
        *task("task_1", "explore", "look"),
        events.system("task_started", {**started, "description": "look"}),
        came_to("task_1", "in the background"),
        *of("task_1", task("task_2", "plan")),
        *of("task_2", say("deep")),
        end_of_turn(),
        *of("task_1", say("late")),
    )
    outer, inner = tracker.agents.known["task_1"], tracker.agents.known["task_2"]
    assert (outer.state, outer.background, outer.text) == ("working", True, "late")
    assert inner.state == "working"
    tracker.feed(Event(events.system("task_notification", {**started, "status": "completed"})))
    assert outer.state == "completed"


def test_agents_that_ended_are_kept_for_a_while_and_no_longer() -> None:
    tracker = Tracker()
    for number in range(ENDED_KEPT + 50):
        name = f"task_{number}"
        for body in [*task(name, "explore"), *of(name, say("x")), came_to(name, "y")]:
            tracker.feed(Event(body))
    assert len(tracker.agents.known) <= ENDED_KEPT + 1
    assert f"task_{ENDED_KEPT + 49}" in tracker.agents.known


@pytest.mark.parametrize(
    "odd",
    [
        {"type": "assistant"},
        {"type": "assistant", "message": {"content": "text"}},
        {"type": "assistant", "message": {"content": [{"type": "tool_use", "input": 3}, 5]}},
        {"type": "assistant", "message": {"usage": {"input_tokens": "many"}, "content": []}},
        {"type": "user", "message": {"content": [{"type": "tool_result"}]}},
        {"type": "user", "message": {"content": [{"type": "tool_result", "tool_use_id": 7}]}},
        {"type": "stream_event"},
        {"type": "system", "subtype": "task_notification", "data": {"tool_use_id": "x"}},
        {"type": "system", "subtype": "task_started", "data": {"tool_use_id": "x"}},
        {"type": "result"},
    ],
)
@pytest.mark.parametrize("lane", [None, "task_1"])
def test_what_other_programs_send_breaks_nothing(odd: Body, lane: str | None) -> None:
    tracker = fed(*task("task_1", "explore"), {**odd, "parent_tool_use_id": lane})
    for body in of("task_1", say("on")):
        tracker.feed(Event(body))
    assert tracker.agents.known["task_1"].text == "on"


SCRIPT = """\
{"blocks": [{"type": "tool_use", "name": "agent", "input": {"description": "make it", "prompt": "Make it."}}]}
{"blocks": [{"type": "tool_use", "name": "run_shell_command", "input": {"command": "touch made"}}]}
{"blocks": [{"type": "text", "text": "It is made."}], "usage": {"output_tokens": 7}}
{"blocks": [{"type": "text", "text": "Done."}]}
"""


@on_trio
def test_an_agent_of_the_real_program_is_followed_and_asks_by_its_name(
    tmp_path: Path, backend: str
) -> None:
    script = tmp_path / "script.jsonl"
    script.write_text(SCRIPT)
    asked: list[str | None] = []

    def policy(request: host.Request) -> host.Verdict:
        asked.append(request.agent)
        return host.Allow()

    async def main() -> None:
        async with real(tmp_path, "--offline-script", str(script), on_approval=policy) as session:
            with session.events() as events:
                turn = await session.submit("go")
                async for event in events:
                    if event.parent_tool_use_id is not None:
                        break
            [agent] = session.agents.values()
            told = [event async for event in session.agent_events(agent)]
            assert await agent.wait() is agent
            assert {event.parent_tool_use_id for event in told} == {agent.id}
            assert [event.text for event in told if event.type == "assistant"][-1] == "It is made."
            assert (agent.name, agent.description) == ("general-purpose", "make it")
            assert (agent.state, agent.result) == ("completed", "It is made.")
            [call] = agent.calls
            assert (call.name, call.is_error) == ("run_shell_command", False)
            assert agent.usage["output_tokens"] >= 7
            assert [event async for event in session.agent_events(agent)] == []
            result = await turn.result()
            assert result.text == "Done."
            assert result.usage["output_tokens"] >= agent.usage["output_tokens"]

    run(backend, main)
    assert asked == ["general-purpose"]
    assert (tmp_path / "work/made").exists()


ONE_OF_TWO = """\
{"blocks": [{"type": "tool_use", "id": "c1", "name": "agent", "input": {"description": "one", "prompt": "Make it."}}, {"type": "tool_use", "id": "c2", "name": "agent", "input": {"description": "two", "prompt": "Say it."}}]}
{"blocks": [{"type": "tool_use", "name": "run_shell_command", "input": {"command": "touch made"}}], "when": "Make it."}
{"blocks": [{"type": "text", "text": "Said."}], "when": "Say it."}
{"blocks": [{"type": "text", "text": "Done."}]}
"""


@on_trio
def test_one_agent_is_stopped_and_the_turn_goes_on(tmp_path: Path, backend: str) -> None:
    script = tmp_path / "script.jsonl"
    script.write_text(ONE_OF_TWO)

    async def main() -> None:
        async with real(tmp_path, "--offline-script", str(script)) as session:
            with session.events() as events:
                turn = await session.submit("go")
                async for event in events:
                    if event.type == "control_request":
                        break
            [waiting] = [agent for agent in session.agents.values() if agent.pending]
            assert await session.stop_agent(waiting)
            assert (await waiting.wait()).state != "completed"
            assert not await session.stop_agent(waiting)
            assert (await turn.result()).text == "Done."
            assert min(agent.result for agent in session.agents.values()) == "Said."

    run(backend, main)
    assert not (tmp_path / "work/made").exists()


def test_agents_of_turns_that_were_taken_back_are_known_no_more_until_they_are_back() -> None:
    def prompt(uuid: str) -> Body:
        return {**events.user_text("do it", "keyboard"), "uuid": uuid}

    def rewound(to: str, *, undo: bool = False) -> Event:
        data = {"to": to, "conversation": True, "undo": undo}
        return Event(events.system("rewound", data))

    tracker = fed(
        prompt("p1"),
        *task("t1", "explore"),
        *of("t1", say("one")),
        came_to("t1", "found"),
        prompt("p2"),
        *task("t2", "plan", run_in_background=True),
        *of("t2", say("two")),
    )
    tracker.feed(rewound("p2"))
    assert list(tracker.agents.known) == ["t1"]
    for late in of("t2", say("late")):
        tracker.feed(Event(late))
    assert list(tracker.agents.known) == ["t1"]
    tracker.feed(rewound("r1", undo=True))
    assert list(tracker.agents.known) == ["t1", "t2"]
    assert tracker.agents.known["t2"].text == "late"
    tracker.feed(rewound("p1"))
    assert list(tracker.agents.known) == []
    again = [prompt("p3"), *task("t1", "plan"), *of("t1", say("anew"))]
    for body in again:
        tracker.feed(Event(body))
    assert [(one.name, one.text) for one in tracker.agents.known.values()] == [("plan", "anew")]
