"""A service to sign in at, and sessions with a server that wants it."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.mcp.authorization import Authorizations
from qwen_dual.mcp.config import ServerConfig
from qwen_dual.mcp.servers import Servers
from qwen_dual.mcp.tokens import NAME, Credentials, TokenStore
from qwen_dual.mcp.transports import Transports
from tests.mcp.oauth_service import Service, service
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from qwen_dual.mcp.records import ServerStatus
    from tests.models.server import Server


class Session:
    """A session with one server, in a home of its own or of another's."""

    def __init__(self, home: Path, config: ServerConfig) -> None:
        self.secrets: set[str] = set()
        self.store = TokenStore(str(home))
        self.authorizations = Authorizations(self.store, None, dict, self.secrets.add)
        transports = Transports(str(home), dict, lambda *_: None, auth=self.authorizations.auth)
        self.servers = Servers(
            transports, lambda gone, new: None, authorizations=self.authorizations
        )
        self.servers.add(config)

    @property
    def status(self) -> ServerStatus:
        """Of the server, now."""
        return self.servers.status()[0]

    async def comes_to(self, state: str) -> ServerStatus:
        """Waits until the server is in this state."""
        await until(lambda: self.status.state == state, state)
        return self.status

    async def call(self, name: str) -> dict[str, Any]:
        """Calls one of its tools."""
        [tool] = [each for each in self.servers.tools("guarded") if each.tool == name]
        return await tool.server.call(name, {}, lambda *_: None, repeatable=False)


class Kit:
    """A service, and sessions with it."""

    def __init__(self, home: Path, made: Service, server: Server) -> None:
        self.home, self.service, self.server = home, made, server
        self.config = ServerConfig(
            name="guarded", transport="http", url=made.address, discovery_timeout=30
        )

    @asynccontextmanager
    async def session(self, config: ServerConfig | None = None) -> AsyncIterator[Session]:
        """One that runs; its server has been tried."""
        made = Session(self.home, config or self.config)
        async with anyio.create_task_group() as group:
            group.start_soon(made.servers.run)
            await made.servers.settled()
            yield made
            group.cancel_scope.cancel()

    def signed_in(self, **more: Any) -> Credentials:
        """Keeps a sign-in from before."""
        given = self.service.give()
        kept = Credentials(
            server="guarded",
            url=self.config.url,
            access_token=given["access_token"],
            refresh_token=given["refresh_token"],
            client={"client_id": "registered", "token_endpoint_auth_method": "none"},
            token_url=f"{self.service.url}/token",
            **more,
        )
        TokenStore(str(self.home)).put(kept)
        return kept

    def kept(self) -> list[dict[str, Any]]:
        """What is in the file."""
        return json.loads((self.home / NAME).read_text())  # type: ignore[no-any-return]


def run(home: Path, test: Callable[[Kit], Awaitable[None]]) -> None:
    async def main() -> None:
        with anyio.fail_after(50):
            async with service() as (made, server):
                await test(Kit(home, made, server))

    anyio.run(main)
