"""uvicorn within our own event loop: sockets bound beforehand, nothing done while nothing happens, an end in order.

What it logs goes where the program's logs go, and never has an address in it: there is no access log.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from qwen_dual.web.connections import (
    KEEP_ALIVE_SECONDS,
    MAX_CONNECTIONS,
    Connection,
    Socket,
    State,
)
from qwen_dual.web.limits import MAX_MESSAGE_BYTES

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Iterator

    import anyio
    from starlette.types import ASGIApp

END_SECONDS = 2
"""What requests that run get when the server ends."""
PING_SECONDS = 45.0
MAX_HEAD_BYTES = 32 << 10
HANDSHAKE_SECONDS = 10.0


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
    # What clients do wrong fills no disk.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
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
        self.server_state = State()
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
