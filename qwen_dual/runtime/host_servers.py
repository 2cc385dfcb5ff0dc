"""The MCP servers that the program on the other side of the streams has: its own, and those it names."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from qwen_dual.core.errors import HostFailed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from qwen_dual.mcp.config import ServerConfig
    from qwen_dual.mcp.hosted import Hosted
    from qwen_dual.mcp.records import ServerStatus
    from qwen_dual.mcp.servers import Servers
    from qwen_dual.mcp.transports import Streams
    from qwen_dual.runtime.opened import OpenSession

    Ask = Callable[[dict[str, Any], float | None], Awaitable[dict[str, Any]]]

_WORDS = {
    "connected": "connected",
    "connecting": "pending",
    "failed": "failed",
    "needs_auth": "needs-auth",
}
"""What claude-agent-sdk calls the states of a server; it calls the others ``disabled``."""


class HostServersError(ValueError):
    """Something about these servers that cannot be done; the text is for the program that asked."""


async def _nobody(request: dict[str, Any], timeout: float | None) -> dict[str, Any]:
    raise HostFailed("there is no program at the other end")


class HostServers:
    """Those of one session.

    Args:
        handle: the session; any of those that follow on it does as well.

    Attributes:
        ask: brings a request to that program, and gives what it is answered with.
    """

    def __init__(self, handle: OpenSession) -> None:
        self.ask: Ask = _nobody
        self._launch = handle.launch
        self._parts = handle.parts
        self._hosted: Hosted | None = None
        self._parts.sdk = self._transport

    def bring(self, own: Iterable[str], entries: Mapping[str, Any]) -> Sequence[str]:
        """Adds servers, and begins to connect them; returns what of them cannot be used, and why.

        Args:
            own: names of those that live in that program.
            entries: others, as ``mcpServers`` in the settings has them.
        """
        from qwen_dual.mcp.config import ServerConfig
        from qwen_dual.mcp.configured import BadConfig, read_servers

        configs = [ServerConfig(name=name, transport="sdk", source="sdk") for name in own]
        problems: list[str] = []
        if entries:
            launch = self._launch
            given = json.dumps({"mcpServers": entries})
            try:
                found = read_servers(
                    launch.settings,
                    launch.cwd,
                    given=[given],
                    strict=True,
                    allowed=launch.spec.allowed_mcp_servers,
                )
            except BadConfig as error:
                return [str(error)]
            problems += found.problems
            configs += [
                each if each.transport == "sdk" else replace(each, source="host")
                for each in found.servers.values()
            ]
        for config in configs:
            problem = self._add(config)
            if problem:
                problems.append(problem)
        return problems

    def take(self, server: str, message: Mapping[str, Any]) -> None:
        """Takes a message that a server in that program sends by itself.

        Raises:
            HostServersError: nobody waits for it.
        """
        from qwen_dual.mcp.errors import ServerFailure

        try:
            self._own().take(server, message)
        except ServerFailure as error:
            raise HostServersError(str(error)) from None

    def status(self) -> list[dict[str, Any]]:
        """All servers of the session, as claude-agent-sdk knows them."""
        servers = self._parts.servers
        return (
            []
            if servers is None
            else [_status_data(servers, status) for status in servers.status()]
        )

    def reconnect(self, name: str) -> None:
        """Connects a server anew.

        Raises:
            HostServersError: there is none of that name.
        """
        self._named(name)
        assert self._parts.servers is not None
        self._parts.servers.reconnect(name)

    def switch(self, name: str, *, on: bool) -> None:
        """Turns a server on or off until the session ends.

        Raises:
            HostServersError: there is none of that name.
        """
        config = self._named(name)
        if config.disabled is on and self._parts.spawn is not None:
            self._parts.spawn(partial(self._put, replace(config, disabled=not on)))

    # -- what it is made of ----------------------------------------------------------------------

    def _add(self, config: ServerConfig) -> str:
        """Adds a server; what is wrong with that, if anything."""
        from qwen_dual.runtime.mcp import add_server, servers_of, take_rules

        servers = servers_of(self._launch, self._parts)
        if any(status.name == config.name for status in servers.status()):
            same = servers.config(config.name) == config
            return "" if same else f"there is an MCP server {config.name!r} already"
        add_server(self._launch, self._parts, config)
        take_rules(self._launch, self._parts)
        return ""

    async def _put(self, config: ServerConfig) -> None:
        """Puts a server in the place of the one of its name."""
        assert self._parts.servers is not None
        await self._parts.servers.remove(config.name)
        self._add(config)

    def _named(self, name: str) -> ServerConfig:
        from qwen_dual.mcp.servers import NoSuchServer

        if self._parts.servers is None:
            raise HostServersError(f"there is no MCP server {name!r}")
        try:
            return self._parts.servers.config(name)
        except NoSuchServer as error:
            raise HostServersError(str(error)) from None

    def _own(self) -> Hosted:
        if self._hosted is None:
            from qwen_dual.mcp.hosted import Hosted

            self._hosted = Hosted(self._send)
        return self._hosted

    def _transport(self, config: ServerConfig) -> AbstractAsyncContextManager[Streams]:
        return self._own().transport(config)

    async def _send(self, server: str, message: Mapping[str, Any]) -> Any:
        request = {"subtype": "mcp_message", "server_name": server, "message": message}
        # How long it may take is the connection's affair, which cancels this.
        return (await self.ask(request, None)).get("mcp_response")


def _status_data(servers: Servers, status: ServerStatus) -> dict[str, Any]:
    name, _, version = status.server.rpartition(" ")
    told: dict[str, Any] = {
        "name": status.name,
        "status": _WORDS.get(status.state, "disabled"),
        "tools": [
            {"name": tool.tool, "description": tool.description}
            for tool in servers.tools(status.name)
        ],
    }
    if status.server:
        told["serverInfo"] = {"name": name or version, "version": version if name else ""}
    if status.error:
        told["error"] = status.error
    return told
