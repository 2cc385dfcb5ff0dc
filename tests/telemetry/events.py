"""Events of a session that never was, and what a reducer makes of them, one a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qwen_dual.telemetry.reducer import Reducer
from qwen_dual.telemetry.signal_builder import SignalBuilder
from qwen_dual.telemetry.signals import Signal, Span

REFERENCE = Path(__file__).parents[1] / "reference"
SECOND = 1_000_000_000


def system(subtype: str, lane: str | None = None, **data: Any) -> dict[str, Any]:
    return {"type": "system", "subtype": subtype, "data": data, "parent_tool_use_id": lane}


def user(text: str, lane: str | None = None, **more: Any) -> dict[str, Any]:
    message = {"role": "user", "content": [{"type": "text", "text": text}]}
    return {"type": "user", "message": message, "parent_tool_use_id": lane, **more}


def state(word: str) -> dict[str, Any]:
    return system("state", state=word, turn_id="t1")


def stream(kind: str, lane: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "type": "stream_event",
        "event": {"type": kind, **more},
        "parent_tool_use_id": lane,
    }


def answer(*blocks: dict[str, Any], lane: str | None = None, **message: Any) -> dict[str, Any]:
    whole = {"id": "m1", "model": "qwen3", "content": list(blocks), **message}
    return {"type": "assistant", "message": whole, "parent_tool_use_id": lane}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def call(call_id: str, name: str, **given: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": call_id, "name": name, "input": given}


def request(call_id: str, tool: str, lane: str | None = None, **more: Any) -> dict[str, Any]:
    inner = {"subtype": "can_use_tool", "tool_name": tool, "tool_use_id": call_id, **more}
    event = {"type": "control_request", "request_id": f"r{call_id}", "request": inner}
    return event | ({"parent_tool_use_id": lane} if lane else {})


def response(call_id: str, allowed: bool, by: str = "keyboard") -> dict[str, Any]:
    inner = {"request_id": f"r{call_id}", "response": {"allowed": allowed}, "resolved_by": by}
    return {"type": "control_response", "response": {"subtype": "success", **inner}}


def result(call_id: str, lane: str | None = None, **more: Any) -> dict[str, Any]:
    told = more.pop("told", {})
    block = {"type": "tool_result", "tool_use_id": call_id, "content": "secret", **more}
    message = {"role": "user", "content": [block]}
    return {
        "type": "user",
        "message": message,
        "parent_tool_use_id": lane,
        "tool_use_result": told,
    }


def end(**more: Any) -> dict[str, Any]:
    return {"type": "result", "subtype": "success", "stop_reason": "end_turn", **more}


def usage(lane: str | None = None, **more: Any) -> dict[str, Any]:
    told = {"model": "qwen3", "input_tokens": 10, "output_tokens": 2, "context_tokens": 12}
    return system("usage", lane, **{**told, **more})


START = system("session_start", session_id="s", agent="qwen-dual", version="1")
TURN = [
    START,
    user("fix it", uuid="u1", origin="input"),
    state("thinking"),
    stream("message_start", message={"id": "m1", "model": "qwen3"}),
    stream("content_block_delta", delta={"type": "text_delta", "text": "I"}),
    answer(call("1", "run_shell_command", command="cat secret"), stop_reason="tool_use"),
    stream("message_stop"),
    usage(cost_usd=0.25, cache_read_input_tokens=4),
    state("awaiting_approval"),
    request("1", "run_shell_command", preview={"kind": "command"}),
    response("1", True, "host:zed"),
    system("tool_progress", tool_use_id="1", status="started", text="cat secret"),
    result("1", told={"exit_code": 0}),
    state("thinking"),
    stream("message_start", message={"id": "m2", "model": "qwen3"}),
    answer(text("Done."), id="m2"),
    stream("message_stop"),
    usage(cost_usd=0.5),
    state("idle"),
    end(turn_id="t1"),
    system("session_end"),
]


EVERYTHING = [
    *TURN[:-1],
    user("more"),
    answer(call("2", "mcp__git__log"), call("3", "edit"), call("4", "read_file")),
    request("3", "edit", preview={"kind": "diff", "files": [{"added": 2, "removed": 1}]}),
    response("3", True),
    *(result("2"), result("3"), result("4", is_error=True)),
    state("thinking"),
    system("model_retry", attempt=1, delay_ms=1),
    system("gap", dropped=3),
    end(is_error=True, error={"kind": "auth"}, stop_reason="error"),
]
"""Events of which each metric gets a value, but for those that no program tells yet."""

OUTLINE = [
    "invoke_agent qwen-dual",
    "chat qwen3",
    "wait_for_approval run_shell_command",
    "execute_tool run_shell_command",
    "chat qwen3",
]
"""Of ``TURN``: the names of its spans."""


def reduce(events: list[dict[str, Any]], **options: Any) -> list[Signal]:
    """What the events become, one a second."""
    reducer = Reducer(SignalBuilder(**options))
    found: list[Signal] = []
    for number, event in enumerate(events):
        found += reducer.take(event, number * SECOND, 5)
    return found + reducer.finish(len(events) * SECOND)


def spans(found: list[Signal]) -> list[Span]:
    return [signal for signal in found if isinstance(signal, Span)]
