"""What our events say is there under a typed name, and nothing that a program sends breaks it."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual import host
from qwen_dual.host.event import Event
from qwen_dual.host.records import Greeting, Request, Resolution, Result
from qwen_dual.host.tracker import Tracker
from qwen_dual.protocol import (
    change_shapes,
    events,
    model_shapes,
    queue_shapes,
    result_shapes,
    shapes,
    system_shapes,
)

ELSEWHERE = {
    "type": "the class of the record",
    "subtype": "the same",
    "role": "the same",
    "supported_events": "Greeting.data: what an Event's type may be",
    "limits": "max_line_bytes",
    "max_buffer_bytes": "Greeting.data: the program's own bound",
    "input": "input_path",
    "host": "Session.rights: this host, by its name and what it may do",
    "socket": "RunningSession.socket: where further hosts connect",
    "offset": "Greeting.data: of the input, for who writes to it by hand",
    "session_id": "Session.session_id",
    "resumed": "Greeting.data: of a greeting that is told again",
    "next_seq": "Greeting.data: the same",
    "result": "text",
    "permission_denials": "denials",
    "tool_input": "input",
    "permission_suggestions": "suggestions",
    "rule": "rules",
    "content": "text",
    "message": "error",
    "status": "error_status",
    "kind": "error_kind",
    "remedy": "error_remedy",
    "uuid": "raw",
    "seq": "Event.seq",
    "parent_tool_use_id": "Event.parent_tool_use_id",
}


@pytest.mark.parametrize(
    ("shape", "record"),
    [
        (shapes.ToolOutcome, host.ToolResult),
        (shapes.ToolResultBlock, host.ToolResult),
        (shapes.Preview, host.Preview),
        (shapes.PreviewWarning, host.PreviewWarning),
        (change_shapes.FileDiff, host.FileDiff),
        (change_shapes.Hunk, host.Hunk),
        (shapes.Suggestion, host.Suggestion),
        (shapes.PermissionRequest, Request),
        (shapes.ResultEvent, Result),
        (result_shapes.TurnError, Result),
        (result_shapes.Denial, host.Denial),
        (system_shapes.SessionStartData, Greeting),
        (system_shapes.SandboxData, host.Sandbox),
        (model_shapes.ModelUsageData, host.ModelUsage),
        (model_shapes.TotalUsage, host.TotalUsage),
        (system_shapes.ReceiptData, host.Receipt),
        (system_shapes.QueuedPrompt, host.QueuedPrompt),
        (queue_shapes.WaitingPrompt, host.QueuedPrompt),
    ],
    ids=lambda one: one.__name__,
)
def test_every_field_of_an_event_has_its_place_in_a_record(shape: Any, record: Any) -> None:
    named = {field.name for field in fields(record)}
    missing = set(shape.__annotations__) - named
    assert missing <= ELSEWHERE.keys(), missing - ELSEWHERE.keys()
    for name in missing:
        place = ELSEWHERE[name]
        assert " " in place or "." in place or place in named, (name, place)


def test_what_a_call_came_to_is_told_with_its_exit_code_and_time() -> None:
    body = events.tool_result(
        "call-1",
        "Command: make\nExit Code: 2",
        is_error=True,
        outcome={"output": "\x1b[31mno\x1b[0m", "exit_code": 2, "duration_ms": 31},
    )
    found = Event(dict(body)).tool_result
    assert found == host.ToolResult(
        tool_use_id="call-1",
        text="Command: make\nExit Code: 2",
        is_error=True,
        output="\x1b[31mno\x1b[0m",
        exit_code=2,
        duration_ms=31,
    )
    stopped = events.tool_result(
        "c", "x", is_error=True, outcome={"signal": "SIGTERM", "note": "timed out"}
    )
    told = Event(dict(stopped)).tool_result
    assert told is not None
    assert (told.output, told.exit_code, told.signal, told.note) == (
        "x",
        None,
        "SIGTERM",
        "timed out",
    )


def test_images_of_a_result_are_told_beside_its_text() -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA"}}
    content = [{"type": "text", "text": "a picture"}, image]
    block = {"type": "tool_result", "tool_use_id": "c", "content": content}
    found = Event({"type": "user", "message": {"role": "user", "content": [block]}}).tool_result
    assert found == host.ToolResult("c", "a picture", False, "a picture", images=(image,))


def test_a_program_that_tells_only_the_content_has_that_as_its_output() -> None:
    block = {"type": "tool_result", "tool_use_id": "c", "content": [{"type": "text", "text": "a"}]}
    found = Event({"type": "user", "message": {"role": "user", "content": [block]}}).tool_result
    assert found == host.ToolResult("c", "a", is_error=False, output="a")
    assert Event({"type": "user", "message": {"role": "user", "content": "hi"}}).tool_result is None
    assert Event({"type": "assistant", "tool_use_result": {"exit_code": 1}}).tool_result is None


def test_a_request_has_its_preview_its_rules_and_the_ways_to_answer() -> None:
    request = {
        "tool_name": "run_shell_command",
        "tool_use_id": "c",
        "input": {"command": "git log"},
        "blocked_path": "/o",
        "permission_suggestions": [{"type": "allow", "label": "Allow", "description": "it"}],
        "preview": {
            "kind": "command",
            "title": "Run",
            "text": "git log",
            "warnings": [{"kind": "long", "message": "It is long.", "line": 1}],
            "question": "Run it?",
        },
        "rules": ["Bash(git log *)"],
        "rule": "Bash(git log *)",
    }
    event = Event({"type": "control_request", "request_id": "r", "request": request})
    found = Request.of(event)
    warning = host.PreviewWarning("long", "It is long.", 1)
    assert found.preview == host.Preview("command", "Run", "git log", (warning,), "Run it?")
    assert found.preview == event.preview
    assert (found.rules, found.blocked_path) == (("Bash(git log *)",), "/o")
    assert found.suggestions == (host.Suggestion("allow", "Allow", "it"),)
    one = Event({"type": "control_request", "request": {"rule": "edits"}})
    assert Request.of(one).rules == ("edits",)
    assert Request.of(Event({"type": "control_request", "request": {}})).preview is None


def test_a_change_is_told_line_by_line_as_far_as_the_program_tells_it() -> None:
    hunk = {"old_start": 1, "old_lines": 1, "new_start": 1, "new_lines": 1, "lines": ["-a", "+b"]}
    file = {"path": "/w/x", "change": "modify", "added": 1, "removed": 1, "cut": False}
    preview = {"kind": "diff", "title": "x", "text": "…", "files": [{**file, "hunks": [hunk]}]}
    event = Event({"type": "system", "subtype": "tool_progress", "data": {"preview": preview}})
    assert event.preview is not None
    lines = host.Hunk(1, 1, 1, 1, ("-a", "+b"))
    assert event.preview.files == (host.FileDiff("/w/x", "modify", 1, 1, (lines,)),)
    told = Event(
        {"type": "control_request", "request": {"preview": {"files": [1, {"hunks": [2]}]}}}
    )
    assert told.preview is not None and told.preview.files == (host.FileDiff("", ""),)


def test_what_models_took_is_told_or_counted() -> None:
    assert Tracker().usage is None
    tracker = Tracker()
    taken = {"input_tokens": 7, "output_tokens": 2, "cache_read_input_tokens": 3}
    message = {"model": "m", "content": [], "usage": {**taken, "total_tokens": 9}}
    for _ in range(2):
        zeros = {**message, "usage": {"input_tokens": 0, "output_tokens": 0}}
        tracker.feed(Event({"type": "assistant", "message": zeros}))
        tracker.feed(Event({"type": "assistant", "message": message}))
    total = host.TotalUsage(14, 4, 6)
    assert tracker.usage == host.ModelUsage("m", 7, 2, 3, total, context_tokens=9)
    data = {**taken, "turn_id": "t", "agent": "explore", "model": "m", "context_tokens": 9}
    costs = {"context_window": 100, "cost_usd": 0.5, "total": {**taken, "cost_usd": 1}}
    usage = {"type": "system", "subtype": "usage", "data": {**data, **costs}}
    tracker.feed(Event({**usage, "parent_tool_use_id": "c"}))
    told = host.TotalUsage(7, 2, 3, 1.0)
    expected = host.ModelUsage("m", 7, 2, 3, told, "t", "explore", 9, 100, 0.5)
    assert tracker.usage == expected
    broken = Event({"type": "system", "subtype": "usage", "data": {"total": 1, "cost_usd": "x"}})
    tracker.feed(broken)
    assert tracker.usage == host.ModelUsage("", 0, 0, 0, host.TotalUsage())


def test_the_model_the_mode_and_the_queue_are_always_current() -> None:
    tracker = Tracker()

    def system(subtype: str, **data: Any) -> None:
        tracker.feed(Event({"type": "system", "subtype": subtype, "data": data}))

    start = {"model": "a", "approval_mode": "default", "pid": 7, "cwd": "/w"}
    system(
        "session_start",
        supported_commands=["submit"],
        limits={"max_line_bytes": 9},
        input={"path": "/i", "offset": 0},
        sandbox={"backend": "bwrap", "filesystem": "read-only", "network": "closed"},
        **start,
    )
    greeting = tracker.greeting
    assert (greeting.pid, greeting.cwd, greeting.input_path) == (7, "/w", "/i")
    assert (greeting.max_line_bytes, greeting.sandbox) == (
        9,
        host.Sandbox("bwrap", "read-only", "closed"),
    )
    system("model_changed", **{"from": "a", "to": "b", "origin": "keyboard"})
    system("mode_changed", **{"from": "default", "to": "yolo", "origin": "input"})
    assert (tracker.model, tracker.approval_mode) == ("b", "yolo")
    waiting = {"id": None, "text": "next", "origin": "keyboard"}
    system("state", state="thinking", queued=1, queue=[waiting])
    assert tracker.turns.queue == (host.QueuedPrompt(None, "next", "keyboard"),)
    listed = {
        **waiting,
        "id": "k",
        "steers": "t",
        "editing": True,
        "content": [{"title": "[image 1]"}],
    }
    system("queue", prompts=[listed])
    system("state", state="responding", queued=1, queue=[waiting])
    (queued,) = tracker.turns.queue
    assert (queued.id, queued.steers, queued.editing, queued.images) == (
        "k",
        "t",
        True,
        ("[image 1]",),
    )


def test_a_result_says_how_long_it_took_what_was_denied_and_what_failed() -> None:
    found = Result.of(
        Event(
            {
                "type": "result",
                "result": "",
                "is_error": True,
                "turn_id": "t",
                "num_turns": 2,
                "duration_ms": 9,
                "duration_api_ms": 4,
                "permission_denials": [
                    {"tool_name": "edit", "tool_use_id": "c", "tool_input": None}
                ],
                "error": {"kind": "auth", "message": "no key", "status": 401},
            }
        )
    )
    assert (found.error, found.error_kind, found.error_status) == ("no key", "auth", 401)
    assert (found.turn_id, found.num_turns, found.duration_ms, found.duration_api_ms) == (
        "t",
        2,
        9,
        4,
    )
    assert found.denials == (host.Denial("edit", "c", {}),)


def test_the_reason_of_a_denial_is_told_whoever_gave_it() -> None:
    tracker = Tracker()
    inner = {"allowed": False, "message": "not here"}
    response = {"subtype": "success", "request_id": "r", "response": inner}
    tracker.feed(Event({"type": "control_response", "response": response}))
    assert tracker.resolved("r") == Resolution("r", allowed=False, reason="not here")


keys = st.sampled_from(
    [
        "type",
        "subtype",
        "data",
        "message",
        "content",
        "request",
        "preview",
        "files",
        "hunks",
        "lines",
        "warnings",
        "tool_use_result",
        "permission_denials",
        "error",
        "input",
        "limits",
        "sandbox",
        "queue",
        "rules",
        "rule",
        "permission_suggestions",
        "origin",
        "command_id",
        "line",
        "kind",
        "text",
    ]
)
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["user", "tool_result", "system", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(keys, anything, max_size=6))
def test_nothing_that_a_program_sends_breaks_a_record(raw: dict[str, Any]) -> None:
    event = Event(raw)
    _ = (event.tool_result, event.preview, event.origin, event.command_id)
    Greeting.of(event)
    Request.of(event)
    Result.of(event)
    host.QueuedPrompt.all_in(event.data.get("queue"))
    host.QueuedPrompt.all_in([event.data])
