"""The session as a playbook: commands in, events out."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from qwen_dual.core.actor import INPUT, KEYBOARD
from qwen_dual.core.models.model import TextDelta, ThinkingDelta, TokenUsage, ToolCallStart
from qwen_dual.core.models.pieces import MAX_PIECE
from qwen_dual.core.permissions.approvals import Decision
from tests.support.fakes import FakeModel, FakeTool, Host, call


def words(host: Host) -> list[str]:
    """Every event as one short word, stream deltas left out."""
    out = []
    for event in host.events:
        name = event.get("subtype") or event["type"]
        if event["type"] == "stream_event":
            name = event["event"]["type"]
        elif event["type"] == "user":
            name = event["message"]["content"][0]["type"]
        elif event["type"] == "control_response":
            name = "control_response"
        elif event["type"] == "system" and name == "state":
            name = event["data"]["state"]
        if name not in ("content_block_delta", "tool_progress"):
            out.append(name)
    return out


def test_a_turn_with_one_approved_call_has_the_order_of_the_protocol() -> None:
    tool = FakeTool()
    model = FakeModel([TextDelta("Running."), *call("run_shell_command", command="ls")])

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        assert host.session.answer(await host.request(), Decision(True, KEYBOARD))
        await host.result()

    host = Host(model, tool)
    host.play(script)
    assert words(host) == [
        "text",
        "thinking",
        "message_start",
        "responding",
        "content_block_start",
        "content_block_stop",
        "assistant",
        "content_block_start",
        "content_block_stop",
        "assistant",
        "message_stop",
        "running_tool",
        "awaiting_approval",
        "control_request",
        "control_response",
        "running_tool",
        "tool_result",
        "thinking",
        "message_start",
        "responding",
        "content_block_start",
        "content_block_stop",
        "assistant",
        "message_stop",
        "idle",
        "success",
        "session_end",
    ]
    assert [event["seq"] for event in host.events] == list(range(1, len(host.events) + 1))
    assert tool.runs == [{"command": "ls"}]


def test_the_result_adds_up_the_turn() -> None:
    model = FakeModel(
        [*call("run_shell_command", command="ls"), TokenUsage(10, 2, 4)],
        [TextDelta("All "), TextDelta("good."), TokenUsage(20, 3)],
    )

    async def script(host: Host) -> None:
        host.session.submit("go", INPUT, command_id="c1")
        host.session.answer(await host.request(), Decision(True, KEYBOARD))
        await host.result()

    host = Host(model, FakeTool())
    host.play(script)
    result = host.of("result")[0]
    assert result["subtype"] == "success"
    assert result["stop_reason"] == "end_turn"
    assert result["num_turns"] == 2
    assert result["result"] == "All good."
    assert result["command_id"] == "c1"
    assert result["usage"] == {
        "input_tokens": 30,
        "output_tokens": 5,
        "cache_read_input_tokens": 4,
        "total_tokens": 35,
    }
    user = host.of("user")[0]
    assert (user["origin"], user["command_id"]) == ("input", "c1")


def test_prompts_that_come_while_busy_run_in_order_one_at_a_time() -> None:
    gate = anyio.Event()
    model = FakeModel([gate, TextDelta("1")], [TextDelta("2")], [TextDelta("3")])

    async def script(host: Host) -> None:
        assert host.session.submit("a", KEYBOARD) == 0
        await host.until(lambda event: event.get("subtype") == "state")
        assert host.session.submit("b", KEYBOARD) == 1
        assert host.session.submit("c", KEYBOARD) == 2
        gate.set()
        await host.result(3)

    host = Host(model)
    host.play(script)
    texts = [event["message"]["content"][0]["text"] for event in host.of("user")]
    assert texts == ["a", "b", "c"]
    kinds = [event["type"] for event in host.events if event["type"] in ("user", "result")]
    assert kinds == ["user", "result"] * 3


def test_calls_of_one_kind_run_in_parallel() -> None:
    tool = FakeTool()
    model = FakeModel([*call("run_shell_command", "a"), *call("run_shell_command", "b")])

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.result()

    host = Host(model, tool, approval_mode="yolo")
    host.play(script)
    assert tool.most_running == 2


def test_edits_run_one_at_a_time_and_before_what_follows_them() -> None:
    edit = FakeTool("edit", "edit")
    read = FakeTool("read_file", "read")
    model = FakeModel([*call("edit", "a"), *call("edit", "b"), *call("read_file", "c")])

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.result()

    host = Host(model, edit, read, approval_mode="auto-edit")
    host.play(script)
    assert edit.most_running == 1
    assert [block["tool_use_id"] for block in host.tool_results()] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (call("nothing"), "no tool 'nothing'"),
        (call("run_shell_command", bad=1), "bad: unexpected"),
        ([ToolCallStart("x", "run_shell_command"), TextDelta("?")], ""),
    ],
)
def test_a_call_that_cannot_run_is_told_to_the_model(steps: Any, expected: str) -> None:
    model = FakeModel(steps)

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.result()

    host = Host(model, FakeTool(), approval_mode="yolo")
    host.play(script)
    block = host.tool_results()[0]
    assert expected in block["content"]
    assert len(model.requests) == 2


@pytest.mark.parametrize(
    "delta", [TextDelta("é" * 1_000_000), ThinkingDelta("x" * 1_000_000, "sig")]
)
def test_a_delta_of_megabytes_is_taken_in_pieces_between_which_others_run(delta: Any) -> None:
    turns = 0

    async def script(host: Host) -> None:
        nonlocal turns
        host.session.submit("go", KEYBOARD)
        while not host.of("result"):
            turns += 1
            await anyio.lowlevel.checkpoint()

    host = Host(FakeModel([delta]))
    host.play(script)
    parts = [
        event["event"]["delta"].get("text") or event["event"]["delta"].get("thinking", "")
        for event in host.of("stream_event")
        if event["event"]["type"] == "content_block_delta"
    ]
    assert "".join(parts) == delta.text
    assert max(map(len, parts)) <= MAX_PIECE
    assert turns > len(parts) > 50
    block = host.of("assistant")[0]["message"]["content"][0]
    assert delta.text in block.values()
    assert block.get("signature", "sig") == "sig"


def test_thinking_and_text_are_two_runs_of_one_message() -> None:
    model = FakeModel([ThinkingDelta("hm"), TextDelta("so")])

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.result()

    host = Host(model)
    host.play(script)
    first, second = host.of("assistant")
    assert first["message"]["content"] == [{"type": "thinking", "thinking": "hm", "signature": ""}]
    assert second["message"]["content"] == [{"type": "text", "text": "so"}]
    assert first["message"]["id"] != second["message"]["id"]


def test_a_slash_command_is_a_turn_of_its_own_with_a_result() -> None:
    async def script(host: Host) -> None:
        host.session.submit("/approval-mode yolo", INPUT, command_id="m")
        await host.result()
        host.session.submit("/hlep", INPUT)
        await host.result(2)

    host = Host(FakeModel())
    host.play(script)
    first, second = host.of("result")
    assert (first["command_id"], first["is_error"]) == ("m", False)
    assert host.session.approval_mode == "yolo"
    assert host.of("system", "mode_changed")[0]["data"]["origin"] == "input"
    assert "Did you mean /help?" in second["error"]["message"]


def test_a_keyboard_command_runs_in_the_middle_of_a_turn() -> None:
    model = FakeModel([anyio.Event()])

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.until(lambda event: event.get("subtype") == "state")
        host.session.submit("/help", KEYBOARD)
        await host.until(lambda event: event.get("subtype") == "notice")
        assert host.session.queued == 0
        host.session.submit("/quit", KEYBOARD)
        await host.session.closing.wait()

    host = Host(model)
    host.play(script)


def test_mentioned_files_go_to_the_model_but_not_into_the_event() -> None:
    async def expand(text: str) -> list[str]:
        return [f"contents for {text}"]

    async def script(host: Host) -> None:
        host.session.submit("see @x", KEYBOARD)
        await host.result()

    model = FakeModel()
    host = Host(model, expand=expand)
    host.play(script)
    assert "contents for" in str(model.requests[0].messages)
    assert len(host.of("user")[0]["message"]["content"]) == 1


def test_clear_begins_a_conversation_under_a_new_id() -> None:
    async def script(host: Host) -> None:
        host.session.submit("one", KEYBOARD)
        await host.result()
        before = host.session.session_id
        host.session.clear(KEYBOARD)
        assert host.session.history == []
        assert host.session.session_id != before

    host = Host(FakeModel())
    host.play(script)
    data = host.of("system", "session_changed")[0]["data"]
    assert host.events[-1]["session_id"] == data["to"]


def test_the_statistics_count_turns_tokens_and_tools() -> None:
    tool = FakeTool(is_error=True)
    model = FakeModel([*call("run_shell_command"), TokenUsage(5, 1)], [TextDelta("x")])

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.result()

    host = Host(model, tool, approval_mode="yolo")
    host.play(script)
    text = host.stats.describe(host.session.tools)
    assert "5 in, 1 out" in text
    assert "Run shell command 1; failed 1" in text
