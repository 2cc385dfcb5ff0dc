"""A session that somebody else started, over its socket: seen and steered, by a name and with rights."""

from __future__ import annotations

import errno
import os
import socket
import struct
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel

from qwen_dual.concurrency.task_groups import open_task_group
from qwen_dual.fs.reasons import reason
from qwen_dual.host.channels import StreamChannel
from qwen_dual.host.commands import Commands
from qwen_dual.host.errors import ConnectFailed, NotSupported, SessionExited, StartTimeout
from qwen_dual.host.feed import Feed
from qwen_dual.host.policy import PolicyRunner
from qwen_dual.host.records import Exit
from qwen_dual.host.session import Session
from qwen_dual.host.subscription import MAX_BUFFER_BYTES
from qwen_dual.host.terminal import TerminalStream
from qwen_dual.host.tracker import Tracker
from qwen_dual.protocol import MAX_LINE_BYTES
from qwen_dual.protocol.codec import encode

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable
    from typing import Literal

    from qwen_dual.host.policy import Policy

_CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid
_BUSY_PAUSE = 0.01


@asynccontextmanager
async def connect(
    path: str | os.PathLike[str],
    *,
    name: str,
    rights: Iterable[Literal["observe", "approve", "submit", "control"]] | None = None,
    from_seq: int | None = None,
    on_approval: Policy | None = None,
    connect_timeout: float = 10.0,
    command_timeout: float = 30.0,
    max_buffer_bytes: int = MAX_BUFFER_BYTES,
    max_line_bytes: int = MAX_LINE_BYTES,
) -> AsyncGenerator[Session, None]:
    """Joins a session that runs, through its socket; leaving the context leaves it running.

    It has no terminal here: ``write`` and ``resize`` raise ``NotSupported``. Several hosts can share
    a session; ``session.rights`` says what this one may do, and ``session.hosts`` who else is there.

    Args:
        path: the socket: ``session_start`` names it, as does ``qwen-dual --socket PATH``.
        name: what this host is called; with a number behind it where another has the name.
        rights: what it wants to do; all that the person lets it do unless given.
        from_seq: the number of the first event to be told, for one that was there before; what is not
            kept any more is told as a ``gap``. Without it events come from now on.
        on_approval: as for ``open_session``.
        connect_timeout: seconds until the session has to have said who it is.
        command_timeout: seconds until a command has to be acknowledged.
        max_buffer_bytes: how much may wait for a slow reader of events before it loses some.
        max_line_bytes: a longer line is skipped and told as a ``BadLine``.

    Yields:
        The session.

    Raises:
        ConnectFailed: nobody listens there, or this host is not let in; says why.
        StartTimeout: somebody listens and says nothing.
    """
    where = os.fspath(path)
    hello: dict[str, object] = {"type": "hello", "name": name}
    hello |= {} if rights is None else {"rights": list(rights)}
    hello |= {} if from_seq is None else {"from_seq": from_seq}
    link = StreamChannel(await _dial(where, connect_timeout), max_line_bytes)
    try:
        feed = Feed(Tracker())
        program = Connected(where, link, feed)
        commands = Commands(program, feed, command_timeout)
        session = Session(program, feed, commands, max_buffer_bytes)
        async with open_task_group() as group:
            if on_approval is not None:
                PolicyRunner(on_approval, commands, group).listen(feed.tracker)
            group.start_soon(program.run)
            try:
                link.send(encode(hello))
                await _greeted(feed.tracker, program, connect_timeout)
                yield session
            finally:
                await program.stop()
                group.cancel_scope.cancel()
    finally:
        link.close()


class Connected:
    """A program that is reached over a socket: see ``hosted.Hosted``.

    Args:
        path: the socket's.
        channel: the connection.
        feed: takes its events.

    Attributes:
        refused: why it does not let this host in; None where it does.
    """

    def __init__(self, path: str, channel: StreamChannel, feed: Feed) -> None:
        self.terminal = TerminalStream(0)
        self.terminal.end()
        self.exit: Exit | None = None
        self.finished = False
        self.pid = 0
        self.refused: ConnectFailed | None = None
        self._path = path
        self._channel = channel
        self._feed = feed
        self._leaving = False
        self._over = anyio.Event()
        self._scope = anyio.CancelScope()

    async def run(self) -> None:
        """Reads and writes until either side leaves."""
        try:
            with self._scope:
                async with anyio.create_task_group() as group:
                    group.start_soon(self._channel.run)
                    await self._read_events()
                    group.cancel_scope.cancel()
        finally:
            self.finished = True
            self._feed.finish(self.gone, expected=self._leaving)
            self._over.set()

    async def _read_events(self) -> None:
        while (events := await self._channel.receive()) is not None:
            for event in events:
                if event.kind == "system/refused" and not self._feed.tracker.started.done:
                    data = event.data
                    code, message = str(data.get("code")), str(data.get("message"))
                    self.refused = ConnectFailed(self._path, message, code)
                    return
                self._feed.take(event)
            self.pid = self._feed.tracker.greeting.pid or 0
            while self._feed.catching_up():
                await anyio.lowlevel.checkpoint()

    async def stop(self) -> None:
        """Leaves; the program goes on."""
        self._leaving = True
        self._scope.cancel()
        with anyio.CancelScope(shield=True), anyio.move_on_after(1):
            await self._over.wait()

    async def wait(self) -> Exit:
        """Waits for the end of the connection."""
        await self._over.wait()
        return Exit()

    def send(self, line: bytes) -> None:
        """Hands over a command."""
        self._channel.send(line)

    async def ready_for_commands(self) -> None:
        """It is, as it has said hello."""

    async def write(self, data: bytes) -> None:
        """There is no terminal here."""
        raise NotSupported("typing into the terminal over its socket", self._agent)

    def resize(self, columns: int, rows: int) -> None:
        """There is no terminal here."""
        raise NotSupported("resizing the terminal over its socket", self._agent)

    @property
    def _agent(self) -> str:
        return self._feed.tracker.greeting.agent

    def gone(self) -> SessionExited:
        """The connection is over."""
        tracker = self._feed.tracker
        return SessionExited(
            None,
            ended=tracker.ended,
            events=tracker.events,
            last_event=tracker.last_event,
            last_lines=(),
        )


async def _greeted(tracker: Tracker, program: Connected, seconds: float) -> None:
    with anyio.move_on_after(seconds):
        try:
            await tracker.started.wait()
        except SessionExited:
            raise program.refused or ConnectFailed(
                program._path, "the connection was closed before the session said who it is"
            ) from None
        return
    raise StartTimeout(seconds, ())


async def _dial(path: str, seconds: float) -> socket.socket:
    """Connects, to a process of this user only.

    Raises:
        ConnectFailed: it cannot.
    """
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    connected.setblocking(False)
    try:
        with anyio.move_on_after(seconds):
            while True:
                try:
                    connected.connect(path)
                    break
                except BlockingIOError:  # many are waiting to be let in
                    await anyio.sleep(_BUSY_PAUSE)
        _check_owner(connected)
    except OSError as error:
        connected.close()
        raise ConnectFailed(path, _why(error)) from None
    except BaseException:
        connected.close()
        raise
    return connected


def _check_owner(connected: socket.socket) -> None:
    """Another user's program might listen where a session of this one is looked for."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return
    _, uid, _ = _CREDENTIALS.unpack(
        connected.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size)
    )
    if uid != os.geteuid():
        raise PermissionError(errno.EPERM, f"it belongs to another user (uid {uid})")


def _why(error: OSError) -> str:
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return "there is no such socket; start the session with --socket"
    if error.errno == errno.ECONNREFUSED:
        return "nobody listens there: the session is gone"
    return reason(error)
