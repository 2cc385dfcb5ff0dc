"""MCP servers of a hosted session: what its events tell, and what a host can do about them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual import host
from qwen_dual.host.event import Event
from qwen_dual.host.mcp import McpServer
from qwen_dual.host.tracker import Tracker
from tests.host.support import on_asyncio, real, run
from tests.mcp.support import HOSTILE

if TYPE_CHECKING:
    from pathlib import Path


def event(*servers: Any, complete: bool = False) -> Event:
    data = {"servers": list(servers), "complete": complete}
    return Event({"type": "system", "subtype": "mcp", "data": data})


def test_servers_are_known_as_they_were_last_told() -> None:
    tracker = Tracker()
    tracker.feed(event({"name": "a", "state": "connecting"}, {"name": "b", "state": "failed"}))
    tracker.feed(event({"name": "a", "state": "connected", "tools": ["t", 1], "resources": 2}))
    assert tracker.mcp_servers["a"] == McpServer("a", "connected", tools=("t",), resources=2)
    assert tracker.mcp_servers["a"].is_connected
    tracker.feed(event({"name": "b", "state": "disconnected"}, "x", {"state": "no name"}))
    assert list(tracker.mcp_servers) == ["a"]
    tracker.feed(event({"name": "c", "state": "new word"}, complete=True))
    assert list(tracker.mcp_servers) == ["c"]
    tracker.feed(Event({"type": "system", "subtype": "mcp", "data": {"servers": 5}}))
    assert list(tracker.mcp_servers) == ["c"]


@on_asyncio
def test_a_host_adds_looks_at_and_removes_a_server(tmp_path: Path, backend: str) -> None:
    entry = {"command": sys.executable, "args": ["-SE", str(HOSTILE), "good"]}

    async def main() -> None:
        async with real(tmp_path) as session:
            assert await session.mcp_status() == []
            with pytest.raises(host.CommandRejected, match="has no command, httpUrl or url"):
                await session.mcp_add("bad", {})
            with session.events() as events:
                await session.mcp_add("good", entry)
                async for told in events:
                    servers = told.data.get("servers", []) if told.subtype == "mcp" else []
                    if any(server["state"] == "connected" for server in servers):
                        break
            (server,) = await session.mcp_status()
            assert (server.name, server.state, server.source) == ("good", "connected", "host")
            assert "mcp__good__echo" in server.tools
            await session.mcp_remove("good")
            with pytest.raises(host.CommandRejected, match="there is no MCP server 'other'"):
                await session.mcp_remove("other")

    run(backend, main)
