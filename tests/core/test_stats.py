"""What ``/stats`` counts, for the main agent and for those that work for it."""

from __future__ import annotations

import pytest

from qwen_dual.core.results import instant_result
from qwen_dual.core.stats import Stats
from qwen_dual.protocol import events
from tests.support.lanes import interleaved, of

USAGE = {"input_tokens": 100, "output_tokens": 10}


def use(name: str) -> events.Event:
    block = {"type": "tool_use", "id": "call_1", "name": name, "input": {}}
    return events.assistant("m", "fake", [block], stop_reason="tool_use", usage=USAGE)


def turn(calls: int) -> events.Event:
    body = instant_result("done", None, "end_turn")
    usage = {**body["usage"], **USAGE}
    return {**body, "num_turns": calls, "duration_api_ms": 1500, "usage": usage}


@pytest.mark.parametrize("seed", range(10))
def test_each_agent_is_counted_apart(seed: int) -> None:
    main = [use("task"), events.tool_result("call_1", "no", is_error=True), turn(2)]
    sub = [
        use("read_file"),
        events.tool_result("call_1", "no", is_error=True),
        use("edit"),
        turn(2),
    ]
    stats = Stats()
    for event in interleaved(seed, main, of("task_1", sub), of("task_2", sub[:1])):
        stats(event)
    assert (stats.main.turns, stats.main.api_ms) == (1, 1500)
    assert (stats.main.input_tokens, stats.main.output_tokens) == (100, 10)
    assert (dict(stats.main.tools), stats.main.failed) == ({"task": 1}, 1)
    one, other = stats.agents["task_1"], stats.agents["task_2"]
    assert (one.input_tokens, one.output_tokens, one.failed) == (200, 20, 1)
    assert (dict(one.tools), dict(other.tools)) == ({"read_file": 1, "edit": 1}, {"read_file": 1})
    rows = stats.describe({}).split("\n")
    assert rows[1] == "Tokens  100 in, 10 out"
    assert rows[3].startswith("Agents  2: 300 in, 30 out; tools: ")


def test_without_sub_agents_nothing_is_told_of_them() -> None:
    stats = Stats()
    stats(turn(1))
    assert [row.split()[0] for row in stats.describe({}).split("\n")] == [
        "Turns",
        "Tokens",
        "Tools",
        "Time",
    ]
