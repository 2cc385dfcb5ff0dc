"""The sessions that the server runs or follows: started, joined, resumed, ended, listed, watched."""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING

import anyio
from msgspec import Struct

from qwen_dual.host import HostError
from qwen_dual.protocol.codec import encode
from qwen_dual.web.chat_channel import ChatChannel
from qwen_dual.web.close_codes import UNKNOWN
from qwen_dual.web.hosted import HostedSession
from qwen_dual.web.kept_sessions import KeptSession
from qwen_dual.web.notifier import Notifier
from qwen_dual.web.terminal_channel import TerminalChannel

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence
    from types import TracebackType
    from typing import Any, Self

    from anyio.abc import TaskGroup
    from starlette.websockets import WebSocket

    from qwen_dual.host import RunningSession
    from qwen_dual.web.access_records import Client
    from qwen_dual.web.kept_sessions import KeptSessions

MAX_SESSIONS = 200
MAX_ENDED = 20
"""Sessions that have ended and can still be read."""

BEGIN_AT_ONCE = 4
"""Sessions of the server before that begin at the same time."""

ROWS_SECONDS = 0.1
"""Between two lists of the sessions at the least."""

ROWS_A_SECOND = 30_000
"""That all who watch are told, roughly: where many watch many, each is told less often."""

log = logging.getLogger(__name__)


class NewSession(Struct, frozen=True, kw_only=True):
    """A session that somebody wants to begin.

    Attributes:
        cwd: the folder; the server's unless given.
        model: the model; the program's own choice unless given.
        mode: the approval mode, likewise.
        resume: the id of a saved session to go on with.
    """

    cwd: str | None = None
    model: str | None = None
    mode: str | None = None
    resume: str | None = None


class NoSession(LookupError):
    """There is no session of this key, or not for this client."""


class TooMany(RuntimeError):
    """There are as many sessions as the server runs."""


class HostedSessions:
    """All sessions of one server. An asynchronous context manager: they live as long as it is entered.

    Args:
        command: the program and its arguments, to which those of a new session are added.
        cwd: where sessions begin unless they say where.
        env: the environment of the programs; this one's unless given.
        max_sessions: how many may be at a time.
        kept: where they are kept for a server that comes after this one; None for nowhere.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: str,
        env: Mapping[str, str] | None = None,
        max_sessions: int = MAX_SESSIONS,
        kept: KeptSessions | None = None,
    ) -> None:
        self._command = list(command)
        self._cwd = cwd
        self._env = env
        self._max_sessions = max_sessions
        self._kept = kept
        self._ending = False
        self._asked: dict[str, NewSession] = {}
        self._sessions: dict[str, HostedSession] = {}
        self._changed = Notifier()
        self._version = 0
        self._watchers = 0
        self._texts: dict[str, tuple[int, str]] = {}
        self._group: TaskGroup

    async def __aenter__(self) -> Self:
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        self._keep_chats()
        self._ending = True
        with anyio.CancelScope(shield=True):
            async with anyio.create_task_group() as group:
                for session in self._sessions.values():
                    group.start_soon(session.end)
        self._group.cancel_scope.cancel()
        return await self._group.__aexit__(kind, error, trace)

    # -- life --------------------------------------------------------------------------------

    async def start(self, new: NewSession) -> str:
        """Starts the program in a terminal of its own.

        Returns:
            The key of the session.

        Raises:
            TooMany: there are as many as may be.
            HostError: it cannot be started.
        """
        session = HostedSession(self._new_key(), self._note_change)
        await self._start(session, new)
        return session.key

    def restore(self) -> None:
        """Brings back the sessions of the server before, under their keys; one that cannot be is logged.

        They are there at once, and begin one after the other.
        """
        if self._kept is None:
            return
        limiter = anyio.CapacityLimiter(BEGIN_AT_ONCE)
        for one in self._kept.read()[: self._max_sessions]:
            session = HostedSession(one.key, self._note_change)
            if one.prompted and not one.attached:
                session.restore(one.title, self._kept.take_chat(one.key))
            self._sessions[one.key] = session
            self._group.start_soon(self._restore, one, session, limiter)
        self._kept.forget_chats()

    async def _restore(
        self, was: KeptSession, session: HostedSession, limiter: anyio.CapacityLimiter
    ) -> None:
        resume = was.session_id if was.prompted else None
        new = NewSession(cwd=was.cwd, model=was.model, mode=was.mode, resume=resume)
        async with limiter:
            try:
                if was.attached:
                    await self._begin(session, session.run_attached(was.session_id, self._env))
                else:
                    await self._start(session, new)
            except HostError as error:
                log.warning("session %s is not brought back: %s", was.session_id, error)

    async def attach(self, session_id: str) -> str:
        """Follows a session that runs elsewhere on this machine: its chat, not its terminal.

        Args:
            session_id: one of ``running()``, by its id.

        Returns:
            The key of the session; the one that it has where it is followed already.

        Raises:
            TooMany: there are as many as may be.
            HostError: there is no such session, or it does not let us in.
        """
        for known in self._sessions.values():
            if known.session_id == session_id and known.ended is None:
                return known.key
        session = HostedSession(self._new_key(), self._note_change)
        await self._begin(session, session.run_attached(session_id, self._env))
        return session.key

    async def end(self, key: str) -> None:
        """Ends a session, or stops to follow it; one that has ended is forgotten.

        Raises:
            NoSession: there is none of this key.
        """
        session = self._found(key)
        if session.ended is None:
            await session.end()
        self._sessions.pop(key, None)
        self._asked.pop(key, None)
        self._note_change()

    def running(self) -> list[RunningSession]:
        """The sessions that run elsewhere on this machine and can be joined."""
        from qwen_dual.host import running

        own = {session.session_id for session in self._sessions.values()}
        return [one for one in running(self._env) if one.session_id not in own]

    # -- what is seen ------------------------------------------------------------------------

    def rows(self, client: Client) -> list[dict[str, Any]]:
        """What a client may know of each session, those that wait for a person first."""
        found = [one.row for key, one in self._sessions.items() if client.sees(key)]
        return [row.as_dict() for row in sorted(found, key=lambda row: not row.waiting)]

    async def chat(
        self, socket: WebSocket, key: str, client: Client, from_seq: int | None, epoch: str
    ) -> None:
        """Serves the events and commands of a session to one page, until either is gone.

        Args:
            socket: accepted.
            key: of the session.
            client: who it is.
            from_seq: the last event that the page has; None for none.
            epoch: what that counts in.
        """
        session = self._sessions.get(key)
        if session is None or not client.sees(key):
            await socket.close(UNKNOWN, "no such session")
            return
        await ChatChannel(socket, session, client).run(from_seq, epoch)

    async def terminal(
        self, socket: WebSocket, key: str, client: Client, offset: int | None, epoch: str
    ) -> None:
        """Serves the terminal of a session to one page, until either is gone.

        Args:
            socket: accepted.
            key: of the session.
            client: who it is.
            offset: up to where the page has the output; None for nothing.
            epoch: what that counts in.
        """
        session = self._sessions.get(key)
        if session is None or not client.sees(key) or session.terminal is None:
            await socket.close(UNKNOWN, "no such terminal")
            return
        await TerminalChannel(socket, session, client).run(offset, epoch)

    async def watch(self, socket: WebSocket, client: Client) -> None:
        """Tells one page of the sessions and their changes, until it is gone."""
        self._watchers += 1
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._send_rows, socket, client)
                while (await socket.receive())["type"] != "websocket.disconnect":
                    pass
                group.cancel_scope.cancel()
        finally:
            self._watchers -= 1

    async def _send_rows(self, socket: WebSocket, client: Client) -> None:
        told = ""
        while True:
            text = self._rows_text(client)
            if text != told:
                told = text
                await socket.send({"type": "websocket.send", "text": text})
            version = self._version
            pause = ROWS_SECONDS + self._watchers * len(self._sessions) / ROWS_A_SECOND
            # After a change alone, so that nothing runs while nothing does.
            await anyio.sleep(pause)
            while version == self._version:
                await self._changed.wait()

    def _rows_text(self, client: Client) -> str:
        """The message with a client's rows, put together once for all who see the same."""
        whose = client.session or ""
        version, text = self._texts.get(whose, (-1, ""))
        if version != self._version:
            message = {"type": "web", "subtype": "sessions", "sessions": self.rows(client)}
            text = encode(message)[:-1].decode()
            if len(self._texts) > 2 * self._max_sessions:
                self._texts.clear()
            self._texts[whose] = (self._version, text)
        return text

    # -- inner workings ----------------------------------------------------------------------

    def _new_key(self) -> str:
        if sum(one.ended is None for one in self._sessions.values()) >= self._max_sessions:
            raise TooMany(f"{self._max_sessions} sessions run; end one first")
        return secrets.token_hex(8)

    async def _start(self, session: HostedSession, new: NewSession) -> None:
        self._asked[session.key] = new
        session.continues = new.resume is not None
        command = [*self._command, *_arguments(new)]
        await self._begin(session, session.run_program(command, new.cwd or self._cwd, self._env))

    async def _begin(self, session: HostedSession, work: Awaitable[None]) -> None:
        self._group.start_soon(_run, work)
        self._sessions[session.key] = session
        try:
            await session.begun()
        except BaseException:
            self._sessions.pop(session.key, None)
            raise
        ended = [key for key, one in self._sessions.items() if one.ended is not None]
        for key in ended[:-MAX_ENDED]:
            del self._sessions[key]
        self._note_change()

    def _found(self, key: str) -> HostedSession:
        try:
            return self._sessions[key]
        except KeyError:
            raise NoSession(key) from None

    def _note_change(self) -> None:
        self._version += 1
        self._changed.notify_all()
        if self._kept is not None and not self._ending:
            self._kept.write(
                [self._as_kept(one) for one in self._sessions.values() if one.is_resumable]
            )

    def _as_kept(self, session: HostedSession) -> KeptSession:
        row, new = session.row.as_dict(), self._asked.get(session.key, NewSession())
        return KeptSession(
            key=session.key,
            session_id=row["session_id"],
            cwd=row["cwd"],
            title=row["title"],
            prompted=session.row.prompted,
            attached=session.terminal is None,
            model=new.model,
            mode=new.mode,
        )

    def _keep_chats(self) -> None:
        if self._kept is None or "--no-chat-recording" in self._command:
            return  # what a person does not have saved is not saved here either
        for session in self._sessions.values():
            if session.is_resumable and session.terminal is not None and session.row.prompted:
                self._kept.write_chat(session.key, session.log.conversation())


async def _run(work: Awaitable[None]) -> None:
    await work


def _arguments(new: NewSession) -> list[str]:
    found: list[str] = []
    for flag, value in (
        ("--model", new.model),
        ("--approval-mode", new.mode),
        ("--resume", new.resume),
    ):
        if value is not None:
            found.append(f"{flag}={value}")
    return found
