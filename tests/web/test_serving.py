"""What keeps connections from being held by who asks for nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import uvicorn

from qwen_dual.web.connections import (
    HEAD_SECONDS,
    KEEP_ALIVE_SECONDS,
    MAX_CONNECTIONS,
    SPARE_CONNECTIONS,
    Connection,
    State,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Receive, Scope, Send

HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@dataclass
class Timer:
    at: float
    call: Callable[[], object]
    off: bool = False

    def cancel(self) -> None:
        self.off = True

    def when(self) -> float:
        return self.at


@dataclass
class Loop:
    """A loop whose time is moved by hand."""

    now: float = 0.0
    timers: list[Timer] = field(default_factory=list)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def call_later(self, seconds: float, call: Callable[[], object]) -> Timer:
        self.timers.append(Timer(self.now + seconds, call))
        return self.timers[-1]

    def create_task(self, work: Any) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(work)

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        for timer in [one for one in self.timers if one.at <= self.now]:
            self.timers.remove(timer)
            if not timer.off:
                timer.call()


@dataclass
class Transport:
    """A transport that notes how it ended."""

    protocol: Any = None
    closed: str = ""
    written: bytes = b""

    def abort(self) -> None:
        self.closed = self.closed or "aborted"

    def close(self) -> None:
        self.closed = self.closed or "closed"

    def is_closing(self) -> bool:
        return bool(self.closed)

    def write(self, data: bytes) -> None:
        self.written += data

    def get_protocol(self) -> Any:
        return self.protocol

    def get_extra_info(self, name: str) -> Any:
        return None

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class Server:
    """A server without a network: connections are made by hand."""

    def __init__(self) -> None:
        self.loop, self.state = Loop(), State()
        self.config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False)
        self.config.load()

    def connect(self) -> tuple[Connection, Transport]:
        loop = cast("asyncio.AbstractEventLoop", self.loop)
        connection, transport = Connection(self.config, self.state, {}, loop), Transport()
        transport.protocol = connection
        connection.connection_made(cast("asyncio.Transport", transport))
        return connection, transport


async def settle(server: Server) -> None:
    while server.state.tasks:
        await asyncio.wait(server.state.tasks)


def test_who_does_not_finish_a_request_is_dropped() -> None:
    server = Server()
    silent, slow = server.connect(), server.connect()
    server.loop.pass_time(HEAD_SECONDS / 2)
    slow[0].data_received(HEAD)  # the rest is drip-fed and never whole
    server.loop.pass_time(HEAD_SECONDS / 2)
    slow[0].data_received(b"X: y\r\n")
    assert (silent[1].closed, slow[1].closed) == ("aborted", "aborted")


def test_who_has_an_answer_may_ask_again_for_a_while() -> None:
    async def main() -> None:
        server = Server()
        connection, transport = server.connect()
        for _ in range(2):
            connection.data_received(HEAD + b"\r\n")
            await settle(server)
            server.loop.pass_time(KEEP_ALIVE_SECONDS / 8)
            assert transport.closed == ""
        assert transport.written.count(b"204 No Content") == 2
        connection.data_received(HEAD)
        server.loop.pass_time(KEEP_ALIVE_SECONDS + HEAD_SECONDS)
        assert transport.closed == "aborted"

    asyncio.run(main())


def test_who_asks_for_nothing_keeps_nobody_out() -> None:
    server = Server()
    held = []
    for _ in range(MAX_CONNECTIONS - SPARE_CONNECTIONS):
        held.append(server.connect())
        server.loop.now += 0.001
    assert not any(transport.closed for _, transport in held)
    server.connect()
    server.connect()  # before the loop has come round to tell of the end of the first
    assert [number for number, (_, one) in enumerate(held) if one.closed] == [0, 1]
