"""The terminal of a session, over one page's WebSocket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from qwen_dual.host import HostError
from qwen_dual.protocol.codec import NotJson, decode, encode
from qwen_dual.web.notifier import Notifier

if TYPE_CHECKING:
    from typing import Any

    from starlette.websockets import WebSocket

    from qwen_dual.web.access_records import Client
    from qwen_dual.web.hosted import HostedSession
    from qwen_dual.web.terminal_log import Place, Size, TerminalLog

HIGH_BYTES = 256 << 10
"""Not acknowledged by the page: more is not sent."""

LOW_BYTES = 64 << 10
"""Not acknowledged any more: more is sent again."""


class TerminalChannel:
    """One page that shows a terminal, and types into it if it may.

    The page has a place in the log and no queue of its own: one that takes nothing costs nothing. When
    what it has not seen is not kept any more, it gets a fresh screen.

    Args:
        socket: accepted.
        session: whose terminal it is.
        client: who looks at it.
    """

    def __init__(self, socket: WebSocket, session: HostedSession, client: Client) -> None:
        assert session.terminal is not None
        self._socket = socket
        self._session = session
        self._types = "control" in client.rights
        self._log: TerminalLog = session.terminal
        self._wakeup = Notifier()
        self._position = 0
        self._acknowledged = 0
        self._held = False
        self._shown_at: int | None = None
        self._sent: tuple[Size, bool] | None = None
        self._repaint = False

    def wake(self) -> None:
        """There is more output, or the terminal has another size, or has ended."""
        self._wakeup.notify_all()

    async def run(self, offset: int | None, epoch: str) -> None:
        """Serves the page until it is gone.

        Args:
            offset: of the output that it has; None for none.
            epoch: what that counts in.
        """
        self._session.screens.add(self)
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._write, offset, epoch)
                await self._read()
                group.cancel_scope.cancel()
        finally:
            self._session.screens.discard(self)
            self._session.resize(self._session.window.left(self))

    # -- to the page -------------------------------------------------------------------------

    async def _write(self, offset: int | None, epoch: str) -> None:
        log, session = self._log, self._session
        if offset is not None and epoch == log.epoch and log.has(offset):
            await self._begin(offset, fresh=False)
        else:
            await self._begin_at(log.first_place())
        while True:
            # Not before it has taken what is on its way to it: else that would be without a bound.
            if not self._is_full() and not log.has(self._position):
                await self._begin_at(log.recent_place())
            await self._send_size()
            if self._shown_at is not None and self._position >= self._shown_at:
                await self._shown()
            data = b"" if self._is_full() else log.read(self._position)
            if data:
                self._position += len(data)
                await self._socket.send({"type": "websocket.send", "bytes": data})
            elif session.ended is not None and self._position >= log.end:
                await self._socket.send(_text(session.ended_message()))
                return
            elif self._is_quiet():
                await self._wakeup.wait()

    def _is_quiet(self) -> bool:
        """Whether there is nothing to do: looked at once more, since something was awaited."""
        waits = self._is_full() or self._position == self._log.end
        return waits and self._sent == self._size()

    async def _begin(self, offset: int, *, fresh: bool, lost: bool = False) -> None:
        self._position = self._acknowledged = offset
        self._shown_at, self._sent, self._held = self._log.end, None, False
        screen = {"epoch": self._log.epoch, "offset": offset, "fresh": fresh, "lost": lost}
        await self._send("screen", **screen)

    async def _begin_at(self, place: Place) -> None:
        """Begins with a fresh screen; what makes its modes counts as output before it."""
        offset = max(0, place.offset - len(place.prelude))
        await self._begin(offset, fresh=True, lost=place.offset > 0)
        await self._send_size()
        if place.prelude:
            self._position += len(place.prelude)
            await self._socket.send({"type": "websocket.send", "bytes": place.prelude})
        self._position = place.offset
        self._repaint = not place.whole

    async def _shown(self) -> None:
        self._shown_at = None
        await self._send("shown")
        if self._repaint:
            self._repaint = False
            self._session.repaint()

    def _size(self) -> tuple[Size, bool]:
        size, window = self._log.size_at(self._position), self._session.window
        return size, window.giver is self and size == self._log.size

    async def _send_size(self) -> None:
        now = self._size()
        if now != self._sent:
            self._sent = now
            size, mine = now
            await self._send("size", columns=size.columns, rows=size.rows, mine=mine)

    def _is_full(self) -> bool:
        waiting = self._position - self._acknowledged
        self._held = waiting > (LOW_BYTES if self._held else HIGH_BYTES)
        return self._held

    async def _send(self, subtype: str, **fields: Any) -> None:
        await self._socket.send(_text({"type": "web", "subtype": subtype, **fields}))

    # -- from the page -----------------------------------------------------------------------

    async def _read(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            data = message.get("bytes")
            if data is None:
                self._handle(message.get("text") or "")
            elif self._types:
                self._session.resize(self._session.window.used(self))
                try:
                    await self._session.type_in(data)
                except HostError:
                    continue  # it has ended, which the page is told

    def _handle(self, text: str) -> None:
        try:
            command = decode(text)
        except NotJson:
            return
        if not isinstance(command, dict):
            return
        kind = command.get("type")
        if kind == "ack" and (offset := _whole(command.get("offset"))) is not None:
            self._acknowledged = max(self._acknowledged, min(offset, self._position))
            self._wakeup.notify_all()
        elif kind == "resize" and self._types:
            columns, rows = _whole(command.get("columns")), _whole(command.get("rows"))
            if columns is not None and rows is not None:
                self._session.resize(self._session.window.fits(self, columns, rows))
        elif kind == "active" and self._types:
            self._session.resize(self._session.window.used(self))


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(message: dict[str, Any]) -> dict[str, str]:
    return {"type": "websocket.send", "text": encode(message)[:-1].decode()}
