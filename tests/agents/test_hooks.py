"""Hooks hear of agents: as they begin, of what they do, and before they end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwen_dual.core.models.model import TextDelta
from tests.agents.kit import Playing, play, task
from tests.hooks.kit import group, says
from tests.support.fakes import call

if TYPE_CHECKING:
    from tests.agents.kit import Scripts


def told(one: Playing, event: str) -> list[dict[str, Any]]:
    lines = (one.place / "work" / "seen.jsonl").read_text().splitlines()
    return [found for line in lines if (found := json.loads(line))["hook_event_name"] == event]


def test_they_hear_of_its_begin_its_calls_and_its_end(tmp_path: Path) -> None:
    hooks = {
        "SubagentStart": [group(says(), matcher="explore")],
        "PreToolUse": [group(says())],
        "SubagentStop": [group(says())],
        "Stop": [group(says())],
    }
    scripts: Scripts = {
        "main": [[*task("alpha", "c1", "explore"), *task("beta", "c2")]],
        "alpha": [call("list_directory", "x1", path=".")],
    }

    async def test(one: Playing) -> None:
        await one.ask()
        [start] = told(one, "SubagentStart")
        assert (start["agent_id"], start["agent_type"]) == ("c1", "explore")
        calls = {one["tool_use_id"]: one for one in told(one, "PreToolUse")}
        assert calls["x1"]["agent_id"] == "c1" and calls["x1"]["agent_type"] == "explore"
        assert "agent_id" not in calls["c1"] and calls["c1"]["tool_name"] == "agent"
        ends = {one["agent_id"]: one for one in told(one, "SubagentStop")}
        assert ends["c1"]["last_assistant_message"] == "alpha done"
        assert ends["c2"]["stop_hook_active"] is False
        path = Path(ends["c1"]["agent_transcript_path"])
        assert path.name == "agent-explore-c1.jsonl" and "alpha done" in path.read_text()
        assert len(told(one, "Stop")) == 1
        lanes = {
            e["data"]["hook_event"]: e["parent_tool_use_id"] for e in one.log.of("hook_started")
        }
        assert lanes["SubagentStart"] == "c1" and lanes["Stop"] is None

    play(tmp_path, scripts, test, settings={"hooks": hooks}, chat_recording=True)


def test_a_start_adds_to_what_it_is_told_and_an_end_is_put_off(tmp_path: Path) -> None:
    context = {"hookSpecificOutput": {"hookEventName": "SubagentStart", "additionalContext": "x=1"}}
    once = 'if [ -e once ]; then exit 0; fi; touch once; echo "count again" >&2; exit 2'
    hooks = {
        "SubagentStart": [group(says(json.dumps(context)))],
        "SubagentStop": [group({"type": "command", "command": once})],
    }
    scripts: Scripts = {
        "main": [task("alpha", "c1")],
        "alpha": [[TextDelta("3")], [TextDelta("4")]],
    }

    async def test(one: Playing) -> None:
        await one.ask()
        first, second = one.model.of("alpha")
        assert "x=1" in str(first.messages) and "count again" in str(second.messages[-1])
        assert one.result_of("c1")["content"] == "4"

    play(tmp_path, scripts, test, settings={"hooks": hooks})


def test_a_start_that_is_forbidden_is_an_error_and_so_is_a_call(tmp_path: Path) -> None:
    hooks = {
        "SubagentStart": [
            group(says('{"continue": false, "stopReason": "not now"}'), matcher="plan")
        ],
        "PreToolUse": [group(says("no agents", exit=2), matcher="agent")],
    }
    scripts: Scripts = {"main": [call("task", "c1", description="d", prompt="alpha")]}

    async def test(one: Playing) -> None:
        await one.ask()
        assert "no agents" in one.result_of("c1")["content"]
        assert one.model.of("alpha") == []

    play(tmp_path, scripts, test, settings={"hooks": hooks})
    scripts = {"main": [task("alpha", "c1", "plan")]}

    async def forbidden(one: Playing) -> None:
        await one.ask()
        told = one.result_of("c1")
        assert told["is_error"] and "not now" in told["content"]
        assert one.model.of("alpha") == []

    del hooks["PreToolUse"]
    play(tmp_path, scripts, forbidden, settings={"hooks": hooks})
