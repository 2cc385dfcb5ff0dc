"""The place that a browser comes back to: it takes what belongs to the sign-in, and nothing else."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import anyio
import httpx
import pytest

from qwen_dual.mcp.callback import Callback, CallbackFailed, open_callback
from tests.support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

AUTHORIZE = "https://auth.example/authorize?client_id=c&state=right"


def run(test: Callable[[Callback, httpx.AsyncClient], Awaitable[None]], uri: str = "") -> None:
    async def main() -> None:
        given = uri or f"http://127.0.0.1:{free_port()}/back"
        with anyio.fail_after(20):
            async with (
                open_callback(given, any_port=False) as callback,
                httpx.AsyncClient(base_url=callback.redirect_uri, timeout=30) as browser,
            ):
                callback.expect(AUTHORIZE)
                await test(callback, browser)

    anyio.run(main)


def test_the_code_of_this_sign_in_is_taken_and_all_else_waited_past() -> None:
    async def test(callback: Callback, browser: httpx.AsyncClient) -> None:
        for query, method, status in (
            ("?code=evil&state=wrong", "GET", 400),
            ("?code=evil", "GET", 400),
            ("?code=evil&state=", "GET", 400),
            ("?state=right", "GET", 400),
            ("?code=evil&state=right", "POST", 405),
        ):
            said = await browser.request(method, callback.redirect_uri + query)
            assert said.status_code == status
            assert "evil" not in said.text
        elsewhere = callback.redirect_uri.replace("/back", "/other")
        assert (await browser.get(f"{elsewhere}?code=evil&state=right")).status_code == 404
        said = await browser.get(
            f"{callback.redirect_uri}?code=good&state=right&iss=https%3A%2F%2Fa"
        )
        assert said.status_code == 200
        assert "default-src 'none'" in said.headers["content-security-policy"]
        brought = await callback.returned()
        assert (brought.code, brought.state, brought.issuer) == ("good", "right", "https://a")
        assert callback.take("http://localhost/back?code=second&state=right")
        assert (await callback.returned()).code == "good"

    run(test)


@pytest.mark.parametrize(
    ("hosts", "status"),
    [
        (["evil.example:7777"], 421),
        (["localhost.evil.example"], 421),
        (["localhost", "evil.example"], 421),
        (["evil.example@localhost:1:1"], 421),
        ([], 421),
        (["localhost:7777"], 200),
        (["127.0.0.1"], 200),
        (["[::1]:7777"], 200),
    ],
)
def test_only_a_request_to_this_machine_by_its_own_name_is_answered(
    hosts: list[str], status: int
) -> None:
    async def test(callback: Callback, browser: httpx.AsyncClient) -> None:
        named = "".join(f"Host: {host}\r\n" for host in hosts)
        asked = f"GET /back?code=c&state=right HTTP/1.1\r\n{named}\r\n"
        port = httpx.URL(callback.redirect_uri).port
        async with await anyio.connect_tcp("127.0.0.1", port or 0) as stream:
            await stream.send(asked.encode())
            assert (await stream.receive()).startswith(f"HTTP/1.1 {status} ".encode())

    run(test)


def test_a_refusal_is_told_in_words_that_a_terminal_may_show() -> None:
    async def test(callback: Callback, browser: httpx.AsyncClient) -> None:
        query = "?error=access_denied&error_description=no%1b%5B2J%0Away&state=right"
        await browser.get(callback.redirect_uri + query)
        with pytest.raises(CallbackFailed, match=r"^access_denied: no\[2Jway$"):
            await callback.returned()

    run(test)


def test_the_address_may_be_brought_by_hand() -> None:
    async def test(callback: Callback, browser: httpx.AsyncClient) -> None:
        assert not callback.take("http://[nonsense")
        assert not callback.take("http://localhost:7777/oauth/callback?code=x&state=other")
        assert callback.take("http://localhost:7777/oauth/callback?code=x&state=right")
        assert (await callback.returned()).code == "x"

    run(test)


def test_an_endless_request_and_a_silent_one_hold_up_nobody() -> None:
    async def test(callback: Callback, browser: httpx.AsyncClient) -> None:
        port = httpx.URL(callback.redirect_uri).port
        assert port is not None
        async with (
            await anyio.connect_tcp("127.0.0.1", port) as silent,
            await anyio.connect_tcp("127.0.0.1", port) as endless,
        ):
            await silent.send(b"GET /back")
            await endless.send(b"GET /" + b"x" * 20_000)
            assert (await endless.receive()).startswith(b"HTTP/1.1 4")
            said = await browser.get(f"{callback.redirect_uri}?code=good&state=right")
            assert said.status_code == 200

    run(test)


def test_a_port_that_is_taken_is_named_unless_another_does() -> None:
    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(CallbackFailed, match=f"port {port} of this machine"):
                async with open_callback(f"http://localhost:{port}/back", any_port=True):
                    pass
        async with (
            open_callback("", any_port=True) as one,
            open_callback("", any_port=True) as other,
        ):
            assert one.redirect_uri != other.redirect_uri
            assert other.redirect_uri.endswith("/oauth/callback")

    anyio.run(main)


def test_what_goes_wrong_meanwhile_leaves_as_it_is() -> None:
    async def main() -> None:
        with pytest.raises(ZeroDivisionError):
            async with open_callback("", any_port=True):
                raise ZeroDivisionError

    anyio.run(main)
