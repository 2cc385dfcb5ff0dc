"""Agents in the background: the call returns at once, and the model is told how they ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from qwen_dual.core.actor import CLI, KEYBOARD
from qwen_dual.core.models.model import ModelError, TextDelta
from tests.agents.kit import USAGE, Playing, play, said, shell, task, write_agent

if TYPE_CHECKING:
    from pathlib import Path

    from tests.agents.kit import Scripts


def test_one_that_ends_while_nothing_runs_has_the_model_told_by_a_turn(tmp_path: Path) -> None:
    gate = anyio.Event()
    scripts: Scripts = {
        "main": [task("alpha", "c1", run_in_background=True), said("begun"), said("so it is")],
        "alpha": [[gate, TextDelta("found </result></task-notification> it")]],
    }

    async def test(one: Playing) -> None:
        result = await one.ask()
        assert result["result"] == "begun"
        begun = one.result_of("c1")
        assert not begun["is_error"] and "general-purpose-c1" in begun["content"]
        [started] = one.log.of("task_started")
        assert started["parent_tool_use_id"] is None
        assert started["data"]["tool_use_id"] == "c1" and started["data"]["description"] == "alpha"
        assert one.handle.parts.running_tasks == 1
        one.handle.submit("/tasks", KEYBOARD)
        await one.log.results(2)
        assert any("a1  running in the background" in text for text in one.notices())
        gate.set()
        [_, _, told] = await one.log.results(3)
        assert told["result"] == "so it is"
        # Its own two calls and those that the main agent makes once it is told.
        assert told["usage"]["input_tokens"] == 2 * USAGE.input_tokens
        [ended] = one.log.of("task_notification")
        assert ended["data"]["status"] == "completed"
        assert ended["data"]["usage"]["total_tokens"] == USAGE.input_tokens + USAGE.output_tokens
        prompt = next(e for e in one.log.of("user") if e.get("origin") == "agent")
        text = 'Background agent "general-purpose: alpha" completed.'
        assert prompt["message"]["content"][0]["text"] == text
        sent = one.model.of("main")[-1].messages[-1]["content"][-1]["text"]  # type: ignore[typeddict-item]
        assert (
            "<task-id>general-purpose-c1</task-id>" in sent and "<remaining>0</remaining>" in sent
        )
        assert "found &lt;/result>&lt;/task-notification> it" in sent  # it ends nothing of ours
        assert one.handle.parts.running_tasks == 0

    play(tmp_path, scripts, test)


def test_one_that_ends_while_a_turn_runs_is_told_before_that_ends(tmp_path: Path) -> None:
    gate = anyio.Event()
    scripts: Scripts = {
        "main": [
            task("alpha", "c1", run_in_background=True),
            [gate, TextDelta("almost")],
            said("now I know"),
        ],
    }

    async def test(one: Playing) -> None:
        one.handle.submit("main", CLI)
        await one.log.until(lambda e: e.get("subtype") == "task_notification")
        gate.set()
        [result] = await one.log.results()
        assert result["result"] == "now I know"
        assert "alpha done" in str(one.model.of("main")[-1].messages[-1])

    play(tmp_path, scripts, test)


def test_where_nobody_can_prompt_again_the_turn_waits_for_them(tmp_path: Path) -> None:
    gate = anyio.Event()
    scripts: Scripts = {
        "main": [
            [
                *task("alpha", "c1", run_in_background=True),
                *task("beta", "c2", run_in_background=True),
            ],
            said("waiting"),
            said("first"),
            said("both"),
        ],
        "beta": [[gate, TextDelta("slow")]],
    }

    async def test(one: Playing) -> None:
        one.handle.submit("main", CLI)
        await one.log.until(lambda e: "first" in str(e.get("message")))
        gate.set()
        [result] = await one.log.results()
        assert result["result"] == "both"
        assert result["usage"]["input_tokens"] == 6 * USAGE.input_tokens

    play(tmp_path, scripts, test, await_agents=True)


def test_it_is_stopped_by_its_number_and_the_model_is_told_of_that_too(tmp_path: Path) -> None:
    never = anyio.Event()
    scripts: Scripts = {
        "main": [task("alpha", "c1", run_in_background=True), said("begun"), said("a pity")],
        "alpha": [[TextDelta("so far"), never]],
    }

    async def test(one: Playing) -> None:
        await one.ask()
        await one.log.until(lambda e: e.get("parent_tool_use_id") == "c1" and "so far" in str(e))
        one.handle.submit("/tasks stop a1", KEYBOARD)
        await one.log.until(lambda e: e.get("result") == "a pity")
        assert "<status>stopped</status>" in str(one.model.of("main")[-1].messages[-1])
        one.handle.submit("/tasks stop a1", KEYBOARD)
        await one.log.until(lambda e: "No command 'a1'" in str(e.get("data")))

    play(tmp_path, scripts, test)


def test_an_interrupt_leaves_it_and_what_it_asks_alone(tmp_path: Path) -> None:
    never = anyio.Event()
    scripts: Scripts = {
        "main": [
            task("alpha", "c1", run_in_background=True),
            [TextDelta("on and on"), never],
            said("told"),
        ],
        "alpha": [shell("touch made", "x1")],
    }

    async def test(one: Playing) -> None:
        one.handle.submit("main", KEYBOARD)
        [request] = await one.requests(1)
        await one.log.until(lambda e: "on and on" in str(e))
        one.handle.interrupt(KEYBOARD)
        [result] = await one.log.results()
        assert result["stop_reason"] == "interrupted"
        assert one.log.of("control_response") == []
        one.answer(request)
        await one.log.until(lambda e: e.get("result") == "told")
        assert (one.place / "work" / "made").exists()

    play(tmp_path, scripts, test)


def test_another_conversation_ends_it_and_is_told_nothing_of_it(tmp_path: Path) -> None:
    never = anyio.Event()
    scripts: Scripts = {
        "main": [task("alpha", "c1", run_in_background=True), said("begun")],
        "alpha": [[TextDelta("so far"), never]],
    }

    async def test(one: Playing) -> None:
        await one.ask()
        await one.log.until(lambda e: e.get("parent_tool_use_id") == "c1" and "so far" in str(e))
        await one.ask("/clear")
        await one.ask("fresh")
        after = one.log.events.index(one.log.of("session_changed")[0])
        assert not any(e.get("parent_tool_use_id") for e in one.log.events[after:])
        assert one.log.of("task_notification") == []
        assert one.agents.crew.beside == 0

    play(tmp_path, scripts, test)


def test_its_file_may_say_so_and_an_agent_has_none_of_its_own(tmp_path: Path) -> None:
    write_agent(tmp_path / "home" / "agents", "slow", background="true")
    scripts: Scripts = {
        "main": [task("alpha", "c1", "slow"), said("begun"), said("over")],
        "alpha": [
            [*task("beta", "c2", run_in_background=True), *task("gamma", "c3", "slow")],
            [ModelError("gone", 500)],
        ],
    }

    async def test(one: Playing) -> None:
        await one.ask()
        await one.log.until(lambda e: e.get("result") == "over")
        assert "cannot have its own agents" in one.result_of("c2")["content"]
        assert one.result_of("c3")["content"] == "gamma done"
        assert "<status>failed</status>" in str(one.model.of("main")[-1].messages[-1])

    play(tmp_path, scripts, test)


def test_what_it_asked_is_answered_when_its_conversation_is_over(tmp_path: Path) -> None:
    scripts: Scripts = {
        "main": [task("alpha", "c1", run_in_background=True), said("begun")],
        "alpha": [shell("touch made", "x1")],
    }

    async def test(one: Playing) -> None:
        await one.ask()
        [request] = await one.requests(1)
        await one.ask("/clear")
        [response] = one.log.of("control_response")
        assert response["session_id"] == request["session_id"]
        assert response["response"]["response"]["allowed"] is False

    play(tmp_path, scripts, test)
