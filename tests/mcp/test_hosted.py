"""Servers in the program that runs this one: what goes there, and what comes back whatever it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.core.errors import HostFailed
from qwen_dual.mcp.config import ServerConfig
from qwen_dual.mcp.errors import ServerFailure
from qwen_dual.mcp.hosted import Hosted
from qwen_dual.mcp.servers import Servers
from qwen_dual.mcp.transports import Transports
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from qwen_dual.mcp.records import ServerStatus

TOOL = {"name": "add", "inputSchema": {"type": "object"}}
CHANGED = {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}


class Program:
    """A program with a server in it, and the session that it runs.

    Attributes:
        calls: answers a call of a tool.
        tools: of the server.
        heard: the methods that reached it.
        cancelled: how many calls nobody waited for any more.
    """

    def __init__(self) -> None:
        self.calls: Callable[[dict[str, Any]], Awaitable[Any]] = self.answers
        self.tools: list[dict[str, Any]] = [TOOL]
        self.heard: list[str] = []
        self.cancelled = 0
        self.hosted = Hosted(self._send)
        transports = Transports("/", dict, lambda name, text: None, sdk=self.hosted.transport)
        self.servers = Servers(transports, lambda gone, new: None)
        self._changed = anyio.Event()
        self.servers.listen(self._on_change)
        config = ServerConfig(
            name="calc", transport="sdk", source="sdk", timeout=20, discovery_timeout=20
        )
        self.servers.add(config)

    async def until(self, reached: Callable[[ServerStatus], bool]) -> ServerStatus:
        """The status of the server, once it is as wanted."""
        while not reached(status := self.servers.status()[0]):
            self._changed = anyio.Event()
            await self._changed.wait()
        return status

    async def call(self) -> dict[str, Any]:
        """What a call of its first tool comes to."""
        [tool, *_] = self.servers.tools("calc")
        return await tool.server.call(tool.tool, {}, lambda *_: None, repeatable=False)

    async def answers(self, params: dict[str, Any]) -> Any:
        """A call that goes well."""
        return {"result": {"content": [{"type": "text", "text": params["name"]}]}}

    def _on_change(self, status: ServerStatus) -> None:
        self._changed.set()

    async def _send(self, server: str, message: Mapping[str, Any]) -> Any:
        assert server == "calc"
        method = message["method"]
        self.heard.append(method)
        if "id" not in message:  # as Qwen Code's SDK answers a notification
            return {"jsonrpc": "2.0", "result": {}, "id": 0}
        if method == "initialize":
            said = {
                "protocolVersion": message["params"]["protocolVersion"],
                "capabilities": {"tools": {"listChanged": True}},
                "serverInfo": {"name": "calc", "version": "1"},
            }
            return {"jsonrpc": "2.0", "id": message["id"], "result": said}
        if method == "tools/list":
            return {"jsonrpc": "2.0", "id": message["id"], "result": {"tools": self.tools}}
        try:
            return await self.calls(message["params"])
        except anyio.get_cancelled_exc_class():
            self.cancelled += 1
            raise


def run(test: Callable[[Program], Awaitable[None]]) -> None:
    async def main() -> None:
        with anyio.fail_after(30):
            program = Program()
            async with anyio.create_task_group() as group:
                group.start_soon(program.servers.run)
                await program.until(lambda status: status.state == "connected")
                await test(program)
                group.cancel_scope.cancel()

    anyio.run(main)


def test_messages_go_there_in_their_order_and_tools_come_of_it() -> None:
    async def test(program: Program) -> None:
        assert program.heard == ["initialize", "notifications/initialized", "tools/list"]
        assert program.servers.status()[0].tools == ("mcp__calc__add",)
        assert program.servers.status()[0].server == "calc 1"
        assert (await program.call())["content"] == [{"type": "text", "text": "add"}]

    run(test)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"error": {"code": 1, "message": "it is on strike"}}, "it is on strike"),
        ({"result": {"content": "no list"}}, "not what MCP says"),
        ({"result": 3}, "no message of MCP"),
        ({"error": {}, "result": {}}, "not what MCP says"),
        (None, "not what MCP says"),
        ([], "not what MCP says"),
    ],
)
def test_an_answer_that_is_none_fails_that_call_alone(answer: Any, why: str) -> None:
    async def test(program: Program) -> None:
        async def says(params: dict[str, Any]) -> Any:
            return answer

        program.calls = says
        with pytest.raises(ServerFailure, match=why):
            await program.call()
        program.calls = program.answers
        assert await program.call()
        assert program.heard.count("initialize") == 1

    run(test)


def test_a_program_that_fails_is_told_in_its_words() -> None:
    async def test(program: Program) -> None:
        async def fails(params: dict[str, Any]) -> Any:
            raise HostFailed("MCP request timeout")

        program.calls = fails
        with pytest.raises(ServerFailure, match="MCP request timeout"):
            await program.call()
        assert program.servers.status()[0].state == "connected"

    run(test)


def test_nothing_is_awaited_of_a_call_that_nobody_waits_for() -> None:
    async def test(program: Program) -> None:
        begun = anyio.Event()

        async def hangs(params: dict[str, Any]) -> Any:
            begun.set()
            await anyio.sleep_forever()

        program.calls = hangs
        async with anyio.create_task_group() as group:
            group.start_soon(program.call)
            await begun.wait()
            group.cancel_scope.cancel()
        await until(lambda: program.cancelled, "the call is taken back")
        assert "notifications/cancelled" in program.heard

    run(test)


def test_what_a_server_sends_by_itself_is_heard() -> None:
    async def test(program: Program) -> None:
        program.tools = [TOOL, {**TOOL, "name": "subtract"}]
        program.hosted.take("calc", CHANGED)
        await program.until(lambda status: "mcp__calc__subtract" in status.tools)
        with pytest.raises(ServerFailure, match="nobody is connected"):
            program.hosted.take("git", CHANGED)
        with pytest.raises(ServerFailure, match="no message of MCP"):
            program.hosted.take("calc", {"jsonrpc": "1.0"})

    run(test)
