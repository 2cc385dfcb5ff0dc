"""What others can make of a sign-in: addresses that lead elsewhere, answers without end, logs."""

from __future__ import annotations

import logging
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import anyio
import httpx2
import pytest

from qwen_dual.mcp.auth_requests import (
    LIMIT,
    AuthFailed,
    AuthRequests,
    Connect,
    PinnedTransport,
    checked,
)
from qwen_dual.mcp.errors import ServerFailure
from qwen_dual.net.tls import context_for
from tests.mcp.oauth_service import agree
from tests.mcp.sign_in_kit import Kit, run
from tests.models.server import reply

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qwen_dual.net.addresses import Address


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
    async def never(url: str, at: Sequence[str] | None) -> Any:
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


class Rebinding:
    """A name server whose names lead to another address each time; the last stays."""

    def __init__(self, **names: list[str]) -> None:
        self._names = names

    async def __call__(self, host: str, port: int) -> list[Address]:
        given = self._names[host.partition(".")[0]]
        found = given.pop(0) if len(given) > 1 else given[0]
        if not found:
            raise OSError("no such name")
        return [ip_address(found)]


@pytest.mark.parametrize(
    ("names", "url"),
    [
        ({"mcp": ["8.8.8.8"], "auth": ["8.8.4.4", "127.0.0.1"]}, "http://auth.example:9200/token"),
        ({"mcp": ["8.8.8.8", "127.0.0.1"]}, "http://mcp.example:9200/token"),
        ({"mcp": ["8.8.8.8"], "auth": ["", "127.0.0.1"]}, "http://auth.example:9200/token"),
    ],
)
def test_a_name_that_leads_elsewhere_the_second_time_is_not_followed(
    names: dict[str, list[str]], url: str
) -> None:
    connected: list[Sequence[str] | None] = []

    async def connect(url: str, at: Sequence[str] | None) -> httpx2.AsyncClient:
        connected.append(at)
        return await Connect(None, dict)(url, at and ["127.0.0.1"])

    async def main() -> None:
        requests = AuthRequests("http://mcp.example/mcp", connect, find=Rebinding(**names))
        await requests.check("http://mcp.example/mcp")
        for _ in range(2):
            with pytest.raises(AuthFailed):
                await requests.send(httpx2.Request("POST", url))

    anyio.run(main)
    assert connected
    assert all(at is not None and "127.0.0.1" not in at for at in connected)


def test_a_connection_goes_to_the_addresses_that_were_judged(tmp_path: Path) -> None:
    async def test(kit: Kit) -> None:
        port = urlsplit(kit.service.url).port
        # The second address is nobody's: nothing listens there.
        transport = PinnedTransport(context_for("http:", env={}), ["127.0.0.9", "127.0.0.1"])
        async with httpx2.AsyncClient(transport=transport) as client:
            url = f"http://no-such-host.invalid:{port}/.well-known/oauth-authorization-server"
            answer = await client.get(url)
        assert answer.status_code == 200
        assert str(answer.request.url) == url
        asked = kit.server.requests[-1]
        assert asked.headers["host"] == f"no-such-host.invalid:{port}"

    run(tmp_path, test)


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
