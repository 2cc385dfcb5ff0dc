"""The connections of uvicorn, such that none is held by who asks for nothing or takes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from qwen_dual.web.limits import (
    FRAMES_A_SECOND,
    FRAMES_AT_ONCE,
    UNHEARD_BYTES,
    Allowance,
    Unfinished,
)

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from websockets.frames import Frame
    from websockets.http11 import Request

HEAD_SECONDS = 15.0
"""Within which a request has to have begun and have all of its headers."""
KEEP_ALIVE_SECONDS = 30
GONE_SECONDS = 5.0
"""What a client gets to take what was still for it, once its WebSocket is over."""
MAX_CONNECTIONS = 4096
SPARE_CONNECTIONS = 64
"""Below the most, connections that wait for a request begin to give way to new ones."""

MAY_SEND = "qwen_dual.may_send"
"""The extension of a WebSocket's scope that is told how long a message may be, and with whose it counts as long as it
is not whole, once it is known whose it is."""
PACKED_BYTES = 4096
"""That are unpacked at once, of what is compressed: a thousand times as much may be in it."""


class State(ServerState):
    """What all connections of a server know.

    Attributes:
        waiting: those that wait for a request, the one that has waited longest first.
    """

    def __init__(self) -> None:
        super().__init__()
        self.waiting: dict[Connection, None] = {}

    def make_room(self) -> None:
        """Whoever opens connections and asks for nothing keeps nobody out."""
        if self.waiting:
            next(iter(self.waiting)).give_way()


class Connection(H11Protocol):
    """One of HTTP: who begins a request and does not go on with it is dropped."""

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Gives the first request its time."""
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS - SPARE_CONNECTIONS:
            self._state.make_room()
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

    def give_way(self) -> None:
        """Ends it, for another."""
        self._wait(None)  # it is gone only once the loop comes round: it is not to be chosen again
        self.transport.abort()

    @property
    def _state(self) -> State:
        return cast("State", self.server_state)

    def _wait(self, seconds: float | None) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = None
        self._state.waiting.pop(self, None)
        if seconds is not None:
            self._waiting = self.loop.call_later(seconds, self.transport.abort)
            self._state.waiting[self] = None


class Socket(WebSocketsSansIOProtocol):
    """A WebSocket whose client cannot hold it open by taking nothing, nor keep it busy with what is no message."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins to count."""
        super().connection_made(transport)
        self._frames = Allowance(FRAMES_AT_ONCE, FRAMES_A_SECOND)
        self._unread = 0
        self._held = 0
        self._pieces = 0  # bytes of the frames that have come of a message
        self._since = 0  # bytes that came since the last frame ended
        self._unfinished: Unfinished | None = None
        self._may_send(UNHEARD_BYTES)

    def data_received(self, data: bytes) -> None:
        """Unpacks what came bit by bit, so that no more is in memory than was counted."""
        if not self.config.ws_per_message_deflate:
            self._count_bytes(data)
            return
        for at in range(0, len(data), PACKED_BYTES):
            if self.transport.is_closing():
                return
            self._count_bytes(data[at : at + PACKED_BYTES])

    def connection_lost(self, exc: Exception | None) -> None:
        """What had come of a message is gone."""
        super().connection_lost(exc)
        if self._unfinished is not None:
            self._unfinished.change(-self._held)
            self._unfinished = None

    def _count_bytes(self, data: bytes) -> None:
        """Counts what there is of a message: of those who send too many none more is taken."""
        self._since += len(data)
        super().data_received(data)
        if self._unfinished is None:
            return
        now = self._pieces + self._since
        fits = self._unfinished.change(now - self._held)
        self._held = now
        if not fits and now > UNHEARD_BYTES:
            self.transport.abort()

    def handle_connect(self, event: Request) -> None:
        """Has the application say how long messages may be."""
        super().handle_connect(event)
        if self.response.status_code == 101:
            cast("dict[str, Any]", self.scope["extensions"])[MAY_SEND] = self._may_send

    def send_receive_event_to_app(self) -> None:
        """Passes on a message, unless too much waits that came in one go."""
        if not self.read_paused:
            self._unread = 0
        self._pieces = 0
        self._unread += sum(map(len, self.frames))
        if self._unread > 2 * self._most:
            self.transport.abort()
        else:
            super().send_receive_event_to_app()

    def _may_send(self, most: int, unfinished: Unfinished | None = None) -> None:
        # What is longer is refused by its head, and takes no memory.
        self._most = self.conn.max_message_size = most
        self._unfinished = unfinished

    def handle_ping(self) -> None:
        """Answers, up to a bound."""
        self._count(super().handle_ping)

    def handle_text(self, event: Frame) -> None:
        """Takes a message, or its first piece."""
        self._begin(event)
        super().handle_text(event)

    def handle_bytes(self, event: Frame) -> None:
        """Takes one of bytes likewise."""
        self._begin(event)
        super().handle_bytes(event)

    def _begin(self, event: Frame) -> None:
        self._pieces = len(event.data)
        self._since = 0

    def handle_cont(self, event: Frame) -> None:
        """Takes a piece of a message, up to a bound."""
        self._pieces += len(event.data)
        self._since = 0
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
