"""Signing in at servers: when it is asked for, what is sent where, and what others can make of it."""

from __future__ import annotations

import json
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import anyio
import pytest

from qwen_dual.mcp.auth_requests import LIMIT, AuthFailed, AuthRequests, checked
from qwen_dual.mcp.authorization import Authorizations
from qwen_dual.mcp.config import ServerConfig
from qwen_dual.mcp.errors import ServerFailure
from qwen_dual.mcp.oauth_settings import BadOAuth, read_oauth
from qwen_dual.mcp.servers import Servers
from qwen_dual.mcp.tokens import NAME, Credentials, TokenStore
from qwen_dual.mcp.transports import Transports
from tests.mcp.oauth_service import Service, agree, service
from tests.models.server import reply
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


# -- a person signs in ---------------------------------------------------------------------------


def test_a_server_waits_until_a_person_signs_in_and_is_told_nothing_before(tmp_path: Path) -> None:
    async def test(kit: Kit) -> None:
        async with kit.session() as session:
            assert session.status.state == "needs_auth"
            assert [each.target for each in kit.server.requests] == ["/mcp"]
            await session.servers.sign_in("guarded", agree)
            assert (await session.comes_to("connected")).tools
            assert (await session.call("look"))["content"][0]["text"] == "done"
        [entry] = kit.kept()
        assert entry["token"]["accessToken"] == "access-1"
        assert entry["mcpServerUrl"] == kit.config.url
        assert session.secrets >= {"access-1", "refresh-1"}
        [grant] = kit.service.grants
        assert grant["resource"] == kit.config.url
        assert grant["redirect_uri"].endswith("/oauth/callback")
        async with kit.session() as later:
            assert later.status.state == "connected"
            assert await later.servers.sign_out("guarded")
            await later.comes_to("needs_auth")
        assert kit.kept() == []

    run(tmp_path, test)


def test_nobody_who_comes_back_with_another_state_is_signed_in(tmp_path: Path) -> None:
    async def test(kit: Kit) -> None:
        async def attack(url: str) -> None:
            back = parse_qs(urlsplit(url).query)["redirect_uri"][0]
            await agree(f"{kit.service.url}/authorize?scope=x&state=mine&redirect_uri={back}")
            await agree(url)

        async with kit.session() as session:
            await session.servers.sign_in("guarded", attack)
            await session.comes_to("connected")
        assert [grant["code"] for grant in kit.service.grants] == ["code for read"]

    run(tmp_path, test)


def test_a_call_that_wants_more_fails_alone_until_the_person_allows_it(tmp_path: Path) -> None:
    async def test(kit: Kit) -> None:
        kit.service.more = {"change"}
        kit.signed_in(scope="read")
        async with kit.session() as session:
            with pytest.raises(ServerFailure, match="the sign-in does not allow this"):
                await session.call("change")
            assert session.status.state == "connected"
            assert await session.call("look")
            kit.service.more = set()
            await session.servers.sign_in("guarded", agree)
            await until(lambda: session.status.state == "connected", "connected")
            assert await session.call("change")
        assert kit.service.grants[-1]["code"] == "code for read write"

    run(tmp_path, test)


def test_scopes_audiences_and_a_client_of_the_settings_are_used(tmp_path: Path) -> None:
    async def test(kit: Kit) -> None:
        oauth = {
            "clientId": "mine",
            "clientSecret": "a secret of mine",
            "scopes": ["one", "two"],
            "audiences": ["them"],
            "redirectUri": "http://127.0.0.1:0/back",
        }
        with pytest.raises(BadOAuth, match=r"oauth\.redirectUri"):
            read_oauth(oauth)
        del oauth["redirectUri"]
        config = ServerConfig(
            name="guarded", transport="http", url=kit.config.url, oauth=oauth, discovery_timeout=30
        )
        shown: list[str] = []

        async def show(url: str) -> None:
            shown.append(url)
            await agree(url)

        async with kit.session(config) as session:
            await session.servers.sign_in("guarded", show)
            await session.comes_to("connected")
        asked = parse_qs(urlsplit(shown[0]).query)
        assert asked["client_id"] == ["mine"]
        assert asked["scope"] == ["one two"]
        assert asked["audience"] == ["them"]
        [grant] = kit.service.grants
        assert grant["audience"] == "them"
        assert "/register" not in [each.target for each in kit.server.requests]
        [token] = [each for each in kit.server.requests if each.target == "/token"]
        assert token.headers["authorization"].startswith("Basic ")
        assert "a secret of mine" in session.secrets

    run(tmp_path, test)


# -- tokens end ----------------------------------------------------------------------------------


def test_a_token_that_ends_is_renewed_once_by_all_who_find_it(tmp_path: Path) -> None:
    async def test(kit: Kit) -> None:
        kit.signed_in(expires_at=1.0)
        async with kit.session() as one, kit.session() as two, kit.session() as three:
            for session in (one, two, three):
                await session.comes_to("connected")
        assert kit.service.refreshes == 1
        [entry] = kit.kept()
        assert entry["token"]["accessToken"] == "access-2"
        assert entry["token"]["refreshToken"] == "refresh-2"
        assert kit.service.grants[0]["resource"] == kit.config.url

    run(tmp_path, test)


def test_a_token_that_is_refused_is_renewed_in_the_middle(tmp_path: Path) -> None:
    async def test(kit: Kit) -> None:
        kept = kit.signed_in()
        async with kit.session() as session:
            kit.service.instead["/token"] = lambda request: reply(kit.service.give())
            kit.service.tokens.discard(kept.access_token)
            assert await session.call("look")
            assert session.status.state == "connected"
        assert kit.kept()[0]["token"]["accessToken"] == "access-2"

    run(tmp_path, test)


def test_a_sign_in_that_is_over_is_asked_for_again_and_opens_no_browser(tmp_path: Path) -> None:
    async def test(kit: Kit) -> None:
        kept = kit.signed_in()
        async with kit.session() as session:
            kit.service.tokens.discard(kept.access_token)
            with pytest.raises(ServerFailure):
                await session.call("look")
            await session.comes_to("needs_auth")
        assert kit.kept() == []
        assert "/authorize" not in [urlsplit(each.target).path for each in kit.server.requests]

    run(tmp_path, test)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_service_that_fails_for_now_costs_nobody_their_sign_in(
    tmp_path: Path, status: int
) -> None:
    async def test(kit: Kit) -> None:
        kit.signed_in(expires_at=1.0)
        kit.service.instead["/token"] = lambda request: reply("", status=status)
        async with kit.session() as session:
            assert session.status.state == "failed"
            assert str(status) in session.status.error
            assert len(kit.kept()) == 1
            del kit.service.instead["/token"]
            session.servers.reconnect("guarded")
            await session.comes_to("connected")

    run(tmp_path, test)


# -- what must not happen ------------------------------------------------------------------------


def test_a_token_goes_to_no_other_address(tmp_path: Path) -> None:
    async def test(kit: Kit) -> None:
        kit.signed_in()
        elsewhere = ServerConfig(
            name="guarded", transport="http", url=f"{kit.service.url}/mcp?x=1", discovery_timeout=30
        )
        async with kit.session(elsewhere) as session:
            assert session.status.state == "needs_auth"
        assert all("authorization" not in each.headers for each in kit.server.requests)

    run(tmp_path, test)


def test_a_header_of_the_settings_is_never_replaced(tmp_path: Path) -> None:
    async def test(kit: Kit) -> None:
        kit.signed_in()
        config = ServerConfig(
            name="guarded",
            transport="http",
            url=kit.config.url,
            headers={"authorization": "Basic mine"},
            discovery_timeout=30,
        )
        async with kit.session(config) as session:
            assert session.status.state == "failed"
            assert "refuses the Authorization of its headers" in session.status.error
        assert {each.headers["authorization"] for each in kit.server.requests} == {"Basic mine"}

    run(tmp_path, test)


@pytest.mark.parametrize(
    "endpoint",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "http://user@auth.example/authorize",
        "http://169.254.169.254/authorize\n",
        "--help",
    ],
)
def test_an_address_for_the_browser_that_is_none_is_not_shown(
    tmp_path: Path, endpoint: str
) -> None:
    async def test(kit: Kit) -> None:
        def metadata(request: Any) -> Any:
            said = {
                "issuer": kit.service.url,
                "authorization_endpoint": endpoint,
                "token_endpoint": f"{kit.service.url}/token",
                "registration_endpoint": f"{kit.service.url}/register",
                "response_types_supported": ["code"],
            }
            return reply(said)

        kit.service.instead["/.well-known/oauth-authorization-server"] = metadata
        shown: list[str] = []

        async def show(url: str) -> None:
            shown.append(url)
            await agree(url)

        async with kit.session() as session:
            try:
                await session.servers.sign_in("guarded", show)
            except ServerFailure:
                assert shown == []
            else:  # metadata that is none is as if there were none: the server's own is used
                assert all(url.startswith(f"{kit.service.url}/authorize?") for url in shown)

    run(tmp_path, test)


@pytest.mark.parametrize(
    ("server", "url"),
    [
        ("https://mcp.example/mcp", "http://auth.example/token"),
        ("https://mcp.example/mcp", "ftp://auth.example/token"),
        ("http://mcp.example/mcp", "javascript://auth.example/%0aalert(1)"),
        ("http://mcp.example/mcp", "data:text/html,x"),
        ("https://mcp.example/mcp", "https://name:word@auth.example/token"),
        ("https://mcp.example/mcp", "https://auth.example/\u202etoken"),
        ("https://mcp.example/mcp", "https://auth.example/a b"),
        ("https://mcp.example/mcp", "https://auth.example:99999/"),
        ("https://mcp.example/mcp", "https:///token"),
        ("https://mcp.example/mcp", ""),
    ],
)
def test_an_address_that_a_server_must_not_lead_to(server: str, url: str) -> None:
    with pytest.raises(AuthFailed):
        checked(url, urlsplit(server))


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/token",
        "https://localhost/token",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/token",
        "https://[::1]/token",
        "https://[::ffff:10.0.0.1]/token",
    ],
)
def test_a_public_server_leads_to_nothing_private(url: str) -> None:
    async def never(url: str) -> Any:
        raise AssertionError(url)

    async def main() -> None:
        requests = AuthRequests("https://93.184.215.14/mcp", never)
        with pytest.raises(AuthFailed, match="leads to https://"):
            await requests.check(url)
        chosen = AuthRequests("https://93.184.215.14/mcp", never, [url])
        await chosen.check(f"{url}?state=x")
        private = AuthRequests("https://192.168.0.2/mcp", never)
        if "169.254" in url:
            with pytest.raises(AuthFailed, match="where clouds keep their metadata"):
                await private.check(url)
        else:
            await private.check(url)

    anyio.run(main)


def test_an_answer_without_end_is_not_read(tmp_path: Path) -> None:
    async def test(kit: Kit) -> None:
        path = "/.well-known/oauth-authorization-server"
        kit.service.instead[path] = lambda request: reply([b"x" * 65_536] * (LIMIT // 65_536 + 2))
        async with kit.session() as session:
            with pytest.raises(ServerFailure, match="more than 1,048,576 bytes"):
                await session.servers.sign_in("guarded", agree)

    run(tmp_path, test)


def test_nothing_secret_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def test(kit: Kit) -> None:
        async with kit.session() as session:
            await session.servers.sign_in("guarded", agree)
            await session.comes_to("connected")
            await session.call("look")
            assert session.secrets
            # What is logged goes through the session's scrubber, which knows these.
            scrubbed = caplog.text
            for secret in session.secrets - {""}:
                scrubbed = scrubbed.replace(secret, "[hidden]")
            assert "access-1" not in scrubbed
            assert "code for read" not in scrubbed
            assert "code_verifier" not in scrubbed

    with caplog.at_level(logging.DEBUG):
        run(tmp_path, test)
