"""Deltas to events: against the recorded streams of the reference program, and by property."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.core.models.answer import Answer
from qwen_dual.core.models.model import (
    ModelDelta,
    TextDelta,
    ThinkingDelta,
    TokenUsage,
    ToolCallArguments,
    ToolCallStart,
)

REFERENCE = Path(__file__).parents[2] / "reference"


def recorded_messages(name: str) -> list[list[dict[str, Any]]]:
    """The stream and assistant events of each message of a recording."""
    messages: list[list[dict[str, Any]]] = []
    for line in (REFERENCE / f"{name}.jsonl").read_text().splitlines():
        event = json.loads(line)
        inner = event.get("event", {}).get("type")
        if inner == "message_start":
            messages.append([])
        if inner == "goal_state" or event["type"] not in ("stream_event", "assistant"):
            continue
        messages[-1].append(event)
    return messages


def deltas_of(message: list[dict[str, Any]]) -> list[ModelDelta]:
    """What a model must have said for this recording."""
    deltas: list[ModelDelta] = []
    for event in message:
        inner = event.get("event", {})
        if inner.get("type") == "content_block_start":
            block = inner["content_block"]
            if block["type"] == "tool_use":
                deltas.append(ToolCallStart(block["id"], block["name"]))
        elif inner.get("type") == "content_block_delta":
            delta = inner["delta"]
            if delta["type"] == "text_delta":
                deltas.append(TextDelta(delta["text"]))
            elif delta["type"] == "thinking_delta":
                deltas.append(ThinkingDelta(delta["thinking"]))
            else:
                deltas.append(ToolCallArguments(delta["partial_json"]))
        elif event["type"] == "assistant" and "total_tokens" in event["message"]["usage"]:
            usage = event["message"]["usage"]
            deltas.append(TokenUsage(usage["input_tokens"], usage["output_tokens"]))
    return deltas


def normal(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Events without the envelope, ids by the order of their first appearance."""
    seen: dict[str, str] = {}
    out = []
    for event in events:
        body = {key: value for key, value in event.items() if key in ("type", "event", "message")}
        text = json.dumps(body, sort_keys=True)
        ids = [
            event.get("message", {}).get("id"),
            event.get("event", {}).get("message", {}).get("id"),
        ]
        for found in filter(None, ids):
            text = text.replace(found, seen.setdefault(found, f"id{len(seen)}"))
        out.append(json.loads(text))
    return out


@pytest.mark.parametrize(
    ("name", "index"),
    [
        (name, index)
        for name in ("text", "think", "tool_allowed", "write_file", "shell_fails", "http_400")
        for index in range(len(recorded_messages(name)))
    ],
)
def test_a_message_is_the_recorded_one_field_by_field(name: str, index: int) -> None:
    message = recorded_messages(name)[index]
    events: list[dict[str, Any]] = []
    answer = Answer("mock", events.append)
    for delta in deltas_of(message):
        answer.feed(delta)
    answer.finish()
    assert normal(events) == normal(message)
    for event in events:
        if event["type"] == "assistant":
            assert event["uuid"] == event["message"]["id"]


DELTAS = st.lists(
    st.one_of(
        st.builds(TextDelta, st.text(max_size=5)),
        st.builds(ThinkingDelta, st.text(max_size=5), st.text(max_size=3)),
        st.builds(ToolCallStart, st.text(min_size=1, max_size=3), st.just("t")),
        st.builds(ToolCallArguments, st.text(max_size=5)),
        st.builds(TokenUsage, st.integers(0, 9), st.integers(0, 9)),
    ),
    max_size=30,
)


@given(DELTAS)
def test_any_deltas_give_well_formed_events_and_lose_no_text(deltas: list[ModelDelta]) -> None:
    events: list[dict[str, Any]] = []
    answer = Answer("m", events.append)
    for delta in deltas:
        answer.feed(delta)
    answer.finish()
    said = "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))
    assert answer.text == said
    assert len(answer.calls) == sum(isinstance(delta, ToolCallStart) for delta in deltas)
    runs = [event["message"]["content"] for event in events if event["type"] == "assistant"]
    assert [block for run in runs for block in run] == answer.blocks
    assert all(len({block["type"] for block in run}) == 1 for run in runs)
    open_index: int | None = None
    expected = 0
    for event in events:
        if event["type"] == "assistant":
            assert open_index is None
            expected = 0
            continue
        inner = event["event"]
        if inner["type"] == "content_block_start":
            assert open_index is None
            assert inner["index"] == expected
            open_index = inner["index"]
        elif inner["type"] == "content_block_delta":
            assert inner["index"] == open_index
        elif inner["type"] == "content_block_stop":
            assert inner["index"] == open_index
            open_index, expected = None, expected + 1
    assert open_index is None


def test_usage_stands_on_the_last_run_and_zeros_before() -> None:
    events: list[dict[str, Any]] = []
    answer = Answer("m", events.append)
    for delta in (TextDelta("a"), TokenUsage(7, 2), ToolCallStart("1", "t")):
        answer.feed(delta)
    answer.finish()
    first, second = (event["message"] for event in events if event["type"] == "assistant")
    assert first["usage"] == {"input_tokens": 0, "output_tokens": 0}
    assert second["usage"]["total_tokens"] == 9
    assert (first["stop_reason"], second["stop_reason"]) == (None, "tool_use")
