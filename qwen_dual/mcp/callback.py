"""Waits for the browser to come back from a sign-in, on this machine's own loopback addresses.

Takes one thing: a GET of the agreed path, at this machine's own name, that brings the state of the sign-in
which is under way. All else is answered with an error and waited past; nothing of a request is ever sent back.
"""

from __future__ import annotations

import errno
import secrets
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import anyio
from anyio.abc import SocketAttribute
from msgspec import Struct

from qwen_dual.concurrency.task_groups import open_task_group
from qwen_dual.fs.reasons import reason
from qwen_dual.mcp.errors import ServerFailure
from qwen_dual.mcp.oauth_settings import CALLBACK_PATH, callback_of, is_loopback

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from anyio.abc import Listener, SocketStream

ADDRESSES = ("127.0.0.1", "::1")
"""Both that ``localhost`` may stand for; the second is left out where the machine has none."""

REQUEST_BYTES = 16_384
REQUEST_SECONDS = 10.0
AT_ONCE = 16

_DONE = "You are signed in. You can close this window and go back to the terminal."
_FAILED = "Signing in did not work; the terminal says why. You can close this window."
_OTHER = "This is not the sign-in that is waited for."
_PAGE = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>qwen-dual</title>"
    "<style>body{{font:16px system-ui;margin:20vh auto;max-width:32em;text-align:center}}</style>"
    "<p>{text}</p></html>"
)


class CallbackFailed(ServerFailure):
    """The browser did not bring what signing in needs, or cannot be waited for."""


class Returned(Struct, frozen=True):
    """What the browser brings: the code that a token is got for, and whose it is."""

    code: str
    state: str
    issuer: str | None = None


class Callback:
    """The place that one sign-in comes back to; ``open_callback`` makes it.

    Attributes:
        redirect_uri: the address of it, which the authorization server is told.
    """

    def __init__(self, redirect_uri: str, path: str) -> None:
        self.redirect_uri = redirect_uri
        self._path = path
        self._state = ""
        self._returned: Returned | None = None
        self._failure = ""
        self._done = anyio.Event()

    def expect(self, authorization_url: str) -> None:
        """Takes from now on what belongs to the sign-in that begins at this address."""
        [self._state] = parse_qs(urlsplit(authorization_url).query).get("state", [""])[:1]

    async def returned(self) -> Returned:
        """Waits for what the browser brings.

        Raises:
            CallbackFailed: it brings that the sign-in failed.
        """
        await self._done.wait()
        if self._returned is None:
            raise CallbackFailed(self._failure)
        return self._returned

    def take(self, address: str) -> bool:
        """Takes the address that the browser ended at; False when it is not of this sign-in.

        A person may bring it by hand, from a browser that runs on another machine.
        """
        try:
            parts = urlsplit(address)
            given = parse_qs(parts.query)
        except ValueError:
            return False
        state = given.get("state", [""])[0]
        if not self._state or not secrets.compare_digest(state.encode(), self._state.encode()):
            return False
        if self._done.is_set():
            return True
        if error := given.get("error", [""])[0]:
            about = given.get("error_description", [""])[0]
            said = f"{error}: {about}" if about else error
            self._failure = "".join(char for char in said if char.isprintable())[:300]
        elif code := given.get("code", [""])[0]:
            self._returned = Returned(code, state, given.get("iss", [None])[0])
        else:
            return False
        self._done.set()
        return True

    async def serve(self, stream: SocketStream) -> None:
        """Answers one request of a browser."""
        async with stream:
            try:
                with anyio.move_on_after(REQUEST_SECONDS):
                    await stream.send(self._answer(await _head(stream)))
            except (OSError, anyio.BrokenResourceError, anyio.EndOfStream):
                return

    def _answer(self, head: bytes) -> bytes:
        first, *fields = head.decode("latin-1").partition("\r\n\r\n")[0].split("\r\n")
        method, _, rest = first.partition(" ")
        target = rest.partition(" ")[0]
        if not self._is_at_home(fields):
            return _response("421 Misdirected Request", _OTHER)
        if method != "GET" or not target.startswith("/"):
            return _response("405 Method Not Allowed", _OTHER)
        if target.partition("?")[0] != self._path:
            return _response("404 Not Found", _OTHER)
        if not self.take(target):
            return _response("400 Bad Request", _OTHER)
        return _response("200 OK", _DONE if self._returned is not None else _FAILED)

    def _is_at_home(self, fields: Sequence[str]) -> bool:
        """Whether a request names this machine, or the host that the settings name, and no other.

        A page elsewhere may have a name of its own lead here (DNS rebinding), and read what it is answered.
        """
        named = (field.partition(":") for field in fields)
        hosts = [value.strip() for name, _, value in named if name.lower() == "host"]
        try:
            [host] = [urlsplit(f"//{host}").hostname or "" for host in hosts if "@" not in host]
        except ValueError:  # none, several, or nothing that is one
            return False
        return is_loopback(host) or host == urlsplit(self.redirect_uri).hostname


@asynccontextmanager
async def open_callback(redirect_uri: str, *, any_port: bool) -> AsyncIterator[Callback]:
    """Listens until the end of the context.

    Args:
        redirect_uri: what the settings name; empty for the usual one.
        any_port: whether another port does where the usual one is taken; else that is an error.

    Raises:
        CallbackFailed: the port is taken, or may not be listened at.
    """
    port, path = callback_of(redirect_uri)
    own = bool(redirect_uri) and not is_loopback(urlsplit(redirect_uri).hostname or "")
    async with AsyncExitStack() as stack:
        try:
            listeners = await _listen(port)
        except OSError as error:
            if not (any_port and error.errno == errno.EADDRINUSE and not redirect_uri):
                raise CallbackFailed(_port_failure(port, error)) from None
            listeners = await _listen(0)
            port = listeners[0].extra(SocketAttribute.local_port)
        for listener in listeners:
            stack.push_async_callback(listener.aclose)
        uri = redirect_uri if redirect_uri else f"http://localhost:{port}{CALLBACK_PATH}"
        callback = Callback(uri, CALLBACK_PATH if own else path)
        limiter = anyio.Semaphore(AT_ONCE)

        async def serve(stream: SocketStream) -> None:
            async with limiter:
                await callback.serve(stream)

        async with open_task_group() as group:
            for listener in listeners:
                group.start_soon(listener.serve, serve)
            yield callback
            group.cancel_scope.cancel()


async def _listen(port: int) -> Sequence[Listener[SocketStream]]:
    """Listeners at the same port of each loopback address."""
    first = await anyio.create_tcp_listener(local_host=ADDRESSES[0], local_port=port)
    at = first.extra(SocketAttribute.local_port)
    try:
        second = await anyio.create_tcp_listener(local_host=ADDRESSES[1], local_port=at)
    except OSError as error:
        if error.errno == errno.EADDRINUSE and port:
            await first.aclose()
            raise
        return [first]
    return [first, second]


async def _head(stream: SocketStream) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head and len(head) < REQUEST_BYTES:
        head += await stream.receive(REQUEST_BYTES)
    return head


def _response(status: str, text: str) -> bytes:
    body = _PAGE.format(text=text).encode()
    headers: Mapping[str, str] = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
        "X-Content-Type-Options": "nosniff",
        "Connection": "close",
    }
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _port_failure(port: int, error: OSError) -> str:
    why = reason(error)
    return (
        f"the browser cannot come back to port {port} of this machine: {why}. End what uses it, or set "
        "oauth.redirectUri to another that the service knows"
    )
