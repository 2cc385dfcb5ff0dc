"""The way to a service: addresses with queries, proxies and certificates of the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.abc
import pytest
from msgspec.structs import replace

from qwen_dual.models.endpoint import url_of
from qwen_dual.models.gemini import GeminiTranslator
from qwen_dual.models.openai import OpenAITranslator
from tests.models.calling import HELLO, WHOLE, WHOLE_DELTAS, attempt, call
from tests.models.conversations import configured
from tests.models.server import Server, serve

if TYPE_CHECKING:
    from pathlib import Path

QUERY = "https://host.example/openai/deployments/x?api-version=1"


@pytest.mark.parametrize(
    ("base", "path", "url"),
    [
        (QUERY, "/c", "https://host.example/openai/deployments/x/c?api-version=1"),
        ("https://h/v1/?k=1", "/c?alt=sse", "https://h/v1/c?alt=sse&k=1"),
        ("https://h/v1", "/c?alt=sse", "https://h/v1/c?alt=sse"),
        ("https://h/v1/#top", "/c", "https://h/v1/c"),
        ("https://h/c?k=1", "", "https://h/c?k=1"),
    ],
)
def test_the_path_stands_before_the_query(base: str, path: str, url: str) -> None:
    assert url_of(configured("openai", base_url=base), path) == url


def test_a_base_url_that_holds_the_path_already_is_used_as_it_is() -> None:
    whole = configured("openai", base_url="https://h/v1/chat/completions?api-version=1")
    assert OpenAITranslator().request(whole, HELLO).path == ""
    gemini = replace(configured("gemini"), base_url="https://h/v1beta?k=1")
    assert GeminiTranslator().request(gemini, HELLO).path.startswith("/models/")


def test_a_query_reaches_the_server() -> None:
    async def main() -> None:
        async with serve(WHOLE) as server:
            config = configured("openai", base_url=f"{server.url}/x?api-version=1")
            assert (await call(config)).deltas == WHOLE_DELTAS
            assert server.requests[0].target == "/x/chat/completions?api-version=1"

    anyio.run(main)


async def _socks(stream: anyio.abc.SocketStream, server: Server, asked: list[str]) -> None:
    """The server's side of SOCKS 5, after which it is what was asked for."""
    await stream.receive()  # the ways to say who one is
    await stream.send(b"\x05\x00")
    request = await stream.receive()
    asked.append(request[5 : 5 + request[4]].decode())
    await stream.send(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
    await server.handle(stream)


@pytest.mark.parametrize("others", [{}, {"HTTPS_PROXY": "http://127.0.0.1:1"}])
def test_a_socks_proxy_of_the_environment_works(
    monkeypatch: pytest.MonkeyPatch, others: dict[str, str]
) -> None:
    pytest.importorskip("socksio", reason="an old installation, without httpx[socks]")

    async def main() -> None:
        server, asked = Server("", [WHOLE]), list[str]()
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        monkeypatch.setenv("ALL_PROXY", f"socks5://127.0.0.1:{port}")
        for name, value in others.items():
            monkeypatch.setenv(name, value)
        async with listener, anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, lambda stream: _socks(stream, server, asked))
            outcome = await call(configured("openai", base_url="http://models.example/v1"))
            tasks.cancel_scope.cancel()
        assert outcome.deltas == WHOLE_DELTAS
        assert asked == ["models.example"]
        assert server.requests[0].target == "/v1/chat/completions"

    anyio.run(main)


def test_what_is_blamed_is_what_was_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:2")
    config = configured("openai", base_url="https://models.example", max_retries=0)
    message = attempt(config).failed("proxy").message
    assert "http://127.0.0.1:2 cannot be reached" in message
    assert "ALL_PROXY" in message
    plain = configured("openai", base_url="http://models.example", max_retries=0)
    message = attempt(plain).failed("proxy").message
    assert "http://127.0.0.1:1 cannot be reached" in message
    assert "HTTP_PROXY" in message


def test_a_proxy_of_another_kind_is_named_with_its_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks4://me:hunter2@127.0.0.1:1")
    message = attempt(configured("openai", base_url="https://m.example")).failed("proxy").message
    assert "socks4://127.0.0.1:1" in message
    assert "ALL_PROXY" in message
    assert "socks5://" in message


def test_a_server_on_this_machine_needs_no_sense_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks4://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "[::1],fe80::/10")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "gone.pem"))
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "gone" / "keys"))

    async def main() -> None:
        async with serve(WHOLE) as server:
            assert (await call(configured("openai", base_url=server.url))).deltas == WHOLE_DELTAS

    anyio.run(main)


@pytest.mark.parametrize(
    "variable", ["SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "SSLKEYLOGFILE"]
)
def test_a_file_for_encryption_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    path = tmp_path / "gone" / "x"
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv(variable, str(path))
    message = attempt(configured("openai", base_url="https://127.0.0.1:1")).failed("tls").message
    assert f"{variable}={path}" in message
    assert "No such file" in message


def test_a_folder_of_certificates_without_any_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").write_text("under no hash")
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    config = configured("openai", base_url="https://127.0.0.1:1")
    message = attempt(config).failed("tls").message
    assert f"SSL_CERT_DIR={tmp_path}" in message and "c_rehash" in message
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "0123abcd.0").touch()
    monkeypatch.setenv("SSL_CERT_DIR", f"{tmp_path}:{tmp_path}/beside")
    assert "nothing listens there" in attempt(config).failed("network").message


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"])
def test_a_certificate_file_without_certificates_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    path = tmp_path / "empty.pem"
    path.write_text("nothing\n")
    monkeypatch.setenv(variable, str(path))
    message = attempt(configured("openai", base_url="https://127.0.0.1:1")).failed("tls").message
    assert f"{variable}={path}" in message
    assert "holds no certificates" in message


def test_an_address_of_the_environment_that_is_none_is_named_at_each_call() -> None:
    why = "OPENAI_BASE_URL in environment is not used, nor is OPENAI_API_KEY."
    config = replace(configured("openai"), unusable=why, api_key=None)
    assert attempt(config).failed("invalid_request").message == why
