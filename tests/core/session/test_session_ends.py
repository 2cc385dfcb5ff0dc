"""Turns of a session that do not end by themselves: interrupted, failed, closed, bounded."""

from __future__ import annotations

import anyio

from qwen_dual.core.actor import INPUT, KEYBOARD
from qwen_dual.core.models.model import ModelError, TextDelta, ToolCallStart
from tests.support.fakes import FakeModel, FakeTool, Host, call


def test_an_interrupt_keeps_what_the_model_said_and_names_the_reason() -> None:
    model = FakeModel([TextDelta("half "), TextDelta("an answer"), anyio.Event()])

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.until(lambda event: "an answer" in str(event))
        assert host.session.interrupt(KEYBOARD)
        await host.result()

    host = Host(model)
    host.play(script)
    assert host.of("assistant")[0]["message"]["content"] == [
        {"type": "text", "text": "half an answer"}
    ]
    result = host.of("result")[0]
    assert (result["subtype"], result["stop_reason"]) == ("error_during_execution", "interrupted")
    assert result["result"] == "half an answer"
    assert host.session.history[-1]["role"] == "assistant"


def test_an_interrupt_stops_a_running_tool_and_every_call_has_a_result() -> None:
    tool = FakeTool(gate=anyio.Event())
    model = FakeModel([*call("run_shell_command", "a"), *call("run_shell_command", "b")])

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.until(lambda event: event.get("subtype") == "tool_progress", 2)
        host.session.interrupt(KEYBOARD)
        await host.result()

    host = Host(model, tool, approval_mode="yolo")
    host.play(script)
    assert tool.running == 0
    assert [block["is_error"] for block in host.tool_results()] == [True, True]
    assert [message["role"] for message in host.session.history] == ["user", "assistant", "user"]


def test_a_message_cut_in_its_tool_call_still_gives_the_call_a_result() -> None:
    model = FakeModel([ToolCallStart("a", "run_shell_command"), anyio.Event()])

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.until(lambda event: event["type"] == "stream_event", 2)
        host.session.interrupt(KEYBOARD)
        await host.result()

    host = Host(model, FakeTool())
    host.play(script)
    assert [block["tool_use_id"] for block in host.tool_results()] == ["a"]


def test_a_failed_model_call_shows_as_an_api_error_and_names_it_in_the_result() -> None:
    error = ModelError("says no.", 400, remedy="connect", advice="Say please.")
    model = FakeModel([error], [TextDelta("better")])

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.result()
        host.session.submit("again", KEYBOARD)
        await host.result(2)

    host = Host(model)
    host.play(script)
    first = host.of("assistant")[0]["message"]
    assert first["content"] == [{"type": "text", "text": "[API Error: 400 says no. Say please.]"}]
    assert first["usage"] == {"input_tokens": 0, "output_tokens": 0}
    result = host.of("result")[0]
    assert result["is_error"]
    assert result["error"] == {
        "kind": "other",
        "message": "says no. Say please.",
        "status": 400,
        "remedy": "connect",
    }
    assert host.of("result")[1]["result"] == "better"
    roles = [message["role"] for message in host.session.history]
    assert roles == ["user", "assistant"]  # what failed is not said to the model


def test_a_model_that_breaks_unexpectedly_ends_its_turn_not_the_session() -> None:
    model = FakeModel([RuntimeError("boom")], [TextDelta("fine")])

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.result()
        host.session.submit("again", KEYBOARD)
        await host.result(2)

    host = Host(model)
    host.play(script)
    assert "boom" in host.of("result")[0]["error"]["message"]
    assert host.of("result")[1]["subtype"] == "success"


def test_closing_in_the_middle_of_a_turn_ends_with_session_end() -> None:
    gate = anyio.Event()
    model = FakeModel([gate])

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.until(lambda event: event.get("subtype") == "state")
        host.session.submit("later", INPUT, command_id="q")
        host.session.request_close()

    host = Host(model)
    host.play(script)
    assert host.events[-1]["subtype"] == "session_end"
    receipt = host.of("system", "command_receipt")[-1]["data"]
    assert (receipt["id"], receipt["code"]) == ("q", "session_ended")


def test_a_bound_on_model_calls_ends_a_turn_that_would_go_on_for_ever() -> None:
    model = FakeModel(*[call("run_shell_command", f"c{n}") for n in range(9)])

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.result()

    host = Host(model, FakeTool(), approval_mode="yolo", max_turns=3)
    host.play(script)
    assert host.of("result")[0]["stop_reason"] == "max_turns"
    assert len(model.requests) == 3
