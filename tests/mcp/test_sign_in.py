"""Signing in at servers: when it is asked for, and what is sent where."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from qwen_dual.mcp.config import ServerConfig
from qwen_dual.mcp.errors import ServerFailure
from qwen_dual.mcp.oauth_settings import BadOAuth, read_oauth
from tests.mcp.oauth_service import agree
from tests.mcp.sign_in_kit import Kit, run
from tests.models.server import reply
from tests.support.ports import free_port
from tests.support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path


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
        # The one without it is fixed for a client of the settings, and may be another test's just now.
        oauth["redirectUri"] = f"http://127.0.0.1:{free_port()}/back"
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
