"""The terminal of a session, over one page's WebSocket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from qwen_dual.host import HostError
from qwen_dual.protocol.codec import NotJson, decode, encode
from qwen_dual.web.terminal_log import Size

if TYPE_CHECKING:
    from typing import Any

    from starlette.websockets import WebSocket

    from qwen_dual.web.client import Client
    from qwen_dual.web.hosted import HostedSession
    from qwen_dual.web.terminal_log import TerminalLog

HIGH_BYTES = 256 << 10
"""Not acknowledged by the page: more is not sent."""

LOW_BYTES = 64 << 10
"""Not acknowledged any more: more is sent again."""


class TerminalChannel:
    """One page that shows a terminal, and types into it if it may.

    Args:
        socket: accepted.
        session: whose terminal it is.
        client: who looks at it.
    """

    def __init__(self, socket: WebSocket, session: HostedSession, client: Client) -> None:
        assert session.terminal is not None
        self._socket = socket
        self._session = session
        self._client = client
        self._log: TerminalLog = session.terminal
        self._acknowledged = 0
        self._held = False

    async def run(self, offset: int | None, epoch: str) -> None:
        """Serves the page until it is gone.

        Args:
            offset: of the output that it has; None for none.
            epoch: what that counts in.
        """
        async with anyio.create_task_group() as group:
            group.start_soon(self._write, offset, epoch)
            await self._read()
            group.cancel_scope.cancel()

    async def _write(self, offset: int | None, epoch: str) -> None:
        log = self._log
        fresh = offset is None or epoch != log.epoch or not log.start <= offset <= log.end
        position = log.start if offset is None or fresh else offset
        await self._begin(position, fresh=fresh)
        shown_at: int | None = log.end
        size: Size | None = None
        while True:
            if position < log.start:
                position = log.start
                await self._begin(position, fresh=True)
                shown_at, size = log.end, None
            if size != log.size_at(position):
                size = log.size_at(position)
                await self._tell("size", columns=size.columns, rows=size.rows, mine=False)
            if shown_at is not None and position >= shown_at:
                shown_at = None
                await self._tell("shown")
            data = b"" if self._is_full(position) else log.read(position)
            if data:
                position += len(data)
                await self._socket.send({"type": "websocket.send", "bytes": data})
            elif self._session.ended is not None and position >= log.end:
                await self._socket.send(_text(self._session.ended_message()))
                return
            else:
                await self._session.painted.wait()

    async def _begin(self, position: int, *, fresh: bool) -> None:
        self._acknowledged = position
        lost = fresh and position > 0
        await self._tell("screen", epoch=self._log.epoch, offset=position, fresh=fresh, lost=lost)

    def _is_full(self, position: int) -> bool:
        waiting = position - self._acknowledged
        self._held = waiting > (LOW_BYTES if self._held else HIGH_BYTES)
        return self._held

    async def _tell(self, subtype: str, **fields: Any) -> None:
        await self._socket.send(_text({"type": "web", "subtype": subtype, **fields}))

    async def _read(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            data = message.get("bytes")
            try:
                if data is None:
                    self._take(message.get("text") or "")
                elif "control" in self._client.rights:
                    await self._session.type_in(data)
            except HostError:
                continue  # it has ended, which the page is told

    def _take(self, text: str) -> None:
        try:
            command = decode(text)
        except NotJson:
            return
        if not isinstance(command, dict):
            return
        if command.get("type") == "ack" and isinstance(command.get("offset"), int):
            self._acknowledged = max(self._acknowledged, command["offset"])
            self._session.painted.ring()
        elif command.get("type") == "resize" and "control" in self._client.rights:
            columns, rows = command.get("columns"), command.get("rows")
            if isinstance(columns, int) and isinstance(rows, int):
                self._session.resize(Size(columns, rows))


def _text(message: dict[str, Any]) -> dict[str, str]:
    return {"type": "websocket.send", "text": encode(message)[:-1].decode()}
