"""One host's connection: what it has been told of the events that all share, and what is for it alone."""

from __future__ import annotations

import contextlib
from collections import deque
from typing import TYPE_CHECKING

import anyio
from msgspec import Struct

from qwen_dual.bridge.aside import ANSWERS, MAX_OWN_BYTES
from qwen_dual.bridge.lines import LineSplitter
from qwen_dual.bridge.opened import CHUNK
from qwen_dual.bridge.sources import Step
from qwen_dual.protocol.codec import encode

if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Callable, Iterable

    from qwen_dual.bridge.ring import Ring
    from qwen_dual.protocol.events import Event

CHUNKS_PER_PASS = 16
"""Written to one host in a pass of the loop, so that one with much before it holds up nobody."""


class Host(Struct, frozen=True):
    """Somebody who is there.

    Attributes:
        name: unique among them.
        rights: what they may do, in the order of ``protocol.HOST_RIGHTS``.
        since: seconds since 1970.
        pid: of the process; 0 where it is not known.
    """

    name: str
    rights: tuple[str, ...]
    since: float
    pid: int = 0


class Connection:
    """Writes to one host what it has room for, without ever waiting.

    Args:
        connected: its socket, which does not block; closed by ``close``.
        host: who it is.
        ring: the events.
        cursor: the number of the last event that it has, or does not want.
        loop: tells when there is room again.

    Attributes:
        host: as given.
        scope: is cancelled when it is gone.
    """

    def __init__(
        self,
        connected: socket.socket,
        host: Host,
        ring: Ring,
        cursor: int,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.host = host
        self.scope = anyio.CancelScope()
        self._socket = connected
        self._ring = ring
        self._cursor = cursor
        self._loop = loop
        self._sees = "observe" in host.rights
        self._own: deque[bytes] = deque()
        self._own_bytes = 0
        self._aside: dict[str, Event] = {}  # by subtype
        self._missed_to = cursor
        self._after_missed: list[bytes] = []
        self._chunk = memoryview(b"")
        self._blocked = False
        self._closed = False
        self._on_drained: Callable[[], object] | None = None

    @property
    def waiting(self) -> bool:
        """Whether there is something that it has not been given."""
        more = self._sees and (self._cursor < self._ring.newest or self._after_missed)
        return not self._closed and bool(self._chunk or self._own or self._aside or more)

    def greet(self, start: bytes, standing: Iterable[bytes]) -> None:
        """Begins: ``session_start``, what it missed, then what is ``standing``, then what comes."""
        self._missed_to = self._ring.newest
        self._after_missed = list(standing) if self._sees else []
        self.add(start)

    def send(self, event: Event) -> None:
        """Sends an event to this host alone; an answer before all that waits, else behind it."""
        if event["subtype"] in ANSWERS:
            self.add(encode(event))
        elif not self._closed:
            self._aside[event["subtype"]] = event
            self.flush()

    def add(self, line: bytes) -> None:
        """Queues a line for this host alone, before all that waits."""
        if self._closed:
            return
        self._own.append(line)
        self._own_bytes += len(line)
        self.flush()
        if self._own_bytes > MAX_OWN_BYTES:  # it asks for more, and reads none of it
            self.lose()

    def flush(self) -> None:
        """Writes what it has room for."""
        if self._closed or self._blocked:
            return
        self._write()

    async def drained(self) -> None:
        """Waits until it has been given all there is, or is gone."""
        while self.waiting:
            done = anyio.Event()
            self._on_drained = done.set
            self.flush()
            if self.waiting:
                await done.wait()

    def lose(self) -> None:
        """It is gone, or has to go: nothing more is written or read."""
        self.scope.cancel()
        self.close()

    def close(self) -> None:
        """Closes the socket; idempotent."""
        if not self._closed:
            self._unblock()
            self._closed = True
            # Who waits on it would else wait on the next socket that gets its number.
            anyio.notify_closing(self._socket)
            self._socket.close()
            self._report_drained()

    def gone(self) -> bool:
        """Whether its process has left, though nobody has noticed so far."""
        import socket

        try:
            return self._closed or not self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _write(self) -> None:
        try:
            for _ in range(CHUNKS_PER_PASS):
                chunk = self._chunk or self._next()
                if not chunk:
                    self._unblock()
                    self._report_drained()
                    return
                self._chunk = chunk[self._socket.send(chunk) :]
        except BlockingIOError:
            pass
        except OSError:
            self.lose()
            return
        if not self._blocked:
            self._blocked = True
            self._loop.add_writer(self._socket.fileno(), self._write)

    def _next(self) -> memoryview:
        """Whole lines that come next; empty for none."""
        if self._own:
            data = b"".join(self._own)
            self._own.clear()
            self._own_bytes = 0
        elif not self._sees or (self._cursor >= self._ring.newest and not self._after_missed):
            data = b"".join(map(encode, self._aside.values()))
            self._aside.clear()
        elif self._after_missed and self._cursor >= self._missed_to:
            data = b"".join(self._after_missed)
            self._after_missed.clear()
        else:
            until = self._missed_to if self._after_missed else self._ring.newest
            data, self._cursor = self._ring.read(self._cursor, until)
        self._chunk = memoryview(data)
        return self._chunk

    def _unblock(self) -> None:
        if self._blocked:
            self._blocked = False
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.remove_writer(self._socket.fileno())

    def _report_drained(self) -> None:
        if self._on_drained is not None:
            done, self._on_drained = self._on_drained, None
            done()


class ConnectionSource:
    """The commands of a connection: see ``sources.Source``. Its end is the end of the connection.

    Args:
        connected: the socket; stays its owner's.
    """

    target = "a connection"
    kind = "socket"
    unsettled = False

    def __init__(self, connected: socket.socket) -> None:
        self.state = "open"
        self.offset = 0
        self._socket = connected
        self._splitter = LineSplitter()

    @property
    def pollable_fd(self) -> int | None:
        """The socket's, until its end."""
        return None if self.state == "closed" else self._socket.fileno()

    def step(self) -> Step:
        """Reads at most one chunk; at the end the last line counts as whole."""
        if self.state == "closed":
            return Step()
        try:
            data = self._socket.recv(CHUNK)
        except BlockingIOError:
            return Step()
        except OSError:  # reset: it was killed
            data = b""
        if not data:
            self.state = "closed"
            return Step(self._splitter.finish())
        self.offset += len(data)
        return Step(self._splitter.feed(data), more=True)

    def close(self) -> None:
        """Stops reading."""
        self.state = "closed"
