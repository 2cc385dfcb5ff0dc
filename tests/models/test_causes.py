"""What a person is told of an exception of the HTTP client: who is at fault, why, what to do."""

from __future__ import annotations

import errno
import socket
import ssl
from itertools import pairwise
from typing import TYPE_CHECKING

import h11
import httpcore
import pytest

from qwen_dual.models.failures import Failures
from qwen_dual.net.client import Undecodable
from qwen_dual.net.proxies import Proxy
from qwen_dual.settings.model_config import ModelConfig

if TYPE_CHECKING:
    from qwen_dual.protocol.failures import ErrorKind

CONFIG = ModelConfig("m", "openai", "https://models.example/v1")
FAILURES = Failures(CONFIG)
BEHIND_PROXY = Failures(CONFIG, Proxy("http://me:hunter2@proxy.example:3128", "HTTPS_PROXY"))


def raised(kind: type[Exception], *causes: BaseException) -> Exception:
    """An exception of the client with its causes, the first of them last."""
    for later, earlier in pairwise(causes):
        later.__cause__ = earlier
    found = kind("All connection attempts failed")
    found.__cause__ = causes[0] if causes else None
    return found


def os_error(number: int) -> OSError:
    return OSError(number, "as the system names it")


CERTIFICATE = ssl.SSLCertVerificationError(1, "certificate verify failed: self-signed")
CERTIFICATE.verify_message = "self-signed certificate"


@pytest.mark.parametrize(
    ("exception", "kind", "retry", "names"),
    [
        (
            raised(httpcore.ConnectError, os_error(errno.ECONNREFUSED)),
            "network",
            True,
            ["nothing listens"],
        ),
        (
            raised(httpcore.ConnectError, os_error(errno.ENETUNREACH)),
            "network",
            True,
            ["unreachable"],
        ),
        (
            raised(
                httpcore.ConnectError,
                OSError("All connection attempts failed"),
                ExceptionGroup("all", [os_error(errno.EHOSTUNREACH), os_error(errno.EHOSTUNREACH)]),
            ),
            "network",
            True,
            ["no way to the host"],
        ),
        (raised(httpcore.ConnectTimeout), "network", True, ["does not react"]),
        (raised(httpcore.ReadError, os_error(errno.ECONNRESET)), "network", True, ["reset"]),
        (raised(httpcore.RemoteProtocolError), "network", True, ["models.example"]),
        (
            httpcore.RemoteProtocolError("illegal status line: bytearray(b'\\x15\\x03')"),
            "malformed",
            False,
            ["models.example answered with what is no HTTP", "https://"],
        ),
        (
            raised(httpcore.ConnectError, socket.gaierror(-2, "Name or service not known")),
            "dns",
            True,
            ["models.example", "Name or service not known", "base URL"],
        ),
        (
            raised(httpcore.ConnectError, CERTIFICATE),
            "tls",
            False,
            ["self-signed", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"],
        ),
        (
            raised(httpcore.ConnectError, ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong")),
            "tls",
            False,
            ["http://"],
        ),
        (httpcore.ProxyError("403 Forbidden"), "proxy", False, ["403 Forbidden"]),
        (httpcore.UnsupportedProtocol("no such protocol"), "invalid_request", False, ["base URL"]),
        (
            httpcore.LocalProtocolError("Illegal header value"),
            "invalid_request",
            False,
            ["Illegal"],
        ),
    ],
)
def test_an_exception_of_the_client_is_told_with_its_cause(
    exception: Exception, kind: ErrorKind, retry: bool, names: list[str]
) -> None:
    failed = FAILURES.of_exception(exception)
    assert failed.error.kind == kind
    assert failed.retry is retry
    for name in names:
        assert name in failed.error.message


def test_who_cannot_be_reached_behind_a_proxy_is_the_proxy() -> None:
    failed = BEHIND_PROXY.of_exception(
        raised(httpcore.ConnectError, socket.gaierror(-2, "Name or service not known"))
    )
    assert failed.error.kind == "proxy"
    assert "http://proxy.example:3128 cannot be reached" in failed.error.message


@pytest.mark.parametrize("sent", [b"\x05\xff", b"\x05\0\x05\0\0\x01HTTP/1.1 200 OK\r\n\r\n"])
def test_a_proxy_that_speaks_another_protocol_is_named(sent: bytes) -> None:
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("Host", "h")]))
    client.receive_data(sent)
    with pytest.raises(h11.RemoteProtocolError) as raised_:
        client.next_event()
        client.receive_data(b"")
        client.next_event()
    failed = BEHIND_PROXY.of_exception(httpcore.RemoteProtocolError(str(raised_.value)))
    assert (failed.error.kind, failed.retry) == ("proxy", False)
    assert "http://proxy.example:3128 answered with what is no HTTP" in failed.error.message
    assert "socks5://" in failed.error.message and "bytearray" not in failed.error.message


def test_encryption_that_fails_may_be_that_of_the_proxy() -> None:
    wrong = raised(httpcore.ConnectError, ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong"))
    assert "proxy" not in BEHIND_PROXY.of_exception(wrong).error.message
    proxy = Proxy("https://proxy.example:3128", "HTTPS_PROXY")
    message = Failures(CONFIG, proxy).of_exception(wrong).error.message
    assert "proxy https://proxy.example:3128" in message and "HTTPS_PROXY" in message


def test_a_certificate_behind_a_proxy_is_still_the_services() -> None:
    failed = BEHIND_PROXY.of_exception(raised(httpcore.ConnectError, CERTIFICATE))
    assert failed.error.kind == "tls"
    assert "models.example" in failed.error.message


@pytest.mark.parametrize(
    ("exception", "kind"),
    [
        (httpcore.ReadError(""), "broken"),
        (httpcore.RemoteProtocolError("incomplete chunked read"), "broken"),
        (Undecodable("incorrect header check"), "malformed"),
    ],
)
def test_an_answer_that_fails_on_its_way_is_broken(exception: Exception, kind: ErrorKind) -> None:
    assert FAILURES.of_exception(exception, answering=True).error.kind == kind
