"""The hosts of a session: takes their connections, and gives each the events that all of them share.

Each event is encoded once, into a ring; a connection has a place in that, so that a host more costs no
copy of anything, and one that reads slowly, or not at all, holds up nobody. What a command does, and who
may send it, is its owner's affair.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import time
from typing import TYPE_CHECKING, Protocol

import anyio

from qwen_dual.bridge.connection import Connection, ConnectionSource, Host
from qwen_dual.bridge.greeting import Greeting
from qwen_dual.bridge.hello import HELLO_SECONDS, MAX_HELLO_BYTES, asked_for, read_hello, unique
from qwen_dual.bridge.lines import BadLine
from qwen_dual.bridge.pacing import Pacing, is_long
from qwen_dual.bridge.peers import Refusal, check_peer, peer_of
from qwen_dual.bridge.reader import CommandReader
from qwen_dual.bridge.ring import Ring
from qwen_dual.bridge.socket_file import BACKLOG
from qwen_dual.bridge.sources import Step
from qwen_dual.protocol import HOST_RIGHTS
from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.events import stamp, system

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Collection, Sequence

    from anyio.abc import TaskGroup

    from qwen_dual.bridge.reader import InputError
    from qwen_dual.bridge.socket_file import SocketFile
    from qwen_dual.protocol.command_shapes import Command, Hello
    from qwen_dual.protocol.events import Event

log = logging.getLogger(__name__)

RING_BYTES = 4 << 20
"""Of events that are kept for hosts that come later, or read slowly."""

MAX_HOSTS = 128
MAX_SILENT = 32
"""Connections that have said no hello so far: for one more the oldest has to go, so that those who say
nothing keep nobody out."""

_FULL = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
FULL_SECONDS = 1.0
"""How long no connection is taken after one could not be for want of descriptors."""


FULL = "too many hosts are connected; try again later"
TOO_LONG = f"a hello has {MAX_HELLO_BYTES} bytes at the most"

LEAVE_SECONDS = 1.0
"""How long a host that says no more may take to read what waits for it."""


class Desk(Protocol):
    """What hosts have to do with: decides what they may, and does what they say."""

    def rights_of(self, name: str) -> Collection[str]:
        """What the host that calls itself so may do; nothing for one that is not let in."""
        ...

    def receive(self, host: Host, send: Callable[[Event], object]) -> Receives:
        """Takes the commands of a host that has come.

        Args:
            host: who.
            send: takes an event for it alone.
        """
        ...

    def changed(self) -> None:
        """Somebody has come or gone."""
        ...


class Receives(Protocol):
    """What becomes of the lines of one host."""

    def command(self, command: Command) -> None:
        """One command."""
        ...

    def error(self, code: str, message: str, offset: int, command_id: str | None) -> None:
        """A line that could not be used."""
        ...

    def close(self) -> None:
        """It is gone."""
        ...


class Hosts:
    """The hosts of one session, over one socket. An observer of its events, from the first on.

    Args:
        listener: takes the connections; closed with this.
        ring_bytes: how much of the events is kept.
    """

    def __init__(self, listener: SocketFile, *, ring_bytes: int = RING_BYTES) -> None:
        self.path = listener.path
        self._listener = listener
        self._greeting = Greeting(lambda seq: self._ring.unprotect(seq))
        self._ring = Ring(ring_bytes, self._greeting.gap_line)
        self._connections: dict[str, Connection] = {}
        self._silent: list[anyio.CancelScope] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pacing = Pacing(self._append, self.fail)
        self._waiting = self._pacing.waiting
        self._scheduled = False
        self._closed = ""
        self.on_failure: Callable[[str], object] | None = None

    def __call__(self, event: Event) -> None:
        """Takes one stamped event."""
        if self._closed:
            return
        if self._loop is not None and (self._waiting or is_long(event)):
            self._pacing.add(event, self._loop)
        else:
            self._append(event)

    def _append(self, event: Event, line: bytes | None = None) -> None:
        kind = event["type"]
        if line is None:
            line = encode(event)
        if kind == "stream_event":
            delta = event["event"]["type"] == "content_block_delta"
            self._ring.add(event["seq"], line, delta=delta)
        else:
            protected = self._greeting.note(kind, event, line)
            self._ring.add(event["seq"], line, protected=protected and kind != "system")
            if kind == "system" and event["subtype"] in ("command_receipt", "session_end"):
                self._tell_blind(event, line)
        if not self._scheduled and self._connections and self._loop is not None:
            self._scheduled = True
            self._loop.call_soon(self._flush)

    def _tell_blind(self, event: Event, line: bytes) -> None:
        """Tells hosts that see no events what is theirs all the same: their receipts, and the end."""
        ends = event["subtype"] == "session_end"
        for connection in tuple(self._connections.values()):
            if "observe" not in connection.host.rights and (
                ends or event["data"].get("host") == f"host:{connection.host.name}"
            ):
                connection.add(line)

    def _flush(self) -> None:
        self._scheduled = False
        for connection in tuple(self._connections.values()):
            connection.flush()

    @property
    def present(self) -> Sequence[Host]:
        """Who is there, in the order of coming."""
        return [connection.host for connection in self._connections.values()]

    @property
    def state(self) -> str:
        """How the socket is doing: ``open``, or ``closed: why``."""
        return f"closed: {self._closed}" if self._closed else "open"

    def describe(self) -> list[str]:
        """The lines of it in ``/channels``: the socket, and who is there."""
        lines = [f"hosts  {self.path}: {self.state}, {len(self._connections)} connected"]
        for host in self.present:
            at = f" (pid {host.pid})" if host.pid else ""
            lines.append(f"       {host.name}{at}: {', '.join(host.rights)}")
        return lines

    def fail(self, error: Exception) -> None:
        """Closes the socket, since an event could not be written at all."""
        text = (
            f"{self.path}: an event could not be written ({type(error).__name__}: {error}); "
            "the session goes on without the socket, and /bug has what a report needs"
        )
        self.close(text)
        if self._loop is not None and self.on_failure is not None:
            self._loop.call_soon(self.on_failure, f"Warning: {text}")

    async def run(self, desk: Desk) -> None:
        """Takes connections until it is cancelled."""
        self._loop = asyncio.get_running_loop()
        async with anyio.create_task_group() as group:
            while not self._closed:
                await self._accept(desk, group)

    async def _accept(self, desk: Desk, group: TaskGroup) -> None:
        try:
            await anyio.wait_readable(self._listener.socket)
        except anyio.ClosedResourceError:
            return
        for _ in range(BACKLOG):
            try:
                connected, _ = self._listener.socket.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _FULL:
                    await anyio.sleep(FULL_SECONDS)
                return
            connected.setblocking(False)
            group.start_soon(self._serve, connected, desk)

    async def drain(self, timeout: float) -> None:
        """Gives every host what it was not given yet, for so many seconds at the most."""
        self._pacing.take_all()
        with anyio.move_on_after(timeout):
            async with anyio.create_task_group() as group:
                for connection in tuple(self._connections.values()):
                    group.start_soon(connection.drained)

    def close(self, why: str = "the session ended") -> None:
        """Lets every host go, and takes the socket away; idempotent."""
        if not self._closed:
            self._closed = why
            for connection in tuple(self._connections.values()):
                connection.lose()
            if self._loop is not None and self._loop.is_running():
                anyio.notify_closing(self._listener.socket)
            self._listener.close()

    # -- one connection ----------------------------------------------------------------------

    async def _serve(self, connected: socket.socket, desk: Desk) -> None:
        kept = False
        try:
            try:
                peer = peer_of(connected)
                check_peer(peer)
                if len(self._connections) >= MAX_HOSTS:
                    raise Refusal("full", FULL)
                source = ConnectionSource(connected)
                hello, rest = await self._hear(source)
                if hello is None:
                    return
                host = self._admit(hello, desk, peer.pid)
            except Refusal as refusal:
                _refuse(connected, refusal)
                return
            kept = True
            await self._keep(connected, host, hello.from_seq, source, rest, desk)
        except OSError:  # it left in the middle of it
            return
        except Exception:
            log.exception("a connection is let go")
            connected.close()
        finally:
            if not kept:  # else it is closed with its connection
                connected.close()

    async def _hear(self, source: ConnectionSource) -> tuple[Hello | None, Step]:
        """The hello of a connection: see ``_read_hello``."""
        while len(self._silent) >= MAX_SILENT:
            self._silent.pop(0).cancel()
        with anyio.CancelScope() as scope:
            self._silent.append(scope)
            try:
                return await _read_hello(source)
            finally:
                if scope in self._silent:
                    self._silent.remove(scope)
        raise Refusal("full", FULL)

    def _admit(self, hello: Hello, desk: Desk, pid: int) -> Host:
        may = asked_for(hello) & frozenset(desk.rights_of(hello.name))
        rights = tuple(right for right in HOST_RIGHTS if right in may)
        if not rights:
            raise Refusal(
                "no_right",
                f"{hello.name} has no right to what it asks for: dualOutput.rights in your settings "
                "says what it may do",
            )
        before = self._connections.get(hello.name)
        if before is not None and before.gone():
            self._leave(before)
        return Host(unique(hello.name, self._connections), rights, time.time(), pid)

    async def _keep(
        self,
        connected: socket.socket,
        host: Host,
        from_seq: int | None,
        source: ConnectionSource,
        rest: Step,
        desk: Desk,
    ) -> None:
        assert self._loop is not None
        newest = self._ring.newest
        cursor = newest if from_seq is None else min(from_seq - 1, newest)
        connection = Connection(connected, host, self._ring, cursor, self._loop)
        granted = {"name": host.name, "rights": list(host.rights)}
        start = self._greeting.start_line(cursor, host=granted)
        standing = self._greeting.standing()
        connection.greet(start, [line for seq, line in standing if seq <= cursor])
        self._connections[host.name] = connection
        receives = desk.receive(host, connection.send)

        def error(bad: InputError) -> None:
            receives.error(bad.code, bad.message, bad.offset, bad.command_id)

        def command(command: Command) -> None:
            receives.command(command)

        reader = CommandReader(
            source,
            None,
            first=rest,
            on_command=command,
            on_error=error,
            on_warning=lambda text: None,
        )
        desk.changed()
        try:
            with connection.scope:
                await reader.run()
        except anyio.get_cancelled_exc_class():
            raise  # the session ends, and it is to see that
        except anyio.ClosedResourceError:
            pass  # it was lost while it was waited for
        except Exception:
            log.exception("the host %s is let go", host.name)
        receives.close()
        with anyio.move_on_after(LEAVE_SECONDS):  # it may read on, though it says no more
            await connection.drained()
        self._leave(connection)
        connection.close()
        desk.changed()

    def _leave(self, connection: Connection) -> None:
        if self._connections.get(connection.host.name) is connection:
            del self._connections[connection.host.name]


async def _read_hello(source: ConnectionSource) -> tuple[Hello | None, Step]:
    """The hello and what came behind it; None where it left without one.

    Raises:
        Refusal: it cannot be used, or did not come.
    """
    with anyio.move_on_after(HELLO_SECONDS):
        while True:
            step = source.step()
            if step.items:
                line = step.items[0]
                if isinstance(line, BadLine) or len(line.data) > MAX_HELLO_BYTES:
                    raise Refusal("too_long", TOO_LONG)
                return read_hello(line.data), Step(step.items[1:], more=True)
            if source.offset > MAX_HELLO_BYTES:
                raise Refusal("too_long", TOO_LONG)
            if (fd := source.pollable_fd) is None:
                return None, step
            if not step.more:
                await anyio.wait_readable(fd)
    raise Refusal("no_hello", f"no hello came within {HELLO_SECONDS:g} seconds")


def _refuse(connected: socket.socket, refusal: Refusal) -> None:
    """Says why a connection is not taken, in one line, which tells nothing of the session."""
    body = system("refused", {"code": refusal.code, "message": str(refusal)})
    connected.send(encode(stamp(body, session_id="", seq=0)))
