"""What ``/stats`` counts, for the main agent and for those that work for it."""

from __future__ import annotations

import pytest

from qwen_dual.core.session.stats import Stats
from qwen_dual.core.turns.results import instant_result
from qwen_dual.protocol import events
from tests.support.lanes import interleaved, of

USAGE = {"input_tokens": 100, "output_tokens": 10}


def use(name: str, call_id: str = "call_1", **given: str) -> events.Event:
    block = {"type": "tool_use", "id": call_id, "name": name, "input": given}
    return events.assistant("m", "fake", [block], stop_reason="tool_use", usage=USAGE)


def turn(calls: int) -> events.Event:
    body = instant_result("done", None, "end_turn")
    usage = {**body["usage"], **USAGE}
    return {**body, "num_turns": calls, "duration_api_ms": 1500, "usage": usage}


@pytest.mark.parametrize("seed", range(10))
def test_each_agent_is_counted_apart(seed: int) -> None:
    begun = [
        use("agent", "task_1", subagent_type="explore", prompt="a"),
        use("agent", "task_2", subagent_type="plan", prompt="b"),
        use("agent", "task_3", subagent_type="explore", prompt="c"),
    ]
    main = [use("edit"), events.tool_result("call_1", "no", is_error=True)]
    sub = [
        use("read_file"),
        events.tool_result("call_1", "no", is_error=True),
        use("edit"),
        turn(2),
    ]
    lanes = [of("task_1", sub), of("task_2", sub[:1]), of("task_3", sub)]
    ended = [events.tool_result(f"task_{n}", "x", is_error=False) for n in (1, 2, 3)]
    stats = Stats()
    for event in [*begun, *interleaved(seed, main, *lanes), *ended, turn(2)]:
        stats(event)
    assert (stats.main.turns, stats.main.api_ms) == (1, 1500)
    assert (stats.main.input_tokens, stats.main.output_tokens) == (100, 10)
    assert (dict(stats.main.tools), stats.main.failed) == ({"agent": 3, "edit": 1}, 1)
    explore, plan = stats.agents["explore"], stats.agents["plan"]
    assert (explore.agents, explore.input_tokens, explore.output_tokens) == (2, 400, 40)
    assert (explore.failed, dict(explore.tools)) == (2, {"read_file": 2, "edit": 2})
    assert (plan.agents, dict(plan.tools)) == (1, {"read_file": 1})
    rows = stats.describe({}).split("\n")
    assert rows[1] == "Tokens  100 in, 10 out"
    told = {row[8:] for row in rows[3:5]}
    assert told == {
        "explore ×2: 400 in, 40 out; tools: Read file 2, Edit 2; failed 2",
        "plan: 100 in, 10 out; tools: Read file 1",
    }
    assert [row[:8].strip() for row in rows] == ["Turns", "Tokens", "Tools", "Agents", "", "Time"]


def test_without_sub_agents_nothing_is_told_of_them() -> None:
    stats = Stats()
    stats(turn(1))
    assert [row.split()[0] for row in stats.describe({}).split("\n")] == [
        "Turns",
        "Tokens",
        "Tools",
        "Time",
    ]


def test_calls_outside_of_the_conversation_are_counted_apart() -> None:
    stats = Stats()
    stats(turn(1))
    for event in (
        events.side_call("mcp", "fake", USAGE, server="theirs"),
        events.side_call("tool", "fake", USAGE),
    ):
        stats(event)
    assert stats.main.input_tokens == 100
    rows = stats.describe({}).split("\n")
    assert rows[3] == "Aside   2: 200 in, 20 out, for tools, hooks and servers"
