"""One session of the server: its program, its events and its terminal, for all pages that look at it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import anyio
from msgspec import Struct

from qwen_dual import host
from qwen_dual.host.promise import Promise
from qwen_dual.protocol.events import new_uuid
from qwen_dual.protocol.sanitise import one_line
from qwen_dual.web.bell import Bell
from qwen_dual.web.chat_log import ChatLog
from qwen_dual.web.terminal_log import Size, TerminalLog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

FIRST_SIZE = Size(80, 24)
ATTACHED_AS = "web"
MAX_TITLE = 80


class Ended(Struct, frozen=True):
    """How a session ended.

    Attributes:
        status: the program's, None where it has none or nobody knows.
        signal: the signal that killed it.
        message: the same for people.
    """

    status: int | None
    signal: int | None
    message: str


class HostedSession:
    """A program, what it says and what it paints.

    Args:
        key: what pages know it by.
        on_change: called when its row is another one.

    Attributes:
        session: its channel and terminal; None before it runs.
        log: its events.
        terminal: its output; None where it has no terminal here.
        ended: how it ended; None while it runs.
        told: rings when there are more events, or it has ended.
        painted: rings when there is more output, or it has ended.
        clients: the pages that look at its chat.
    """

    def __init__(self, key: str, on_change: Callable[[], None]) -> None:
        self.key = key
        self.session: host.Session | None = None
        self.epoch = new_uuid()
        self.log = ChatLog(self.epoch)
        self.terminal: TerminalLog | None = None
        self.ended: Ended | None = None
        self.told = Bell()
        self.painted = Bell()
        self.clients = 0
        self.started_at = time.time()
        self.title = ""
        self._on_change = on_change
        self._begun: Promise[None] = Promise()
        self._leave = anyio.Event()
        self._over = anyio.Event()

    # -- life --------------------------------------------------------------------------------

    async def run_program(
        self, command: Sequence[str], cwd: str, env: Mapping[str, str] | None
    ) -> None:
        """Runs a program in a terminal until it ends or is ended."""
        self.terminal = TerminalLog(self.epoch, FIRST_SIZE)
        opened = host.open_session(
            command, cwd=cwd, env=env, columns=FIRST_SIZE.columns, rows=FIRST_SIZE.rows
        )
        await self._run(opened)

    async def run_attached(self, session_id: str, env: Mapping[str, str] | None) -> None:
        """Follows a session that runs elsewhere until it ends or is left."""
        await self._run(host.attach(session_id, name=ATTACHED_AS, from_seq=1, env=env))

    async def begun(self) -> None:
        """Waits until it runs.

        Raises:
            HostError: it does not.
        """
        await self._begun.wait()

    async def end(self) -> None:
        """Ends it; returns when it is over."""
        self._leave.set()
        await self._over.wait()

    async def _run(self, opened: Any) -> None:
        try:
            async with opened as session:
                self.session = session
                self._begun.keep(None)
                async with anyio.create_task_group() as group:
                    group.start_soon(self._end_when_asked, session)
                    async with anyio.create_task_group() as followers:
                        followers.start_soon(self._follow_events, session)
                        if self.terminal is not None:
                            followers.start_soon(self._follow_terminal, session, self.terminal)
                        await session.wait_closed()
                    group.cancel_scope.cancel()
            how = session.exit or host.Exit()
            self.ended = Ended(how.status, how.signal, "the program has ended")
        except host.HostError as error:
            failure = error
            if not self._begun.done:
                self._begun.fail(lambda: failure)
            self.ended = Ended(None, None, str(error))
        finally:
            self._over.set()
            self.told.ring()
            self.painted.ring()
            self._on_change()

    async def _end_when_asked(self, session: host.Session) -> None:
        await self._leave.wait()
        await session.aclose()

    async def _follow_events(self, session: host.Session) -> None:
        try:
            async for event in session:
                self._take(event)
        except host.SessionExited:
            return

    async def _follow_terminal(self, session: host.Session, log: TerminalLog) -> None:
        async for data in session.terminal:
            log.add(data)
            self.painted.ring()

    def _take(self, event: host.Event) -> None:
        if event.type == "host":
            return
        if not self.title and event.type == "user" and event.text:
            self.title = one_line(event.text)[:MAX_TITLE]
        self.log.add(event.raw)
        self.told.ring()
        if event.type != "stream_event":
            self._on_change()

    # -- what is seen ------------------------------------------------------------------------

    @property
    def session_id(self) -> str:
        """The id of the conversation now."""
        return "" if self.session is None else self.session.session_id

    @property
    def waiting(self) -> int:
        """Requests that wait for a person."""
        return 0 if self.session is None or self.ended else len(self.session.pending)

    def row(self) -> dict[str, Any]:
        """As ``SessionRow`` of the page has it."""
        session = self.session
        greeting = None if session is None else session.greeting
        state = "ended" if self.ended else "starting" if session is None else session.state
        return {
            "key": self.key,
            "session_id": self.session_id,
            "title": self.title,
            "cwd": "" if greeting is None else greeting.cwd,
            "program": "" if greeting is None else greeting.agent,
            "model": "" if session is None else session.model,
            "mode": "" if session is None else session.approval_mode,
            "state": state,
            "waiting": self.waiting,
            "terminal": self.terminal is not None,
            "started_at": self.started_at,
            "clients": self.clients,
        }

    def ended_message(self) -> dict[str, Any]:
        """As ``ended`` of the page has it."""
        ended = self.ended or Ended(None, None, "")
        return {
            "type": "web",
            "subtype": "ended",
            "status": ended.status,
            "signal": ended.signal,
            "message": ended.message,
        }

    # -- what is done ------------------------------------------------------------------------

    async def type_in(self, data: bytes) -> None:
        """Types into the terminal."""
        if self.session is not None and self.ended is None:
            await self.session.write(data)

    def resize(self, size: Size) -> None:
        """Changes the size of the terminal's window."""
        if self.session is None or self.terminal is None or self.ended is not None:
            return
        if size != self.terminal.size:
            self.session.resize(size.columns, size.rows)
            self.terminal.resized(size)
            self.painted.ring()
