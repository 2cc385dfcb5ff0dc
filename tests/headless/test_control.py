"""The control protocol: each request is answered."""

from __future__ import annotations

import anyio

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.models.model import ModelError, TextDelta
from tests.headless.control_kit import Side, host
from tests.support.fakes import FakeModel, Host


def test_initialize_says_what_can_be_done() -> None:
    side = Side(host(), asks=False)
    said = side.ok("initialize", hooks=None)
    assert said["session_id"] == side.host.bus.session_id
    assert said["capabilities"]["can_handle_can_use_tool"] is True
    assert said["unsupported"] == []
    assert side.control.asks
    assert side.ok("mcp_server_status")["status"] == {}
    assert side.servers.brought == []


def test_servers_come_with_initialize_in_the_forms_of_each_sdk() -> None:
    side = Side(host(), asks=False)
    own = {"calc": {"type": "sdk", "name": "calc"}}
    said = side.ok("initialize", sdkMcpServers=own, mcpServers={"git": {"url": 3}})
    assert said["capabilities"]["can_handle_mcp_message"] is True
    assert said["unsupported"] == []
    assert side.warned == ["git: url: expected an address"]
    side.ok("initialize", sdkMcpServers=["calc", 3, ""], mcpServers=None)
    assert side.servers.brought == [(["calc"], {"git": {"url": 3}}), (["calc"], {})]


def test_servers_are_asked_about_steered_and_heard() -> None:
    side = Side(host())
    assert side.ok("mcp_status")["mcpServers"] == [{"name": "calc", "status": "connected"}]
    changed = {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}
    side.ok("mcp_message", server_name="calc", message=changed)
    side.ok("mcp_reconnect", serverName="calc")
    side.ok("mcp_toggle", serverName="calc", enabled=False)
    assert side.servers.did == [
        ("take", "calc", changed),
        ("reconnect", "calc"),
        ("switch", "calc", False),
    ]
    assert side.ask("mcp_reconnect", serverName="git")["error"] == "there is no MCP server 'git'"
    for subtype in ("mcp_message", "mcp_reconnect", "mcp_toggle"):
        assert side.ask(subtype)["subtype"] == "error"


def test_modes_are_set_under_the_names_of_either_sdk() -> None:
    side = Side(host())
    assert side.ok("set_permission_mode", mode="auto-edit")["mode"] == "auto-edit"
    assert side.ok("set_permission_mode", mode="bypassPermissions")["mode"] == "yolo"
    assert side.host.session.approval_mode == "yolo"
    assert side.ask("set_permission_mode", mode="quick") == {
        "subtype": "error",
        "request_id": "r",
        "error": "Invalid permission mode: quick. Valid values are: plan, default, auto-edit, auto, yolo",
    }
    assert side.ask("set_permission_mode")["subtype"] == "error"


def test_models_are_listed_and_set() -> None:
    side = Side(host())
    side.host.session.add_model("second", FakeModel(name="second", context_window=5))
    listed = side.ok("get_available_models")["models"]
    assert [(one["id"], one["contextWindowSize"]) for one in listed] == [
        ("fake", 100_000),
        ("second", 5),
    ]
    assert side.ok("set_model", model="second")["model"] == "second"
    assert side.host.session.model_name == "second"
    assert side.ask("set_model", model="")["subtype"] == "error"
    assert "third" in side.ask("set_model", model="third")["error"]


def test_a_model_that_only_the_service_knows_is_set_too() -> None:
    def look(name: str) -> None:
        if name == "third":
            made.session.add_model(name, FakeModel(name=name))

    made = host()
    side = Side(made, look_for_model=look)
    assert side.ok("set_model", model="third")["model"] == "third"
    assert made.session.model_name == "third"
    assert side.ask("set_model", model="fourth")["subtype"] == "error"


def test_what_the_window_holds_adds_up() -> None:
    side = Side(host(system="x" * 400))
    side.host.session.conversation.add("user", [{"type": "text", "text": "y" * 4_000}])
    usage = side.ok("get_context_usage", show_details=True)
    parts = usage["breakdown"]
    assert usage["totalTokens"] == sum(
        parts[key] for key in ("systemPrompt", "builtinTools", "messages", "unattributed")
    )
    assert usage["builtinTools"][0]["name"] == "run_shell_command"
    assert parts["systemPrompt"] == 100
    assert parts["messages"] > 1_000
    assert parts["freeSpace"] == 100_000 - usage["totalTokens"]
    side.host.session.conversation.tokens = 50_000
    usage = side.ok("get_context_usage")
    assert (usage["totalTokens"], usage["breakdown"]["currentTier"]) == (50_000, "safe")
    assert side.ok("get_context_usage")["builtinTools"] == []


def test_a_failed_call_is_made_again_and_nothing_else_is() -> None:
    made = host([ModelError("no", 400)], [TextDelta("yes")])
    side = Side(made)

    async def play(_: Host) -> None:
        assert side.ok("continue_last_turn")["accepted"] is False
        made.session.submit("go", KEYBOARD)
        await made.result()
        assert side.ok("continue_last_turn")["accepted"] is True
        await made.result(2)

    made.play(play)
    assert made.of("result")[1]["result"] == "yes"


def test_an_effort_is_not_said_to_be_set() -> None:
    said = Side(host()).ok("set_effort", effort="high")
    assert (said["applied"], said["override"]) == (False, None)
    assert "settings" in said["reason"]


def test_what_is_not_known_is_an_error() -> None:
    side = Side(host())
    assert side.ask("no_such_thing")["error"] == "Unknown control request subtype: no_such_thing"


def test_the_commands_are_those_of_the_session() -> None:
    assert {"compress", "stats", "tools"} <= set(Side(host()).ok("supported_commands")["commands"])


def test_a_handler_that_breaks_answers_too() -> None:
    side = Side(host())
    del side.host.session.policy
    assert side.ask("set_permission_mode", mode="plan")["error"].startswith("internal error")


def test_an_interrupt_stops_what_runs_and_is_answered_where_nothing_does() -> None:
    gate = anyio.Event()
    made = host([TextDelta("a"), gate])
    side = Side(made)

    async def play(_: Host) -> None:
        assert side.ok("interrupt") == {"subtype": "interrupt"}
        made.session.submit("go", KEYBOARD)
        await made.until(lambda event: event["type"] == "stream_event")
        side.ok("interrupt")
        await made.result()

    made.play(play)
    assert made.of("result")[0]["stop_reason"] == "interrupted"
