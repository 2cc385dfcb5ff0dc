"""One session of the server: its program, its events and its terminal, for all pages that look at it."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import anyio

from qwen_dual import host
from qwen_dual.host.channels import is_ours
from qwen_dual.host.promise import Promise
from qwen_dual.host.pty import terminal_environment
from qwen_dual.protocol.events import new_uuid
from qwen_dual.web.chat_log import ChatLog
from qwen_dual.web.command_owners import CommandOwners
from qwen_dual.web.page_answers import PageAnswers
from qwen_dual.web.plain_programs import PLAIN_COMMANDS, PlainProgram
from qwen_dual.web.repainting import Repainter
from qwen_dual.web.row import Ended, Row
from qwen_dual.web.terminal_log import Size, TerminalLog
from qwen_dual.web.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from typing import Any

    from qwen_dual.web.access_records import Client
    from qwen_dual.web.chat_channel import ChatChannel
    from qwen_dual.web.terminal_channel import TerminalChannel

log = logging.getLogger(__name__)

FIRST_SIZE = Size(80, 24)
ATTACHED_AS = "web"
EVENT_BYTES, TERMINAL_BYTES = 32 << 20, 4 << 20
"""That may wait for this server itself, which takes them in the next pass of its loop: the longest line too."""

BEGIN_SECONDS = 1.0
"""That a page waits for a session which it has started to say what it is."""

NOT_KEPT = (
    "The server was started anew, and the session goes on: what was said before is in its terminal. The "
    "server before did not end in order, so it is not told here again."
)

FAILED = "The server failed at what the program told, and has ended it; the server's log has the details."


class HostedSession:
    """A program, what it says and what it paints.

    Args:
        key: what pages know it by.
        on_change: called when its row is another one.

    Attributes:
        log: its events.
        terminal: its output; None where it has no terminal here.
        window: which page gives the terminal its size.
        screens: the pages that show the terminal.
        ended: how it ended; None while it runs.
        row: what the list of sessions says of it.
        owners: whose the commands are.
        known: is set when the program has said who it is, or has ended.
        continues: its program goes on with an earlier conversation.
        running: the id of the command whose prompt runs, or ran last; empty for others.
    """

    def __init__(self, key: str, on_change: Callable[[], None]) -> None:
        self.key = key
        self.epoch = new_uuid()
        self.log = ChatLog(self.epoch)
        self.terminal: TerminalLog | None = None
        self.window = Window()
        self.screens: set[TerminalChannel] = set()
        self.ended: Ended | None = None
        self.owners = CommandOwners()
        self.row = Row(key, time.time(), on_change)
        self.running = ""
        self.continues = False
        self._session: host.Session | None = None
        self._plain: PlainProgram | None = None
        self._chats: set[ChatChannel] = set()
        self._answers = PageAnswers()
        self._begun: Promise[None] = Promise()
        self.known = anyio.Event()
        self._leave = anyio.Event()
        self._over = anyio.Event()
        self._repainter = Repainter(self.resize)

    # -- life --------------------------------------------------------------------------------

    def restore(self, title: str, lines: Sequence[bytes]) -> None:
        """Begins with what an earlier server has kept of the session."""
        self.row.begins("", terminal=True, title=title)
        self.row.prompted = True
        self.log.restore(lines)
        told = "The server was started anew; the session goes on." if lines else NOT_KEPT
        self.log.add_own({"type": "web", "subtype": "notice", "code": "resumed", "message": told})

    async def run_program(
        self, command: Sequence[str], cwd: str, env: Mapping[str, str] | None
    ) -> None:
        """Runs a program in a terminal until it ends or is ended."""
        self.terminal = TerminalLog(self.epoch, FIRST_SIZE)
        self.row.begins(cwd, terminal=True, title=self.row.title)
        more = ("--socket", "--screen-marks") if is_ours(command) else ()
        await self._run(
            host.open_session(
                [*command, *more],
                cwd=cwd,
                env={**terminal_environment(env), "COLORTERM": "truecolor"},
                columns=FIRST_SIZE.columns,
                rows=FIRST_SIZE.rows,
                start_timeout=None,
                max_buffer_bytes=EVENT_BYTES,
                terminal_buffer_bytes=TERMINAL_BYTES,
            )
        )

    async def run_attached(self, session_id: str, env: Mapping[str, str] | None) -> None:
        """Follows a session that runs elsewhere until it ends or is left."""
        await self._run(host.attach(session_id, name=ATTACHED_AS, from_seq=1, env=env))

    async def begun(self) -> None:
        """Waits until the program runs, and a moment for it to say who it is.

        Raises:
            HostError: it does not.
        """
        await self._begun.wait()
        with anyio.move_on_after(BEGIN_SECONDS):
            await self.known.wait()

    async def end(self) -> None:
        """Ends it; returns when it is over."""
        self._leave.set()
        await self._over.wait()

    async def _run(self, opened: AbstractAsyncContextManager[host.Session]) -> None:
        try:
            async with opened as session:
                self._session = session
                self._plain = PlainProgram(session, self.log.add, self._wake)
                self._begun.keep(None)
                async with anyio.create_task_group() as group:
                    group.start_soon(self._end_when_asked, session)
                    self._plain.group = group
                    if self.terminal is not None:
                        group.start_soon(self._repainter.run, self.terminal)
                    async with anyio.create_task_group() as followers:
                        followers.start_soon(self._follow_events, session)
                        if self.terminal is not None:
                            followers.start_soon(self._follow_terminal, session, self.terminal)
                        how = await session.wait_closed()
                    group.cancel_scope.cancel()
            self.ended = Ended.of(how, left=self.terminal is None)
        except host.HostError as error:
            failure = error
            if not self._begun.done:
                self._begun.fail(lambda: failure)
            self.ended = Ended(None, None, str(error))
        except Exception:  # what one program tells ends no other's session
            log.exception("session %s is let go", self.key)
            self.ended = Ended(None, None, FAILED)
            if not self._begun.done:
                self._begun.fail(lambda: host.HostError(FAILED))
        finally:
            if self.ended is None:
                self.ended = Ended(None, None, "The server has ended it.")
            self._over.set()
            self.known.set()
            self.row.ended()
            self._wake()
            self._wake_screens()

    async def _end_when_asked(self, session: host.Session) -> None:
        await self._leave.wait()
        await session.aclose()

    # -- what comes from the program ---------------------------------------------------------

    async def _follow_events(self, session: host.Session) -> None:
        try:
            async for event in session:
                self._handle(event)
        except host.SessionExited:
            return

    async def _follow_terminal(self, session: host.Session, log: TerminalLog) -> None:
        async for data in session.terminal:
            log.add(data)
            self._wake_screens()

    def _handle(self, event: host.Event) -> None:
        session, plain, kind = self._session, self._plain, event.kind
        assert session is not None and plain is not None
        if event.type == "host":
            if (message := plain.noticed(event)) is None:
                return
            self.log.add_own(message)
        elif self._answers.takes(event):
            return
        else:
            if event.type == "control_response":
                for name, request_id in self.owners.answered(event):
                    self.log.add_own(
                        {"type": "web", "subtype": "by", "id": request_id, "name": name}
                    )
            elif event.type == "user" and event.parent_tool_use_id is None and event.text:
                self.running = event.command_id or ""
            self.log.add(event.raw)
            if (message := plain.stopped(event)) is not None:
                self.log.add_own(message)
        earlier = kind == "system/session_changed"
        if not self.known.is_set() and self.is_known:
            self.known.set()
            earlier = self.continues
        if earlier and "rewind_points" in session.greeting.supported_commands:
            plain.group.start_soon(_ask_for_prompts, session)
        self.row.take(event, session)
        for chat in self._chats:
            chat.wake()

    def _wake(self) -> None:
        for chat in self._chats:
            chat.wake()

    def _wake_screens(self) -> None:
        for screen in self.screens:
            screen.wake()

    # -- what is known -----------------------------------------------------------------------

    @property
    def session_id(self) -> str:
        """The id of the conversation now."""
        return "" if self._session is None else self._session.session_id

    @property
    def is_resumable(self) -> bool:
        """Whether it runs, and a later server could bring it back."""
        return self.ended is None and self.session_id != ""

    @property
    def greeting(self) -> host.Greeting | None:
        """Who is hosted; None before it has said so."""
        session = self._session
        return session.greeting if session is not None and session.greeting.data else None

    @property
    def is_known(self) -> bool:
        """Whether the program has said who it is."""
        return self.greeting is not None

    @property
    def supported_commands(self) -> frozenset[str]:
        """What may be sent: what the program knows, and what can be done in its place."""
        greeting = self.greeting
        if greeting is None:
            return frozenset()
        return greeting.supported_commands | (frozenset() if greeting.told else PLAIN_COMMANDS)

    @property
    def socket(self) -> str:
        """Where pages connect to by their own names; empty where they cannot."""
        greeting = self.greeting
        path = greeting.data.get("socket") if greeting is not None else None
        return path if isinstance(path, str) else ""

    def request(self, request_id: object) -> dict[str, Any] | None:
        """A request that waits for an answer, as it came."""
        if self._session is None or not isinstance(request_id, str):
            return None
        request = self._session.pending.get(request_id)
        return None if request is None else request.raw

    def is_own(self, client: Client, command_id: object) -> bool:
        """Whether a command was given by a client."""
        return self.owners.is_own(client, command_id)

    def ended_message(self) -> dict[str, Any]:
        """As ``ended`` of the page has it."""
        return (self.ended or Ended(None, None, "")).message_for_page()

    # -- what pages do -----------------------------------------------------------------------

    def enter(self, chat: ChatChannel) -> None:
        """A page follows the chat."""
        self._chats.add(chat)
        self.row.looked_at(len(self._chats))

    def leave(self, chat: ChatChannel) -> None:
        """It does no more."""
        self._chats.discard(chat)
        self._answers.forget(chat)
        self.row.looked_at(len(self._chats))

    def note(self, client: Client, command: dict[str, Any], origin: str) -> None:
        """Notes who gave a command, and tells all pages before anything comes of it."""
        command_id = self.owners.note(client, command, origin)
        if command_id:
            self.log.add_own(
                {"type": "web", "subtype": "by", "id": command_id, "name": client.name}
            )
            self._wake()

    async def carry_out(self, command: dict[str, Any], chat: ChatChannel) -> None:
        """Hands over a command on the server's own channel.

        Raises:
            HostError: the session is gone.
        """
        session, plain = self._session, self._plain
        assert session is not None and plain is not None
        if not session.greeting.told and plain.carries_out(command):
            return
        self._answers.note(command, chat)
        await session.send(command)

    async def type_in(self, data: bytes) -> None:
        """Types into the terminal.

        Raises:
            HostError: the program is gone.
        """
        if self._session is not None and self.ended is None:
            await self._session.write(data)

    def resize(self, size: Size | None) -> None:
        """Changes the size of the terminal's window; None leaves it as it is."""
        terminal, session = self.terminal, self._session
        if size is None or session is None or terminal is None:
            return
        if self.ended is None and size != terminal.size:
            try:
                session.resize(size.columns, size.rows)
            except host.HostError:
                return
            terminal.resized(size)
        self._wake_screens()

    def repaint(self) -> None:
        """Has the program paint its screen anew, soon."""
        self._repainter.ask()


async def _ask_for_prompts(session: host.Session) -> None:
    """Has the program tell what was said before its events begin, after which the row is named."""
    with suppress(host.HostError):  # it does not, or is gone: then nobody knows
        await session.rewind_points()
