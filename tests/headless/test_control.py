"""The control protocol: each request is answered, and what may run is decided by the other side."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.model import ModelError, TextDelta
from qwen_dual.frontends.headless.control import ControlProtocol
from qwen_dual.protocol.control import ControlRequest, ControlResponse
from qwen_dual.protocol.events import UNKNOWN_REQUEST
from qwen_dual.runtime.handle import SessionHandle
from qwen_dual.runtime.host_servers import HostServers, HostServersError
from tests.support.fakes import FakeModel, FakeTool, Host, call

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Servers(HostServers):
    """The servers of the other side, which are only noted."""

    def __init__(self) -> None:
        self.brought: list[tuple[list[str], dict[str, Any]]] = []
        self.did: list[tuple[Any, ...]] = []

    def bring(self, own: Iterable[str], entries: Mapping[str, Any]) -> list[str]:
        self.brought.append((list(own), dict(entries)))
        return ["git: url: expected an address"] if "git" in entries else []

    def status(self) -> list[dict[str, Any]]:
        return [{"name": "calc", "status": "connected"}]

    def take(self, server: str, message: Mapping[str, Any]) -> None:
        self.did.append(("take", server, message))

    def reconnect(self, name: str) -> None:
        if name != "calc":
            raise HostServersError(f"there is no MCP server {name!r}")
        self.did.append(("reconnect", name))

    def switch(self, name: str, *, on: bool) -> None:
        self.did.append(("switch", name, on))


class Side:
    """The other side: what it was sent, and what it asks and answers."""

    def __init__(self, host: Host, *, asks: bool = True, **options: Any) -> None:
        self.sent: list[dict[str, Any]] = []
        self.warned: list[str] = []
        handle = SessionHandle(host.session)
        self.servers = Servers()
        self.control = ControlProtocol(
            handle,
            self.sent.append,
            self.warned.append,
            asks=asks,
            servers=self.servers,
            **options,
        )
        host.bus.subscribe(self.control.observe)
        self.host = host

    def ask(self, subtype: str, **fields: Any) -> dict[str, Any]:
        """The response to a request."""
        self.control.request(ControlRequest("r", subtype, {"subtype": subtype, **fields}))
        response = self.sent[-1]["response"]
        assert response["request_id"] == "r"
        return response  # type: ignore[no-any-return]

    def ok(self, subtype: str, **fields: Any) -> dict[str, Any]:
        """What a request that is carried out is answered with."""
        response = self.ask(subtype, **fields)
        assert response["subtype"] == "success", response
        return response["response"]  # type: ignore[no-any-return]

    async def asked(self, count: int = 1) -> dict[str, Any]:
        """The ``count``-th question of the session, as it was sent."""
        await self.host.until(lambda event: event["type"] == "control_request", count)
        return [message for message in self.sent if message["type"] == "control_request"][count - 1]

    def answer(self, question: Mapping[str, Any], error: str = "", **response: Any) -> None:
        """Answers a question."""
        self.control.response(ControlResponse(question["request_id"], response, error))

    def of(self, kind: str) -> list[dict[str, Any]]:
        """What was sent of a type."""
        return [message for message in self.sent if message["type"] == kind]


def host(*answers: Any, tool: FakeTool | None = None, **options: Any) -> Host:
    return Host(FakeModel(*answers), tool or FakeTool(), **options)


def played(*answers: Any, script: Any, tool: FakeTool, **options: Any) -> Host:
    """A session in which the model is asked once, with the other side played by ``script``."""
    made = host(*answers, tool=tool, **options)
    side = Side(made)

    async def play(_: Host) -> None:
        made.session.submit("go", KEYBOARD)
        await script(side)
        await made.result()
        side.control.close()

    made.play(play)
    return made


def told(made: Host) -> dict[str, Any]:
    """The result of the one call."""
    [event] = [
        event
        for event in made.of("user")
        if event["message"]["content"][0]["type"] == "tool_result"
    ]
    return event["message"]["content"][0]  # type: ignore[no-any-return]


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
        "error": "Invalid permission mode: quick. Valid values are: plan, default, auto-edit, yolo",
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


def test_a_call_runs_when_the_other_side_allows_it() -> None:
    tool = FakeTool()

    async def script(side: Side) -> None:
        question = await side.asked()
        request = question["request"]
        assert request["tool_name"] == "run_shell_command"
        assert request["tool_use_id"] == "call_1"
        assert request["input"] == {"command": "ls"}
        assert question["session_id"] == side.host.bus.session_id
        side.answer(question, behavior="allow", updatedInput={"command": "ls"})

    played(call("run_shell_command", command="ls"), script=script, tool=tool)
    assert tool.runs == [{"command": "ls"}]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"behavior": "deny", "message": "not today"}, "not today"),
        ({"behavior": "deny"}, "did not allow"),
        ({"behavior": "perhaps"}, "cannot be used"),
        ({"behavior": "allow", "updatedInput": []}, "cannot be used"),
        ({"error": "it threw"}, "failed: it threw"),
    ],
)
def test_any_other_answer_denies_the_call_and_the_model_is_told_why(
    answer: dict[str, Any], reason: str
) -> None:
    tool = FakeTool()

    async def script(side: Side) -> None:
        side.answer(await side.asked(), **answer)

    made = played(call("run_shell_command", command="ls"), script=script, tool=tool)
    assert tool.runs == []
    assert reason in told(made)["content"]


def test_what_runs_is_the_input_of_the_answer_judged_by_the_rules_that_deny() -> None:
    tool = FakeTool()

    async def changes(side: Side) -> None:
        side.answer(await side.asked(), behavior="allow", updatedInput={"command": "ls -l"})

    made = played(call("run_shell_command", command="ls"), script=changes, tool=tool)
    assert tool.runs == [{"command": "ls -l"}]
    assert '"command":"ls -l"' in told(made)["content"]

    async def denied(side: Side) -> None:
        side.host.session.policy.set_rules(deny=["Bash(rm *)"])
        side.answer(await side.asked(), behavior="allow", updatedInput={"command": "rm x"})

    tool.runs.clear()
    made = played(call("run_shell_command", command="ls"), script=denied, tool=tool)
    assert tool.runs == []
    assert "denies this" in told(made)["content"]


def test_calls_that_are_asked_about_together_are_answered_in_any_order() -> None:
    tool = FakeTool()
    calls = [
        *call("run_shell_command", "a", command="one"),
        *call("run_shell_command", "b", command="two"),
    ]

    async def script(side: Side) -> None:
        second = await side.asked(2)
        first = await side.asked(1)
        side.answer(second, behavior="allow")
        side.answer(first, behavior="deny")

    played(calls, script=script, tool=tool)
    assert [run["command"] for run in tool.runs] == ["two"]


def test_a_denial_may_end_the_turn() -> None:
    async def script(side: Side) -> None:
        side.answer(await side.asked(), behavior="deny", message="stop", interrupt=True)

    made = played(call("run_shell_command", command="ls"), script=script, tool=FakeTool())
    assert made.of("result")[0]["stop_reason"] == "denied"
    assert len(made.model.requests) == 1


def test_who_decides_is_told_when_another_has() -> None:
    async def script(side: Side) -> None:
        question = await side.asked()
        side.ok("interrupt")
        [cancelled] = side.of("control_cancel_request")
        assert cancelled["request_id"] == question["request_id"]
        assert all("session_id" in message for message in side.sent)
        side.answer(question, behavior="allow")  # too late
        late = side.host.of("control_response")[-1]["response"]
        assert late["error"] == UNKNOWN_REQUEST

    tool = FakeTool()
    made = played(call("run_shell_command", command="ls"), script=script, tool=tool)
    assert made.of("result")[0]["stop_reason"] == "interrupted"
    assert tool.runs == []


def test_nothing_is_allowed_by_who_has_left() -> None:
    async def script(side: Side) -> None:
        await side.asked()
        side.control.close()

    made = played(call("run_shell_command", command="ls"), script=script, tool=FakeTool())
    assert "has left" in told(made)["content"]


def test_an_input_that_is_too_long_has_to_come_back_whole() -> None:
    content = "x" * 200_000
    tool = FakeTool("write_file", "edit")
    paths: list[Path] = []

    def script(whole: bool) -> Any:
        async def play(side: Side) -> None:
            question = await side.asked()
            assert len(json.dumps(question)) < 65_536
            request = question["request"]
            said = request["permission_suggestions"][-1]
            assert said["type"] == "modify"
            paths.append(Path(said["description"].partition(" is JSON in ")[2].split(", ")[0]))
            assert paths[-1].stat().st_mode & 0o777 == 0o600
            given = json.loads(paths[-1].read_text())
            assert given == {"file_path": "/a", "content": content}
            changed = {**(given if whole else request["input"]), "file_path": "/b"}
            side.answer(question, behavior="allow", updatedInput=changed)

        return play

    asked = call("write_file", file_path="/a", content=content)
    made = played(asked, script=script(False), tool=tool)
    assert "too large" in told(made)["content"]
    assert tool.runs == []
    played(asked, script=script(True), tool=tool)
    assert tool.runs == [{"file_path": "/b", "content": content}]
    assert not any(path.exists() for path in paths)


@pytest.mark.parametrize("by", ["answer", "interrupt", "end"])
def test_the_file_with_the_whole_input_may_be_gone_by_the_time_of_the_answer(by: str) -> None:
    tool = FakeTool("write_file", "edit")

    async def script(side: Side) -> None:
        question = await side.asked()
        said = question["request"]["permission_suggestions"][-1]["description"]
        kept = Path(said.partition(" is JSON in ")[2].split(", ")[0])
        shutil.rmtree(kept.parent)  # a command did, or who cleans up
        if by == "answer":
            side.answer(question, behavior="deny", message="no")
            again = await side.asked(2)
            assert " is JSON in " in again["request"]["permission_suggestions"][-1]["description"]
            side.answer(again, behavior="deny", message="nor this")
        elif by == "interrupt":
            side.ok("interrupt")
        else:
            side.control.close()

    asked = call("write_file", file_path="/a", content="x" * 200_000)
    made = played(*[asked] * (2 if by == "answer" else 1), script=script, tool=tool)
    assert tool.runs == []
    assert made.of("result")


def test_an_answer_that_cannot_be_taken_allows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    tool = FakeTool()

    def broken(_: Any) -> Any:
        raise RecursionError("too deep")

    async def script(side: Side) -> None:
        question = await side.asked()
        monkeypatch.setattr("qwen_dual.frontends.headless.permissions.permission_answer", broken)
        side.answer(question, behavior="allow")

    made = played(call("run_shell_command", command="ls"), script=script, tool=tool)
    assert tool.runs == []
    assert "internal error: what it was given is nested too deep" in told(made)["content"]


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
