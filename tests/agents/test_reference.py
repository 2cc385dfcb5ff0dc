"""Agents as Qwen Code 0.24.4 tells of them on stream-json, given to ours: lane by lane the same.

``tests/reference/agents`` holds what it said; each begins with the prompt, which is a script for the model:
a list of steps, each a text, a list of calls, or a failure. What is meant to be better stands in ``BETTER``.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.core.actor import CLI
from qwen_dual.core.models.model import (
    ModelError,
    TextDelta,
    TokenUsage,
    ToolCallArguments,
    ToolCallStart,
)
from qwen_dual.frontends.headless.messages import message_of
from tests.agents.kit import Playing, play

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from qwen_dual.core.models.model import ModelDelta, ModelRequest

RECORDINGS = Path(__file__).parents[1] / "reference" / "agents"
NAMES = sorted(path.stem for path in RECORDINGS.glob("*.jsonl"))
MARK = "SCRIPT:"

BETTER = {
    "last words": "what an agent says in the end is told in its lane, not only as the result",
    "failure": "an agent that failed is an error that says why; there it is `Subagent execution failed.`",
    "no result between": "there a lane's failed call tells a `result` in the middle of the turn",
    "tokens": "the messages of a lane have their tokens; there they are 0",
    "nested": "what the agents of agents do is told; there nothing of it is",
    "foreground": "a call that says nothing waits for its agent; there it runs in the background",
}
"""What ours does otherwise, and why: each is looked for below."""


class FromPrompt:
    """A model that does what the prompt of each conversation says."""

    name = "mock"
    context_window = 100_000

    def __init__(self) -> None:
        self._ids = itertools.count(1)

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta]:
        """The next step."""
        begin = str(request.messages[0]["content"][0].get("text"))
        steps, _ = json.JSONDecoder().raw_decode(begin.removeprefix(MARK))
        step = steps[sum(message["role"] == "assistant" for message in request.messages)]
        if isinstance(step, dict):
            raise ModelError("planted", step["status"])
        if isinstance(step, str):
            yield TextDelta(step)
        else:
            for name, arguments in step:
                yield ToolCallStart(f"call_{next(self._ids)}", name)
                yield ToolCallArguments(json.dumps(arguments))
        yield TokenUsage(11, 7)


def recorded(name: str) -> tuple[str, list[dict[str, Any]]]:
    """The prompt, and what came of it."""
    prompt, *lines = map(json.loads, (RECORDINGS / f"{name}.jsonl").read_text().splitlines())
    skipped = ("init", "stream_event")
    return prompt["text"], [m for m in lines if m.get("subtype", m["type"]) not in skipped]


def ours(name: str, place: Path) -> list[dict[str, Any]]:
    """What ours says to the same prompt."""
    prompt, _ = recorded(name)
    prompt = prompt.replace("/work/", f"{place}/work/")
    if name == "background":  # said in so many words, which is no default here
        prompt = prompt.replace('"subagent_type"', '"run_in_background": true, "subagent_type"', 1)
    (place / "work").mkdir()
    (place / "work" / "a.txt").write_text("hello\n")

    async def test(one: Playing) -> None:
        session = one.handle.parts.session
        model = FromPrompt()
        session.add_model("mock", model)
        session.set_model("mock", CLI)
        await one.ask(prompt)

    one = play(place, {}, test, approval_mode="yolo", await_agents=True)
    messages = [message_of(event) for event in one.log.events]
    told = [message for message in messages if message is not None]
    return [*told, *one.log.of("result")]


def by_lane(messages: list[dict[str, Any]], place: str = "/work") -> dict[str, list[Any]]:
    """What each lane says, in order; lanes are called by the prompt of theirs."""
    names = {None: "main"}
    for message in messages:
        for block in message.get("message", {}).get("content", ()):
            if block["type"] == "tool_use" and block["name"] == "agent":
                names[block["id"]] = block["input"]["prompt"].replace(place, "/work")
    lanes: dict[str, list[Any]] = {}
    for message in messages:
        if message["type"] == "result":
            continue
        lane = lanes.setdefault(names[message["parent_tool_use_id"]], [])
        if "message" in message:
            lane += [_essence(block, place) for block in message["message"]["content"]]
        else:
            lane.append((message["subtype"], tuple(message["data"])))
    return lanes


def _essence(block: dict[str, Any], place: str) -> tuple[object, ...]:
    if block["type"] == "tool_use":
        return ("tool_use", block["name"])
    if block["type"] == "tool_result":
        return ("tool_result", block["is_error"], block["content"])
    return (block["type"], block["text"].replace(place, "/work"))


@pytest.mark.parametrize("name", ["foreground", "nested", "three"])
def test_lanes_say_what_they_say_there_and_what_is_better(name: str, tmp_path: Path) -> None:
    _, theirs = recorded(name)
    there, here = by_lane(theirs), by_lane(ours(name, tmp_path), f"{tmp_path}/work")
    failed = [("tool_result", False, "Subagent execution failed.")]
    for lane, said in there.items():
        mine = [one for one in here[lane] if one[0] != "tool_result" or "PGID" not in str(one)]
        rest = [one for one in said if one not in failed and "PGID" not in str(one)]
        if lane == "main":
            errors = [one for one in mine if one[0] == "tool_result" and one[1]]
            assert len(errors) == said.count(*failed), BETTER["failure"]
            assert all("planted" in str(one) for one in errors)
            # Results come as they finish here, in the order of the calls there.
            assert sorted(map(str, rest)) == sorted(str(one) for one in mine if one not in errors)
        else:
            assert mine[: len(rest)] == rest
            assert [one[0] for one in mine[len(rest) :]] == ["text"], BETTER["last words"]
    assert (len(here) > len(there)) is (name == "nested"), BETTER["nested"]


@pytest.mark.parametrize("name", NAMES)
def test_the_tokens_of_agents_are_in_the_result_as_they_are_there(
    name: str, tmp_path: Path
) -> None:
    _, theirs = recorded(name)
    mine = ours(name, tmp_path)
    results = [message for message in mine if message["type"] == "result"]
    assert len(results) == 1, BETTER["no result between"]
    for field in ("usage", "num_turns", "subtype", "result"):
        assert results[0][field] == theirs[-1][field], field
    lanes = [m for m in mine if m["type"] == "assistant" and m["parent_tool_use_id"]]
    told = [m["message"]["usage"]["input_tokens"] for m in lanes]
    assert all(tokens == 11 for tokens in told if tokens), BETTER["tokens"]
    assert sum(told) == results[0]["usage"]["input_tokens"] - 11 * results[0]["num_turns"]


def test_one_in_the_background_is_told_of_in_the_same_way(tmp_path: Path) -> None:
    _, theirs = recorded("background")
    there, here = by_lane(theirs)["main"], by_lane(ours("background", tmp_path))["main"]
    kinds = [[one[0] for one in lane] for lane in (there, here)]
    assert sorted(kinds[0]) == sorted(kinds[1])
    for subtype in ("task_started", "task_notification"):
        [fields], [mine] = ([o[1] for o in lane if o[0] == subtype] for lane in (there, here))
        assert mine == fields
    said = 'Background agent "general-purpose: Read a file" completed.'
    assert ("text", said) in there and ("text", said) in here
    assert ("text", "after notification") in here


def test_a_name_that_nobody_has_is_an_error_in_the_same_place(tmp_path: Path) -> None:
    _, theirs = recorded("unknown")
    there, here = by_lane(theirs)["main"], by_lane(ours("unknown", tmp_path))["main"]
    assert [one[:2] for one in there] == [one[:2] for one in here]
