"""Agents at work: each in its lane, with its own conversation, and a result for whoever called it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import anyio
import pytest

from qwen_dual.core.actor import KEYBOARD, Actor
from qwen_dual.core.models.model import ModelError, TextDelta, TokenUsage
from qwen_dual.protocol.command_shapes import Interrupt
from tests.agents.kit import USAGE, Playing, play, said, shell, task, write_agent
from tests.support.fakes import call
from tests.support.images import png

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.protocol.events import Event
    from tests.agents.kit import Scripts

HOST = Actor("host", "test")


def of_type(events: list[Event], *kinds: str) -> list[Event]:
    return [event for event in events if event["type"] in kinds]


def test_an_agent_works_in_its_own_lane_and_its_last_words_are_the_result(tmp_path: Path) -> None:
    scripts: Scripts = {
        "main": [task("alpha", "c1"), said("all done")],
        "alpha": [call("list_directory", "x1", path="."), said("it is empty")],
    }

    async def test(one: Playing) -> None:
        result = await one.ask()
        assert result["result"] == "all done" and result["parent_tool_use_id"] is None
        assert one.result_of("c1")["content"] == "it is empty"
        lane = of_type(one.lane("c1"), "user", "assistant", "result")
        assert [event["type"] for event in lane] == ["user", "assistant", "user", "assistant"]
        assert "origin" not in lane[0] and lane[0]["message"]["content"][0]["text"] == "alpha"
        # Four model calls: two of the main agent's, two of the other's.
        usage = result["usage"]
        assert usage["input_tokens"] == 4 * USAGE.input_tokens
        assert usage["output_tokens"] == 4 * USAGE.output_tokens
        [first, second] = one.model.of("alpha")
        assert "sub-agent" in first.system and f"Folder: {one.handle.cwd}" in first.system
        assert len(second.messages) == 3 and "main" not in str(second.messages)
        assert "list_directory" not in str(one.model.of("main")[1].messages)

    play(tmp_path, scripts, test)


def test_three_work_side_by_side_and_each_asks_in_its_lane(tmp_path: Path) -> None:
    names = ("alpha", "beta", "gamma")
    scripts: Scripts = {
        "main": [[step for name in names for step in task(name)], said("all done")],
        **{name: [shell(f"touch {name}", "same-id")] for name in names},
    }

    async def test(one: Playing) -> None:
        one.handle.submit("main", KEYBOARD)
        requests = await one.requests(3)  # all at a time: none waits for another
        assert {request["parent_tool_use_id"] for request in requests} == {f"c-{n}" for n in names}
        assert one.handle.state == "awaiting_approval"
        by_lane = {request["parent_tool_use_id"]: request for request in requests}
        one.answer(by_lane["c-alpha"])
        one.answer(by_lane["c-beta"], allowed=False, message="not that one")
        one.answer(by_lane["c-gamma"])
        await one.log.results()
        responses = {r["parent_tool_use_id"] for r in one.log.of("control_response")}
        assert responses == set(by_lane)
        work = one.place / "work"
        assert [name for name in names if (work / name).exists()] == ["alpha", "gamma"]
        assert "not that one" in str(one.model.of("beta")[1].messages)
        assert one.result_of("c-beta")["content"] == "beta done"

    play(tmp_path, scripts, test)


def test_what_is_allowed_for_the_session_in_one_lane_holds_in_the_others(tmp_path: Path) -> None:
    scripts: Scripts = {
        "main": [[*task("alpha", "c1"), *task("beta", "c2")]],
        "alpha": [shell("touch here", "x")],
        "beta": [shell("touch here", "x")],
    }

    async def test(one: Playing) -> None:
        one.handle.submit("main", KEYBOARD)
        first, _ = await one.requests(2)
        one.answer(first, remember="session")
        await one.log.results()
        by = {r["response"]["resolved_by"] for r in one.log.of("control_response")}
        assert by == {"keyboard", "policy"}

    play(tmp_path, scripts, test)


def test_one_is_stopped_alone_one_fails_and_the_turn_goes_on(tmp_path: Path) -> None:
    never = anyio.Event()
    scripts: Scripts = {
        "main": [
            [*task("alpha", "c1"), *task("beta", "c2"), *task("gamma", "c3")],
            said("all done"),
        ],
        "alpha": [[TextDelta("half a word"), never]],
        "beta": [[ModelError("no such model", 404)]],
        "gamma": [[*call("no_such_tool", "x")], said("fine")],
    }

    async def test(one: Playing) -> None:
        one.handle.submit("main", KEYBOARD)
        await one.log.until(lambda e: e.get("parent_tool_use_id") == "c1" and "half" in str(e))
        await one.log.until(lambda e: "fine" in str(e.get("message")))
        one.handle.submit("/tasks", KEYBOARD)
        one.handle.submit("/tasks stop a1", KEYBOARD)
        [result] = await one.log.results(1)
        assert result["result"] == "all done" and not result["is_error"]
        stopped, failed = one.result_of("c1"), one.result_of("c2")
        assert stopped["is_error"] and "was stopped before" in stopped["content"]
        assert "half a word" in stopped["content"]
        assert failed["is_error"] and "no such model" in failed["content"]
        assert one.result_of("c3") == {**one.result_of("c3"), "is_error": False, "content": "fine"}
        listed = next(text for text in one.notices() if "a1  running" in text)
        assert "general-purpose: alpha" in listed and "a2  failed" in listed
        assert len(one.log.of("result")) == 1  # a lane has none

    play(tmp_path, scripts, test)


def test_an_interrupt_ends_all_of_them_each_call_with_its_result(tmp_path: Path) -> None:
    never = anyio.Event()
    scripts: Scripts = {
        "main": [[*task("alpha", "c1"), *task("beta", "c2")]],
        "alpha": [[TextDelta("looked around"), never]],
        "beta": [shell("touch here", "x1")],
    }

    async def test(one: Playing) -> None:
        one.handle.submit("main", KEYBOARD)
        await one.requests(1)
        await one.log.until(lambda e: "looked" in str(e))
        one.handle.interrupt(KEYBOARD)
        [result] = await one.log.results()
        assert result["stop_reason"] == "interrupted"
        assert one.result_of("x1")["is_error"]
        for call_id in ("c1", "c2"):
            assert "interrupted" in one.result_of(call_id)["content"]
        assert "looked around" in one.result_of("c1")["content"]
        order = [e for e in one.log.events if "tool_result" in str(e.get("message"))]
        assert order.index(of_result(order, "x1")) < order.index(of_result(order, "c2"))
        assert not (one.place / "work" / "here").exists()
        assert not any(child.at_work for child in one.agents.crew.children)
        # The conversation goes on: each call of it has its result.
        assert (await one.ask("again"))["stop_reason"] == "end_turn"

    play(tmp_path, scripts, test)


def of_result(events: list[Event], call_id: str) -> Event:
    return next(e for e in events if e["message"]["content"][0].get("tool_use_id") == call_id)


def test_the_end_of_the_session_ends_them(tmp_path: Path) -> None:
    never = anyio.Event()
    scripts: Scripts = {
        "main": [[*task("alpha", "c1"), *task("beta", "c2", run_in_background=True)]],
        "alpha": [[TextDelta("one"), never]],
        "beta": [[TextDelta("two"), never]],
    }

    async def test(one: Playing) -> None:
        one.handle.submit("main", KEYBOARD)
        await one.log.until(lambda e: e.get("parent_tool_use_id") == "c1" and "one" in str(e))
        await one.log.until(lambda e: e.get("parent_tool_use_id") == "c2" and "two" in str(e))

    one = play(tmp_path, scripts, test)
    assert one.log.events[-1].get("subtype") == "session_end"
    assert "interrupted" in one.result_of("c1")["content"]
    assert not any(child.at_work for child in one.agents.crew.children)


def test_ids_that_a_model_repeats_make_lanes_of_their_own(tmp_path: Path) -> None:
    scripts: Scripts = {
        "main": [
            [*task("alpha", "call_1"), *task("beta", "call_1")],
            [*task("gamma", "call_1")],
        ],
        "gamma": [task("delta", "call_1")],
    }

    async def test(one: Playing) -> None:
        await one.ask()
        lanes = {e["parent_tool_use_id"] for e in one.log.of("user")} - {None}
        assert lanes == {"call_1", "call_1_2", "call_1_3", "call_1_4"}
        assert {one.result_of(lane)["content"] for lane in lanes} == {
            *("alpha done", "beta done", "gamma done", "delta done")
        }
        sent = str(one.model.of("main")[-1].messages)
        assert "'tool_use_id': 'call_1_2'" in sent and "'id': 'call_1_2'" in sent

    play(tmp_path, scripts, test)


def test_task_is_another_name_of_the_tool_in_calls_and_in_rules(tmp_path: Path) -> None:
    scripts: Scripts = {"main": [call("task", "c1", description="d", prompt="alpha")]}

    async def test(one: Playing) -> None:
        await one.ask()
        assert one.result_of("c1")["content"] == "alpha done"
        [event] = of_type(one.lane(None), "assistant")[:1]
        assert event["message"]["content"][0]["name"] == "agent"

    play(tmp_path, scripts, test)
    settings = {"permissions": {"deny": ["Task"]}}

    async def denied(one: Playing) -> None:
        await one.ask()
        assert "the permission rule Task denies this" in one.result_of("c1")["content"]
        assert one.handle.parts.agents is None

    play(tmp_path, scripts, denied, settings=settings)


def test_a_name_that_nobody_has_is_an_error_that_names_those_there_are(tmp_path: Path) -> None:
    async def test(one: Playing) -> None:
        await one.ask()
        told = one.result_of("c1")
        assert told["is_error"] and "'nobody'" in told["content"]
        assert "general-purpose, explore, plan" in told["content"]
        assert one.result_of("c2")["content"] == "alpha done"  # capitals make no difference

    scripts: Scripts = {"main": [[*task("x", "c1", "nobody"), *task("alpha", "c2", "Explore")]]}
    play(tmp_path, scripts, test)


@pytest.mark.parametrize(
    ("head", "told"),
    [({"maxTurns": "2"}, "2 model calls"), ({"runConfig": "{max_turns: 1}"}, "1 model calls")],
)
def test_the_bound_of_an_agents_file_ends_it(
    tmp_path: Path, head: dict[str, str], told: str
) -> None:
    write_agent(tmp_path / "home" / "agents", "short", **head)
    step = call("list_directory", "x", path=".")
    scripts: Scripts = {"main": [task("alpha", "c1", "short")], "alpha": [step, step, step]}

    async def test(one: Playing) -> None:
        await one.ask()
        result = one.result_of("c1")
        assert result["is_error"] and told in result["content"]

    play(tmp_path, scripts, test)


def test_a_loop_of_an_agent_ends_it(tmp_path: Path) -> None:
    step = call("list_directory", "x", path=".")
    scripts: Scripts = {"main": [task("alpha", "c1")], "alpha": [step] * 20}

    async def test(one: Playing) -> None:
        await one.ask()
        result = one.result_of("c1")
        assert result["is_error"] and "the same again" in result["content"]

    play(tmp_path, scripts, test)


def test_a_long_conversation_of_an_agent_is_summarised(tmp_path: Path) -> None:
    scripts: Scripts = {
        "main": [task("alpha", "c1")],
        "alpha": [call("read_file", f"x{n}", file_path=f"{n}.txt") for n in range(8)],
    }

    async def test(one: Playing) -> None:
        one.model.context_window = 8_000
        one.model.usage = TokenUsage()  # so that it is estimated
        for number in range(8):
            (one.place / "work" / f"{number}.txt").write_text(f"line {number}\n" * 700)
        await one.ask()
        assert any(e["parent_tool_use_id"] == "c1" for e in one.log.of("compact_boundary"))
        assert not one.result_of("c1")["is_error"]

    play(tmp_path, scripts, test)


def test_a_person_who_wants_all_of_it_stopped_stops_the_turn(tmp_path: Path) -> None:
    scripts: Scripts = {"main": [task("alpha", "c1")], "alpha": [shell("touch x", "x")]}

    async def test(one: Playing) -> None:
        one.handle.submit("main", KEYBOARD)
        [request] = await one.requests(1)
        one.answer(request, allowed=False, stop=True)
        [result] = await one.log.results()
        assert result["stop_reason"] == "denied"
        assert one.result_of("c1")["is_error"]
        assert len(one.model.of("main")) == 1

    play(tmp_path, scripts, test)


def test_a_host_stops_one_by_the_call_that_it_works_for(tmp_path: Path) -> None:
    never = anyio.Event()
    scripts: Scripts = {
        "main": [[*task("alpha", "c1"), *task("beta", "c2")]],
        "alpha": [task("gamma", "c3")],
        "gamma": [[TextDelta("deep down"), never]],
    }

    async def test(one: Playing) -> None:
        dispatcher = one.handle.dispatcher(HOST)
        one.handle.submit("main", KEYBOARD)
        await one.log.until(lambda e: "deep down" in str(e))
        dispatcher.command(Interrupt(type="interrupt", id="i1", tool_use_id="nobody"))
        dispatcher.command(Interrupt(type="interrupt", id="i2", tool_use_id="c1"))
        [result] = await one.log.results()
        assert result["stop_reason"] == "end_turn"
        assert one.result_of("c1")["is_error"] and one.result_of("c3")["is_error"]
        assert one.result_of("c2")["content"] == "beta done"
        receipts = {r["data"]["id"]: r["data"]["status"] for r in one.log.of("command_receipt")}
        assert receipts == {"i1": "rejected", "i2": "accepted"}

    play(tmp_path, scripts, test)


def test_an_image_that_it_reads_is_shown_to_its_model_alone(tmp_path: Path) -> None:
    scripts: Scripts = {
        "main": [task("alpha", "c1")],
        "alpha": [call("read_file", "x1", file_path="dot.png")],
    }

    async def test(one: Playing) -> None:
        (one.place / "work" / "dot.png").write_bytes(png(2, 2))
        await one.ask()
        [*_, last] = one.model.of("alpha")[1].messages
        [result] = cast("list[dict[str, Any]]", last["content"])
        shown = result["content"]
        assert [block["type"] for block in shown].count("image") == 1
        assert "image" not in str(one.model.of("main")[1].messages)

    play(tmp_path, scripts, test)
