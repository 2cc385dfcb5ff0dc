"""The events and commands of a session, over one page's WebSocket."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import anyio

from qwen_dual.host import HostError
from qwen_dual.protocol.codec import NotJson, decode, encode
from qwen_dual.protocol.command_shapes import ON_PROMPTS, RIGHTS
from qwen_dual.web.notifier import Notifier
from qwen_dual.web.page_connection import PageConnection
from qwen_dual.web.rights import lacking

if TYPE_CHECKING:
    from typing import Any

    from anyio.abc import TaskGroup
    from starlette.websockets import WebSocket

    from qwen_dual.web.access_records import Client
    from qwen_dual.web.chat_log import Beginning
    from qwen_dual.web.hosted import HostedSession

MAX_ID_CHARS = 200
MAX_WAITING, MAX_WAITING_BYTES = 1000, 4 << 20
"""Lines for one page alone that wait for it; a longer one waits alone."""


class ChatChannel:
    """One page that follows a session, and steers it as far as it may.

    Of the events the page has a place in the log and no queue of its own, so that one that reads slowly, or
    not at all, costs nothing and holds up nobody. Where events went before it had read them, it is greeted
    anew and told so.

    Args:
        socket: accepted.
        session: what it follows.
        client: who it is.
    """

    def __init__(self, socket: WebSocket, session: HostedSession, client: Client) -> None:
        self._socket = socket
        self._session = session
        self._client = client
        self._wakeup = Notifier()
        self._own: deque[bytes] = deque()
        self._own_bytes = 0
        self._latest: dict[str, dict[str, Any]] = {}
        self._connection: PageConnection | None = None
        self._group: TaskGroup

    def wake(self) -> None:
        """There is more to tell, or the session has ended."""
        self._wakeup.notify_all()

    def send(self, event: dict[str, Any]) -> None:
        """Tells an event to this page alone: it has no place among those that all get, and no number."""
        event = {key: value for key, value in event.items() if key != "seq"}
        subtype = str(event.get("subtype"))
        if subtype == "draft":
            self._latest[subtype] = event
        else:
            self._own.append(encode(event)[:-1])
            self._own_bytes += len(self._own[-1])
            while len(self._own) > 1 and (
                len(self._own) > MAX_WAITING or self._own_bytes > MAX_WAITING_BYTES
            ):
                self._own_bytes -= len(self._own.popleft())
        self._wakeup.notify_all()

    async def run(self, from_seq: int | None, epoch: str) -> None:
        """Serves the page until it is gone.

        Args:
            from_seq: the last event that it has; None for none.
            epoch: what that counts in.
        """
        self._session.enter(self)
        try:
            async with anyio.create_task_group() as group:
                self._group = group
                group.start_soon(self._write, from_seq, epoch)
                await self._read()
                group.cancel_scope.cancel()
        finally:
            self._session.leave(self)

    # -- to the page -------------------------------------------------------------------------

    async def _write(self, from_seq: int | None, epoch: str) -> None:
        session, log = self._session, self._session.log
        known = session.is_known
        place = await self._greet(log.beginning(from_seq, epoch))
        replay_to: int | None = log.newest
        while True:
            if not log.has(place) or known != session.is_known:
                known = session.is_known
                place = await self._greet(log.beginning(None, ""))
                replay_to = log.newest
            if replay_to is not None and place >= replay_to:
                replay_to = None
                await self._send(encode([{"type": "web", "subtype": "replayed"}])[:-1])
            frame, place = log.read(place, replay_to)
            if frame:
                await self._send(frame)
            elif self._own or self._latest:
                await self._send(self._take_own())
            elif session.ended is not None:
                await self._send(encode([session.ended_message()])[:-1])
                return
            elif place >= log.newest:
                await self._wakeup.wait()

    async def _greet(self, begin: Beginning) -> int:
        session = self._session
        greeting = session.greeting
        hello = {
            "type": "web",
            "subtype": "hello",
            "key": session.key,
            "epoch": session.log.epoch,
            "whole": begin.whole,
            "lost": begin.lost,
            "name": self._client.name,
            "rights": sorted(self._client.rights),
            "terminal": session.terminal is not None,
            "supported_commands": sorted(session.supported_commands),
            "program": greeting.agent if greeting else "",
        }
        await self._send(encode([hello])[:-1])
        return begin.after

    def _take_own(self) -> bytes:
        lines = [*self._own, *(encode(event)[:-1] for event in self._latest.values())]
        self._own.clear()
        self._own_bytes = 0
        self._latest.clear()
        return b"[" + b",".join(lines) + b"]"

    async def _send(self, frame: bytes) -> None:
        await self._socket.send({"type": "websocket.send", "text": frame.decode()})

    # -- from the page -----------------------------------------------------------------------

    async def _read(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            if text is not None:
                await self._handle(text)

    async def _handle(self, text: str) -> None:
        try:
            command = decode(text)
        except NotJson as error:
            self._refuse("", "invalid", f"no JSON: {error}")
            return
        if not isinstance(command, dict) or not isinstance(command.get("type"), str):
            self._refuse("", "invalid", "a command is an object with a type")
            return
        command_id = command.get("id")
        command_id = command_id if isinstance(command_id, str) else ""
        if command["type"] == "hello":
            self._refuse(command_id, "invalid", "hello is for the socket of a session")
            return
        if len(command_id) > MAX_ID_CHARS:
            self._refuse("", "invalid", f"an id has {MAX_ID_CHARS} characters at the most")
            return
        if self._session.owners.is_anothers(self._client, command_id):
            # Else what is for another page would come here, or what it gave count as this one's.
            self._refuse(command_id, "invalid", "another page has given a command under this id")
            return
        await self._session.known.wait()
        if self._session.greeting is None or self._session.ended is not None:
            self._refuse(command_id, "ended", "the session has ended")
            return
        limit = self._session.greeting.max_line_bytes
        if limit is not None and len(text.encode()) > limit:
            self._refuse(command_id, "too_long", f"a command has {limit:,} bytes at the most")
            return
        lacks = self._lacking(command)
        if lacks is not None:
            right, what = lacks
            self._refuse(command_id, "no_right", f"{what} takes the right to {right}")
            return
        try:
            await self._carry_out(command, command_id)
        except HostError as error:
            self._refuse(command_id, "ended", str(error))

    def _lacking(self, command: dict[str, Any]) -> tuple[str, str] | None:
        session = self._session
        kind = command["type"]
        if kind in ON_PROMPTS:
            own = session.is_own(self._client, command.get("target"))
        else:
            # Whose turn runs the program knows best, where it knows the page: by its name, which another
            # may take once that page is gone.
            known_as_anothers = session.owners.is_anothers(self._client, session.running)
            own = session.socket != "" and not known_as_anothers
            own = own or session.is_own(self._client, session.running)
        if kind == "list_sessions" and self._client.session is not None:
            return "see other sessions", kind
        request = session.request(command.get("request_id"))
        return lacking(command, self._client.rights, own=own, request=request)

    async def _carry_out(self, command: dict[str, Any], command_id: str) -> None:
        session = self._session
        connection: PageConnection | None = None
        if session.socket and RIGHTS.get(command["type"], "control") != "observe":
            connection = await self._connected(command_id)
            if connection is None:
                return
        session.note(self._client, command, connection.origin if connection else "input")
        if connection is not None:
            await connection.send(command)
        else:
            await session.carry_out(command, self)

    async def _connected(self, command_id: str) -> PageConnection | None:
        """The page's own connection; None where there is none to be had, which it was told."""
        if self._connection is None or not self._connection.connected:
            session, client = self._session, self._client
            made = PageConnection(session.socket, client.name, client.rights, self.send)
            error: HostError | None = await self._group.start(made.run)
            if error is not None:
                self._refuse(command_id, getattr(error, "code", "") or "unreachable", str(error))
                return None
            self._connection = made
        return self._connection

    def _refuse(self, command_id: str, code: str, message: str) -> None:
        self.send(
            {
                "type": "web",
                "subtype": "refused",
                "id": command_id,
                "code": code,
                "message": message,
            }
        )
