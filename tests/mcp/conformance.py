"""A client for the package of conformance tests: our connections and sign-ins, with a person played."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import httpx

from qwen_dual.mcp.authorization import Authorizations
from qwen_dual.mcp.config import ServerConfig
from qwen_dual.mcp.errors import NeedsSignIn, ServerFailure
from qwen_dual.mcp.opening import NoAnswers
from qwen_dual.mcp.servers import Servers
from qwen_dual.mcp.tokens import TokenStore
from qwen_dual.mcp.transports import Transports
from tests.support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.mcp.records import ServerStatus
    from qwen_dual.mcp.tools import ServerTool

NAME = "conformance"
CLIENT_DOCUMENT = "https://conformance-test.local/client-metadata.json"
SIGN_INS = 3
"""How often the person who is played signs in before they give up."""

ARGUMENTS: Mapping[str, Mapping[str, Any]] = {"add_numbers": {"a": 5, "b": 3}}


class GaveUp(Exception):
    """The person who is played stopped; the text says why."""


async def play(url: str, scenario: str, context: Mapping[str, Any], home: str) -> None:
    """Connects to the server of a scenario, signs in where it wants that, and calls each tool.

    Args:
        url: of the server.
        scenario: its name.
        context: what it tells a client.
        home: a folder for what is kept.

    Raises:
        GaveUp: it does not come to its end.
    """
    config = ServerConfig(
        name=NAME,
        transport="http",
        url=url,
        timeout=60,
        discovery_timeout=60,
        oauth=await _oauth(scenario, context, url),
    )
    client = Client(config, home)
    failure: GaveUp | None = None
    async with anyio.create_task_group() as group:
        group.start_soon(client.servers.run)
        try:
            await client.play()
        except GaveUp as error:
            failure = error
        group.cancel_scope.cancel()
    if failure is not None:
        raise failure


async def _oauth(scenario: str, context: Mapping[str, Any], url: str) -> Mapping[str, Any]:
    """What a person would have in their settings for it."""
    known = {"clientId": context.get("client_id"), "clientSecret": context.get("client_secret")}
    found: dict[str, Any] = {key: value for key, value in known.items() if value}
    if scenario == "auth/basic-cimd":
        found["clientId"] = CLIENT_DOCUMENT
    if found:  # registered by hand, with a port of their own: the usual one is another scenario's
        found["redirectUri"] = f"http://127.0.0.1:{free_port()}/oauth/callback"
    if "client-credentials" in scenario:
        found["grantType"] = "client_credentials"
    if "private_key_pem" in context:
        found["privateKey"] = context["private_key_pem"]
        found["signingAlgorithm"] = context["signing_algorithm"]
    if "idp_token_endpoint" in context:
        found["grantType"] = "jwt-bearer"
        found["issuer"] = await _issuer(url)
        found["identityProvider"] = {
            "tokenUrl": context["idp_token_endpoint"],
            "clientId": context["idp_client_id"],
            "idToken": context["idp_id_token"],
        }
    return found


async def _issuer(url: str) -> str:
    """Which authorization server a person would have been told by whoever runs the server."""
    base, path = url.rsplit("/", 1)
    async with httpx.AsyncClient(timeout=30) as client:
        said = await client.get(f"{base}/.well-known/oauth-protected-resource/{path}")
    return said.json()["authorization_servers"][0]  # type: ignore[no-any-return]


async def visit(url: str) -> None:
    """What a browser does in which everything is agreed to."""
    async with httpx.AsyncClient(timeout=30) as client:
        page = await client.get(url)
        await client.get(page.headers["location"])


async def send_off(server: str, asked: dict[str, Any]) -> dict[str, Any]:
    """A form as a person sends it off who changes nothing in it."""
    fields = asked["requestedSchema"]["properties"]
    defaults = {name: field["default"] for name, field in fields.items() if "default" in field}
    return {"action": "accept", "content": defaults}


class Client:
    """One server, and a person who signs in when it is asked for."""

    def __init__(self, config: ServerConfig, home: str) -> None:
        authorizations = Authorizations(TokenStore(home), None, dict)
        transports = Transports(home, dict, lambda name, text: None, auth=authorizations.auth)
        self.servers = Servers(
            transports,
            lambda gone, new: None,
            answers=NoAnswers(send_off),
            authorizations=authorizations,
        )
        self._changed = anyio.Event()
        self._sign_ins = 0
        self.servers.listen(self._on_change)
        self.servers.add(config)

    async def play(self) -> None:
        """Connects, and calls each tool."""
        await self._connect()
        for tool in self.servers.tools(NAME):
            await self._call(tool)

    def _on_change(self, status: ServerStatus) -> None:
        self._changed.set()

    async def _connect(self) -> None:
        while (status := self.servers.status()[0]).state != "connected":
            if status.state == "needs_auth":
                await self._sign_in()
            elif status.state == "connecting":
                await self._changed.wait()
                self._changed = anyio.Event()
            else:
                raise GaveUp(f"{status.state}: {status.error}")

    async def _sign_in(self) -> None:
        self._sign_ins += 1
        if self._sign_ins > SIGN_INS:
            raise GaveUp("the server asks for signing in again and again")
        try:
            await self.servers.sign_in(NAME, visit)
        except ServerFailure as error:
            raise GaveUp(f"signing in failed: {error}") from None
        while self.servers.status()[0].state != "connecting":
            self._changed = anyio.Event()
            await self._changed.wait()

    async def _call(self, tool: ServerTool) -> None:
        arguments = ARGUMENTS.get(tool.tool, {})
        while True:
            try:
                await tool.server.call(tool.tool, arguments, lambda *_: None, repeatable=False)
                return
            except ServerFailure as error:
                needs = self.servers.status()[0].state == "needs_auth"
                if not needs and not isinstance(error, NeedsSignIn):
                    raise GaveUp(f"{tool.tool}: {error}") from None
            await self._sign_in()
            await self._connect()
