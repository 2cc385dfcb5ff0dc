"""uvicorn within our own event loop: sockets bound beforehand, nothing done while nothing happens, an end in order.

What it logs goes where the program's logs go, and never has an address in it: there is no access log.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from qwen_dual.web.limits import (
    FRAMES_A_SECOND,
    FRAMES_AT_ONCE,
    MAX_MESSAGE_BYTES,
    Allowance,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import anyio
    from starlette.types import ASGIApp
    from websockets.frames import Frame

DEFAULT_PORT = 8421
PORTS_TRIED = 20
"""Where no port was asked for: the first free one of these."""

HEAD_SECONDS = 15.0
"""Within which a request has to have begun and have all of its headers."""
KEEP_ALIVE_SECONDS = 30
END_SECONDS = 2
"""What requests that run get when the server ends."""
GONE_SECONDS = 5.0
"""What a client gets to take what was still for it, once its WebSocket is over."""
PING_SECONDS = 45.0
HANDSHAKE_SECONDS = 10.0
MAX_CONNECTIONS = 4096
SPARE_CONNECTIONS = 64
"""Below the most, connections that wait for a request begin to give way to new ones."""
MAX_HEAD_BYTES = 32 << 10


class CannotListen(Exception):
    """There can be no server; says why, and what to do."""


def listen(host: str, port: int | None) -> list[socket.socket]:
    """Sockets that listen at every address of a host, all on one port.

    Args:
        host: a name or an address.
        port: it; 0 for any, None for the first free one of the usual.

    Raises:
        CannotListen: nobody can there.
    """
    addresses = resolve(host)
    tried = range(DEFAULT_PORT, DEFAULT_PORT + PORTS_TRIED) if port is None else (port,)
    for each in tried:
        try:
            return _listen(addresses, each)
        except OSError as error:
            if error.errno == errno.EADDRINUSE and each != tried[-1]:
                continue
            raise CannotListen(_why(error, host, each)) from None
    raise AssertionError


def resolve(host: str) -> list[str]:
    """The addresses of a host.

    Raises:
        CannotListen: it has none.
    """
    try:
        found = socket.getaddrinfo(
            host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_ADDRCONFIG
        )
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise CannotListen(
            f"--host {host}: {why}; name an address or a name of this machine"
        ) from None
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def _listen(addresses: Sequence[str], port: int) -> list[socket.socket]:
    made: list[socket.socket] = []
    try:
        for address in addresses:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            one = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
            made.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind((address, port))
            one.listen(512)
            one.setblocking(False)
            port = one.getsockname()[1]
    except BaseException:
        for one in made:
            one.close()
        raise
    return made


def _why(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use: another program listens there; --port N takes another"
    if error.errno == errno.EACCES:
        return f"port {port} is for the system's own services: --port N takes one from 1024 on"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"--host {host} is no address of this machine"
    return f"cannot listen at {host}, port {port}: {error.strerror or error}"


def tls_context(certificate: str, key: str) -> ssl.SSLContext:
    """What the server proves with who it is.

    Raises:
        CannotListen: the files are not what they have to be.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for flag, path in (("--certfile", certificate), ("--keyfile", key)):
        if not os.path.isfile(path):
            raise CannotListen(f"{flag} {path}: there is no such file")
        if not os.access(path, os.R_OK):
            raise CannotListen(f"{flag} {path}: it cannot be read by this user")
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except ssl.SSLError as error:
        why = "they do not belong together" if "MISMATCH" in (error.reason or "") else None
        raise CannotListen(
            f"--certfile {certificate}, --keyfile {key}: "
            f"{why or 'they are no certificate and key in PEM'} ({error.reason or error})"
        ) from None
    except _Locked:
        raise CannotListen(
            f"--keyfile {key}: it is encrypted; name one without a password"
        ) from None
    return context


class _Locked(Exception):
    pass


def _no_password() -> str:
    raise _Locked


async def serve(
    app: ASGIApp,
    sockets: list[socket.socket],
    asked_to_end: anyio.Event,
    *,
    tls: ssl.SSLContext | None = None,
    compress: bool = False,
    started: anyio.Event | None = None,
) -> None:
    """Answers until it is asked to end.

    Args:
        app: the application.
        sockets: that listen; closed at the end.
        asked_to_end: ends it in order.
        tls: for a server that speaks TLS itself.
        compress: whether WebSockets are: of use over a network, a waste on one machine.
        started: set once it answers.
    """
    logging.getLogger("uvicorn.error").setLevel(
        logging.ERROR
    )  # what clients do wrong fills no disk
    config = uvicorn.Config(
        app,
        loop="none",
        http=Connection,
        ws=Socket,
        interface="asgi3",
        lifespan="off",
        workers=1,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        ws_per_message_deflate=compress,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=END_SECONDS,
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
        ssl_context_factory=None if tls is None else lambda *_: tls,
    )
    await _Server(config, asked_to_end, started).serve(sockets)


class _Server(uvicorn.Server):
    """Waits for what it is asked in place of looking ten times a second, and leaves signals alone."""

    def __init__(
        self, config: uvicorn.Config, asked_to_end: anyio.Event, started: anyio.Event | None
    ) -> None:
        super().__init__(config)
        self._asked_to_end = asked_to_end
        self._has_started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does, with a bound for the handshake of TLS."""
        loop = asyncio.get_running_loop()
        self.servers = [
            await loop.create_server(
                self._protocol,
                sock=one,
                ssl=self.config.ssl,
                ssl_handshake_timeout=None if self.config.ssl is None else HANDSHAKE_SECONDS,
                backlog=self.config.backlog,
            )
            for one in sockets or ()
        ]
        self.started = True

    def _protocol(self) -> Connection:
        return Connection(self.config, self.server_state, {})

    async def main_loop(self) -> None:
        if self._has_started is not None:
            self._has_started.set()
        await self._asked_to_end.wait()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Connection(H11Protocol):
    """One of HTTP: who begins a request and does not go on with it is dropped."""

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Gives the first request its time."""
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS - SPARE_CONNECTIONS:
            self._make_room()
        self._wait(HEAD_SECONDS)

    def data_received(self, data: bytes) -> None:
        """Stops the clock once a request is there."""
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before or self.transport.get_protocol() is not self:
            self._wait(None)

    def on_response_complete(self) -> None:
        """Gives the next one its time."""
        super().on_response_complete()
        self._wait(KEEP_ALIVE_SECONDS + HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops the clock."""
        self._wait(None)
        super().connection_lost(exc)

    def _make_room(self) -> None:
        """Whoever opens connections and asks for nothing keeps nobody out."""
        others = [one for one in self.connections if isinstance(one, Connection) and one._waiting]
        if others:
            min(others, key=Connection._deadline).transport.abort()

    def _deadline(self) -> float:
        return 0.0 if self._waiting is None else self._waiting.when()

    def _wait(self, seconds: float | None) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = (
            None if seconds is None else self.loop.call_later(seconds, self.transport.abort)
        )


class Socket(WebSocketsSansIOProtocol):
    """A WebSocket whose client cannot hold it open by taking nothing, nor keep it busy with what is no message."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins to count."""
        super().connection_made(transport)
        self._frames = Allowance(FRAMES_AT_ONCE, FRAMES_A_SECOND)

    def handle_ping(self) -> None:
        """Answers, up to a bound."""
        self._count(super().handle_ping)

    def handle_cont(self, event: Frame) -> None:
        """Takes a piece of a message, up to a bound."""
        self._count(lambda: super(Socket, self).handle_cont(event))

    def _count(self, go_on: Callable[[], None]) -> None:
        if self._frames.take():
            go_on()
        else:
            self.transport.abort()

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """The application is done with it."""
        super().on_task_complete(task)
        self.loop.call_later(GONE_SECONDS, self.transport.abort)

    def keepalive_timeout(self) -> None:
        """Nothing has come back for a ping."""
        super().keepalive_timeout()
        self.transport.abort()
