"""The events and commands of a session, over one page's WebSocket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from qwen_dual.host import HostError
from qwen_dual.protocol.codec import NotJson, decode, encode
from qwen_dual.protocol.command_shapes import RIGHTS

if TYPE_CHECKING:
    from typing import Any

    from starlette.websockets import WebSocket

    from qwen_dual.web.client import Client
    from qwen_dual.web.hosted import HostedSession

MAX_COMMAND_BYTES = 16 << 20


class ChatChannel:
    """One page that follows a session, and steers it as far as it may.

    Args:
        socket: accepted.
        session: what it follows.
        client: who it is.
    """

    def __init__(self, socket: WebSocket, session: HostedSession, client: Client) -> None:
        self._socket = socket
        self._session = session
        self._client = client

    async def run(self, from_seq: int | None, epoch: str) -> None:
        """Serves the page until it is gone.

        Args:
            from_seq: the last event that it has; None for none.
            epoch: what that counts in.
        """
        self._session.clients += 1
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._write, from_seq, epoch)
                await self._read()
                group.cancel_scope.cancel()
        finally:
            self._session.clients -= 1

    # -- to the page -------------------------------------------------------------------------

    async def _write(self, from_seq: int | None, epoch: str) -> None:
        session, log = self._session, self._session.log
        begin = log.beginning(from_seq, epoch)
        await self._tell(self._hello(begin.whole, begin.lost))
        place, replay_to = begin.after, log.newest
        replayed = False
        while True:
            if place >= replay_to and not replayed:
                replayed = True
                await self._tell({"type": "web", "subtype": "replayed"})
            frame, place = log.read(place)
            if frame:
                await self._send(frame)
            elif session.ended is not None:
                await self._tell(session.ended_message())
                return
            else:
                await session.told.wait()

    def _hello(self, whole: bool, lost: int) -> dict[str, Any]:
        session = self._session
        greeting = None if session.session is None else session.session.greeting
        return {
            "type": "web",
            "subtype": "hello",
            "key": session.key,
            "epoch": session.log.epoch,
            "whole": whole,
            "lost": lost,
            "name": self._client.name,
            "rights": list(self._client.rights),
            "terminal": session.terminal is not None,
            "supported_commands": sorted(greeting.supported_commands) if greeting else [],
            "program": greeting.agent if greeting else "",
        }

    async def _tell(self, message: dict[str, Any]) -> None:
        await self._send(encode([message])[:-1])

    async def _send(self, frame: bytes) -> None:
        await self._socket.send({"type": "websocket.send", "text": frame.decode()})

    # -- from the page -----------------------------------------------------------------------

    async def _read(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            await self._take(message.get("text") or "")

    async def _take(self, text: str) -> None:
        try:
            command = decode(text)
        except NotJson as error:
            await self._refuse("", "invalid", f"no JSON: {error}")
            return
        if not isinstance(command, dict) or not isinstance(command.get("type"), str):
            await self._refuse("", "invalid", "a command is an object with a type")
            return
        number = command.get("id")
        number = number if isinstance(number, str) else ""
        right = RIGHTS.get(command["type"], "control")
        if right not in self._client.rights:
            await self._refuse(number, "no_right", f"{command['type']} takes the right to {right}")
            return
        session = self._session
        if session.session is None or session.ended is not None:
            await self._refuse(number, "ended", "the session has ended")
            return
        told = command.get("request_id") if command["type"] == "confirmation_response" else number
        if isinstance(told, str) and told:
            session.log.tell(
                {"type": "web", "subtype": "by", "id": told, "name": self._client.name}
            )
            session.told.ring()
        try:
            await session.session.send(command)
        except HostError as error:
            await self._refuse(number, "ended", str(error))

    async def _refuse(self, number: str, code: str, message: str) -> None:
        await self._tell(
            {"type": "web", "subtype": "refused", "id": number, "code": code, "message": message}
        )
