"""An MCP server that wants people to sign in, and the authorization server behind it, in one."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from tests.models.server import Reply, reply, serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.models.server import Received, Server

Answer = Callable[["Received"], Reply]


class Service:
    """What it knows, and what the tests turn.

    Attributes:
        tokens: those that are good.
        refreshes: how many refresh tokens were brought.
        grants: the grants that were asked for, in order.
        more: tools whose calls want another scope.
        instead: by path, an answer in place of its own.
    """

    def __init__(self) -> None:
        self.url = ""
        self.tokens: set[str] = set()
        self.refreshes = 0
        self.grants: list[Mapping[str, str]] = []
        self.more: set[str] = set()
        self.lifetime = 3600
        self.instead: dict[str, Answer] = {}
        self._numbers = itertools.count(1)

    @property
    def address(self) -> str:
        """Of the MCP server."""
        return f"{self.url}/mcp"

    def __call__(self, request: Received) -> Reply:
        path = urlsplit(request.target).path
        if path in self.instead:
            return self.instead[path](request)
        found: dict[str, Answer] = {
            "/.well-known/oauth-protected-resource/mcp": self._resource,
            "/.well-known/oauth-authorization-server": self._metadata,
            "/register": self._register,
            "/authorize": self._authorize,
            "/token": self._token,
            "/mcp": self._mcp,
        }
        return found[path](request) if path in found else reply("", status=404)

    def give(self, scope: str = "read") -> dict[str, Any]:
        """A new token, with the refresh token that goes with it."""
        number = next(self._numbers)
        self.tokens.add(f"access-{number}")
        return {
            "access_token": f"access-{number}",
            "refresh_token": f"refresh-{number}",
            "token_type": "bearer",
            "expires_in": self.lifetime,
            "scope": scope,
        }

    def _resource(self, request: Received) -> Reply:
        return reply({"resource": self.address, "authorization_servers": [self.url]})

    def _metadata(self, request: Received) -> Reply:
        said = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "registration_endpoint": f"{self.url}/register",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
        }
        return reply(said)

    def _register(self, request: Received) -> Reply:
        given = {**request.json, "client_id": "registered", "token_endpoint_auth_method": "none"}
        return reply(given, status=201)

    def _authorize(self, request: Received) -> Reply:
        asked = {key: value[0] for key, value in parse_qs(urlsplit(request.target).query).items()}
        back = urlencode({"code": f"code for {asked['scope']}", "state": asked["state"]})
        return reply("", status=302, headers={"Location": f"{asked['redirect_uri']}?{back}"})

    def _token(self, request: Received) -> Reply:
        asked = {key: value[0] for key, value in parse_qs(request.body.decode()).items()}
        self.grants.append(asked)
        if asked["grant_type"] == "refresh_token":
            self.refreshes += 1
            number = asked["refresh_token"].rpartition("-")[2]
            if f"access-{number}" not in self.tokens:
                return reply({"error": "invalid_grant"}, status=400)
            self.tokens.discard(f"access-{number}")  # each refresh token works once
        return reply(self.give(asked.get("code", "code for read").removeprefix("code for ")))

    def _mcp(self, request: Received) -> Reply:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        if bearer not in self.tokens:
            where = f"{self.url}/.well-known/oauth-protected-resource/mcp"
            header = f'Bearer resource_metadata="{where}", scope="read"'
            return reply("", status=401, headers={"WWW-Authenticate": header})
        if request.method != "POST":
            return reply("", status=405)
        message = request.json
        if "id" not in message:
            return reply("", status=202)
        if message["method"] == "tools/call" and message["params"]["name"] in self.more:
            header = 'Bearer error="insufficient_scope", scope="write"'
            return reply("", status=403, headers={"WWW-Authenticate": header})
        return reply({"jsonrpc": "2.0", "id": message["id"], "result": _result(message)})


def _result(message: Mapping[str, Any]) -> Mapping[str, Any]:
    if message["method"] == "initialize":
        return {
            "protocolVersion": message["params"]["protocolVersion"],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "guarded", "version": "1"},
        }
    if message["method"] == "tools/list":
        schema = {"type": "object"}
        return {"tools": [{"name": name, "inputSchema": schema} for name in ("look", "change")]}
    return {"content": [{"type": "text", "text": "done"}]}


@asynccontextmanager
async def service() -> AsyncIterator[tuple[Service, Server]]:
    """One that runs, and what came to it."""
    made = Service()
    async with serve(*itertools.repeat(made, 500)) as server:
        made.url = server.url
        yield made, server


async def agreed(url: str) -> str:
    """The address that a browser is sent back to in which the person agrees to everything."""
    async with httpx.AsyncClient(timeout=30) as browser:
        found: str = (await browser.get(url)).headers["location"]
    return found


async def agree(url: str) -> None:
    """A browser in which the person agrees to everything."""
    async with httpx.AsyncClient(timeout=30) as browser:
        await browser.get(await agreed(url))
