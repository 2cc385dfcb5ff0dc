"""The HTTP client: what it sends, and what it makes of what comes. httpx says what is right where it can."""

from __future__ import annotations

import gc
import gzip
import re
import ssl
import zlib
from typing import TYPE_CHECKING

import anyio
import httpx
import pytest

from qwen_dual.net.client import ERRORS, HttpClient, Undecodable, UnusableUrl
from qwen_dual.net.tls import context_for, context_if_encrypted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from anyio.abc import SocketStream

PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """Answers each request with the same bytes and keeps what came, until ``close`` ends connections."""

    def __init__(self, answer: bytes, *, closes: bool = False) -> None:
        self.heads: list[bytes] = []
        self.connections = 0
        self._answer = answer
        self._closes = closes

    async def talk(self, stream: SocketStream) -> None:
        self.connections += 1
        data = b""
        async with stream:
            async for piece in stream:
                data += piece
                while b"\r\n\r\n" in data:
                    head, _, data = data.partition(b"\r\n\r\n")
                    self.heads.append(head)
                    await stream.send(self._answer)
                    if self._closes:
                        return

    def run(self, ask: Callable[[HttpClient, int], Awaitable[object]]) -> object:
        async def main() -> object:
            listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
            port = listener.extra(anyio.abc.SocketAttribute.local_port)
            client = HttpClient(PLAIN, None, 60)
            said: object = None
            async with listener, anyio.create_task_group() as group:
                group.start_soon(listener.serve, self.talk)
                try:
                    said = await ask(client, port)
                finally:
                    await client.aclose()
                    group.cancel_scope.cancel()
            return said

        return anyio.run(main)


async def body_of(client: HttpClient, url: str, **headers: str) -> bytes:
    response = await client.send("GET", url, headers.items(), connect=5)
    try:
        return b"".join([piece async for piece in response.aiter_bytes()])
    finally:
        await response.aclose()


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/v1/chat/completions",
        "/v1?api-version=2024-06-01&x=a%20b",
        "/a b/ü?q=ß c",
        "/x:y@z!$&'()*+,;=~-._",
        "/%7Euser/%2Fone",
    ],
)
def test_the_address_is_sent_as_httpx_would(path: str) -> None:
    server = Server(OK)

    async def ask(client: HttpClient, port: int) -> None:
        url = f"http://127.0.0.1:{port}{path}"
        assert await body_of(client, url) == b"ok"
        expected = httpx.URL(url)
        first, *rest = server.heads[0].split(b"\r\n")
        assert first == b"GET " + expected.raw_path + b" HTTP/1.1"
        assert b"Host: " + expected.netloc in rest

    server.run(ask)


def test_headers_of_the_caller_stand_in_place_of_the_usual_ones_and_the_last_of_a_name_counts() -> (
    None
):
    server = Server(OK)

    async def ask(client: HttpClient, port: int) -> None:
        headers = [("Accept", "a/b"), ("X-Key", "one"), ("x-key", "two"), ("host", "elsewhere")]
        url = f"http://127.0.0.1:{port}/"
        response = await client.send("POST", url, headers, b"12345", connect=5)
        await response.aclose()

    server.run(ask)
    lines = server.heads[0].lower().split(b"\r\n")
    assert sorted(lines[1:]) == [
        b"accept-encoding: gzip, deflate",
        b"accept: a/b",
        b"connection: keep-alive",
        b"content-length: 5",
        b"host: elsewhere",
        b"x-key: two",
    ]


def test_a_body_of_megabytes_arrives_whole_in_parts() -> None:
    body = bytes(range(251)) * 10_000
    came = bytearray()

    class Reader(Server):
        async def talk(self, stream: SocketStream) -> None:
            async with stream:
                while len(came.partition(b"\r\n\r\n")[2]) < len(body):
                    came.extend(await stream.receive())
                await stream.send(OK)

    async def ask(client: HttpClient, port: int) -> None:
        url = f"http://127.0.0.1:{port}/"
        response = await client.send("POST", url, [], body, connect=5)
        await response.aclose()

    Reader(OK).run(ask)
    head, _, sent = came.partition(b"\r\n\r\n")
    assert sent == body and f"content-length: {len(body)}".encode() in head.lower()
    assert b"transfer-encoding" not in head.lower()


def test_a_name_and_a_password_in_the_address_are_sent_as_such_and_not_in_it() -> None:
    server = Server(OK)

    async def ask(client: HttpClient, port: int) -> None:
        await body_of(client, f"http://me%40x:p%C3%A4ss@127.0.0.1:{port}/")

    server.run(ask)
    head = server.heads[0]
    expected = httpx.BasicAuth("me@x", "päss")._build_auth_header("me@x", "päss").encode()
    assert b"Authorization: " + expected in head.split(b"\r\n")
    assert b"@127" not in head


@pytest.mark.parametrize(
    "url",
    ["http://", "http:///path", "http://host:port/", "http://ho st/", "http://a\nb/", "nothing"],
)
def test_what_is_no_address_is_refused_before_anything_is_sent(url: str) -> None:
    async def main() -> None:
        client = HttpClient(PLAIN, None, 60)
        with pytest.raises((UnusableUrl, *ERRORS)):
            await client.send("GET", url, (), connect=0.1)

    anyio.run(main)


@pytest.mark.parametrize("value", ["line\r\nX-More: 1", "schlüssel"])
def test_a_header_that_none_can_be_is_refused(value: str) -> None:
    server = Server(OK)

    async def ask(client: HttpClient, port: int) -> None:
        with pytest.raises((ValueError, *ERRORS)):
            await body_of(client, f"http://127.0.0.1:{port}/", key=value)

    server.run(ask)
    assert server.heads == []


TEXT = b"data: one\n\n" * 500


def bare(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("identity", TEXT),
        ("gzip", gzip.compress(TEXT)),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", bare(TEXT)),
        ("deflate, GZIP", gzip.compress(zlib.compress(TEXT))),
    ],
    ids=["plain", "gzip", "deflate", "bare", "both"],
)
def test_what_comes_packed_is_unpacked(encoding: str, body: bytes) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n"
    server = Server(head.encode() + body)

    async def ask(client: HttpClient, port: int) -> bytes:
        return await body_of(client, f"http://127.0.0.1:{port}/")

    assert server.run(ask) == TEXT


def test_what_is_not_packed_as_it_says_fails() -> None:
    server = Server(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain")

    async def ask(client: HttpClient, port: int) -> None:
        with pytest.raises(Undecodable):
            await body_of(client, f"http://127.0.0.1:{port}/")

    server.run(ask)


@pytest.mark.parametrize("kept", [5, 40, -1])
def test_what_ends_before_all_is_unpacked_fails_behind_what_came(kept: int) -> None:
    body = gzip.compress(TEXT)[:kept]
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    server = Server(head.encode() + body)

    async def ask(client: HttpClient, port: int) -> None:
        response = await client.send("GET", f"http://127.0.0.1:{port}/", (), connect=5)
        came = b""
        with pytest.raises(Undecodable, match="ends in the middle"):
            async for piece in response.aiter_bytes():
                came += piece
        await response.aclose()
        assert TEXT.startswith(came)

    server.run(ask)


def test_nothing_at_all_may_be_packed_anyhow() -> None:
    server = Server(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n")

    async def ask(client: HttpClient, port: int) -> bytes:
        return await body_of(client, f"http://127.0.0.1:{port}/")

    assert server.run(ask) == b""


def test_a_connection_is_used_again_unless_the_server_ended_it() -> None:
    kept, closed = Server(OK), Server(OK, closes=True)

    async def ask(client: HttpClient, port: int) -> None:
        for _ in range(3):
            assert await body_of(client, f"http://127.0.0.1:{port}/") == b"ok"

    kept.run(ask)
    closed.run(ask)
    assert (kept.connections, closed.connections) == (1, 3)


def test_an_answer_that_stops_fails_in_time() -> None:
    server = Server(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")

    async def ask(client: HttpClient, port: int) -> None:
        response = await client.send("GET", f"http://127.0.0.1:{port}/", (), connect=5)
        response.limit(0.05)
        with pytest.raises(ERRORS):
            _ = [piece async for piece in response.aiter_bytes()]
        await response.aclose()

    server.run(ask)


def test_headers_that_come_twice_are_joined() -> None:
    server = Server(b"HTTP/1.1 429 No\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 0\r\n\r\n")

    async def ask(client: HttpClient, port: int) -> None:
        response = await client.send("GET", f"http://127.0.0.1:{port}/", (), connect=5)
        await response.aclose()
        assert (response.status_code, response.is_success) == (429, False)
        assert response.headers["x-a"] == "1, 2"

    server.run(ask)


def test_a_proxy_that_speaks_socks_is_used_although_it_is_not_imported_before() -> None:
    came: list[bytes] = []

    async def talk(stream: SocketStream) -> None:
        async with stream:
            for answer in (b"\x05\x00", b"\x05\x00\x00\x01" + bytes(6), OK):
                came.append(await stream.receive())
                await stream.send(answer)
            with pytest.raises(anyio.EndOfStream):
                await stream.receive()

    async def main() -> bytes:
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        client = HttpClient(PLAIN, f"socks5h://127.0.0.1:{port}")
        async with listener, anyio.create_task_group() as group:
            group.start_soon(listener.serve, talk)
            body = await body_of(client, "http://far.example/")
            await client.aclose()
            group.cancel_scope.cancel()
        return body

    assert anyio.run(main) == b"ok"
    assert came[0] == b"\x05\x01\x00"
    assert b"far.example" in came[1]
    assert came[2].startswith(b"GET / HTTP/1.1\r\nHost: far.example\r\n")


def test_the_address_to_connect_to_may_be_another_than_the_names() -> None:
    server = Server(OK)

    async def ask(client: HttpClient, port: int) -> None:
        url = f"http://never.invalid:{port}/x"
        response = await client.send("GET", url, (), connect=5, at="127.0.0.1")
        await response.aclose()
        assert f"Host: never.invalid:{port}".encode() in server.heads[0]

    server.run(ask)


@pytest.mark.parametrize("proxy", [None, "https://127.0.0.1:{port}"])
def test_a_client_that_was_made_for_no_encryption_makes_no_encrypted_connection(
    proxy: str | None,
) -> None:
    async def main() -> None:
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        client = HttpClient(None, None if proxy is None else proxy.format(port=port))
        async with listener:
            with pytest.raises(UnusableUrl, match="no encrypted connections"):
                await client.send("GET", f"https://127.0.0.1:{port}/", [], connect=5)
            await client.aclose()

    anyio.run(main)
    gc.collect()  # a connection that was left open warns, and fails the test


def test_what_encrypts_is_made_where_the_server_or_its_proxy_is_encrypted() -> None:
    assert context_if_encrypted("http://a/", None, env={}) is None
    assert context_if_encrypted("http://a/", "http://proxy/", env={}) is None
    for urls in (("https://a/", None), ("http://a/", "HTTPS://proxy/")):
        context = context_if_encrypted(*urls, env={})
        assert context is not None and context.verify_mode == ssl.CERT_REQUIRED


def test_certificates_are_added_to_the_usual_ones_or_to_those_that_are_named(
    tmp_path: Path,
) -> None:
    import certifi

    first, second, *_ = re.findall(
        "-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n",
        certifi.contents(),
        re.DOTALL,
    )
    named, more = tmp_path / "named.pem", tmp_path / "more.pem"
    named.write_text(first)
    more.write_text(second)

    def trusted(**env: str) -> int:
        return context_for("https://a/", env=env).cert_store_stats()["x509"]

    assert trusted(SSL_CERT_FILE=str(named)) == 1
    assert trusted(SSL_CERT_FILE=str(named), NODE_EXTRA_CA_CERTS=str(more)) == 2
    assert trusted(NODE_EXTRA_CA_CERTS=str(more)) == trusted() > 2
