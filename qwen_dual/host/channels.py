"""The two private channels of a hosted session: a socket that is inherited, or files in a directory.

Both have the same few methods; ``session`` knows no difference. What comes out is events, what goes
in is whole lines.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from typing import TYPE_CHECKING, Protocol

import anyio
import anyio.lowlevel

from qwen_dual.host.following import QUICKEST_POLL, append, next_pause
from qwen_dual.host.lines import LineDecoder
from qwen_dual.host.tail import PathTail
from qwen_dual.host.wake import FileWake

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.host.event import Event

_PIECE = 1 << 16
_SLOWEST_POLL = 0.1
_OURS = frozenset({"qwen-dual", "qwen_dual"})


class Channel(Protocol):
    """Events of one program, and commands to it.

    Attributes:
        arguments: what tells the program of it.
        pass_fds: the descriptors that the program inherits.
    """

    arguments: Sequence[str]
    pass_fds: Sequence[int]

    def spawned(self) -> None:
        """The program is there, and has its side."""

    async def receive(self) -> list[Event] | None:
        """The next events, at least one; None when the program has closed its side."""

    def drain(self) -> list[Event]:
        """What is still there after the program's end, a line that was cut off included."""

    def send(self, line: bytes) -> None:
        """Hands over a command; never waits.

        Raises:
            OSError: it cannot be written.
        """

    async def run(self) -> None:
        """Brings what was handed over to the program, until it is cancelled."""

    def close(self) -> None:
        """Lets go of everything."""


def open_channel(kind: str, command: Sequence[str], max_line_bytes: int) -> Channel:
    """Makes the channel for a program that is about to be spawned.

    Args:
        kind: ``socket``, ``files``, or ``auto``: a socket for qwen-dual, which can read commands
            from a descriptor, and files for any other.
        command: the program.
        max_line_bytes: longer lines are told as a ``BadLine``.

    Raises:
        ValueError: there is no such kind.
    """
    if kind == "auto":
        kind = "socket" if is_ours(command) else "files"
    if kind == "socket":
        return SocketChannel(max_line_bytes)
    if kind == "files":
        return FileChannel(max_line_bytes)
    raise ValueError(f"channel must be 'auto', 'socket' or 'files', not {kind!r}")


def is_ours(command: Sequence[str]) -> bool:
    """Whether a command runs qwen-dual, as far as its words tell: it knows flags that others do not."""
    return any(os.path.basename(part) in _OURS for part in command)


class StreamChannel:
    """A connected socket, which carries both directions.

    Args:
        connected: this side of it; closed with the channel.
        max_line_bytes: longer lines are told as a ``BadLine``.
    """

    arguments: Sequence[str] = ()
    pass_fds: Sequence[int] = ()

    def __init__(self, connected: socket.socket, max_line_bytes: int) -> None:
        self._ours = connected
        self._ours.setblocking(False)
        self._decoder = LineDecoder(0, max_line_bytes)
        self._out = bytearray()
        self._filled = anyio.Event()

    def spawned(self) -> None:
        """Nothing to do."""

    async def receive(self) -> list[Event] | None:
        """The next events; None at the end."""
        while True:
            await anyio.wait_readable(self._ours)
            data = self._read()
            if data == b"":
                return None
            if data and (events := self._decoder.feed(data)):
                return events

    def drain(self) -> list[Event]:
        """What is left."""
        events: list[Event] = []
        while data := self._read():
            events += self._decoder.feed(data)
        return events + self._decoder.finish()

    def send(self, line: bytes) -> None:
        """Puts it behind what still waits, so that a line is never cut by a cancelled caller."""
        self._out += line
        self._filled.set()

    async def run(self) -> None:
        """Writes as the program reads."""
        while True:
            await self._filled.wait()
            self._filled = anyio.Event()
            while self._out:
                await anyio.wait_writable(self._ours)
                try:
                    del self._out[: self._ours.send(self._out[:_PIECE])]
                except BlockingIOError:
                    pass
                except OSError:  # the program is gone, which is told elsewhere
                    self._out.clear()

    def close(self) -> None:
        """Closes it."""
        self._ours.close()

    def _read(self) -> bytes | None:
        try:
            return self._ours.recv(_PIECE)
        except BlockingIOError:
            return None
        except OSError:  # reset: it died with commands unread
            return b""


class SocketChannel(StreamChannel):
    """One end of a socket pair; it has no name, so nobody else can reach it."""

    def __init__(self, max_line_bytes: int) -> None:
        ours, self._theirs = socket.socketpair()
        super().__init__(ours, max_line_bytes)
        number = str(self._theirs.fileno())
        self.arguments = ("--json-fd", number, "--input-fd", number)
        self.pass_fds = (self._theirs.fileno(),)

    def spawned(self) -> None:
        """Closes the program's side here, so that its end is noticed."""
        self._theirs.close()

    def close(self) -> None:
        """Closes both ends."""
        super().close()
        self._theirs.close()


class FileChannel:
    """An events file and an input file in a directory that only this user can enter.

    Any program with dual output can use it. The events file is a regular one: it cannot be full
    for a moment, which ends the channel of a program that writes without waiting. It grows until
    the session ends, and is removed then.
    """

    def __init__(self, max_line_bytes: int) -> None:
        self._folder = tempfile.mkdtemp(prefix="dual-output-")  # mode 0700
        events, self._input = (os.path.join(self._folder, name) for name in ("events", "input"))
        for path in (events, self._input):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        self.arguments: Sequence[str] = ("--json-file", events, "--input-file", self._input)
        self.pass_fds: Sequence[int] = ()
        self._tail = PathTail(events, 0, max_line_bytes)
        self._pause = QUICKEST_POLL
        self._wake = FileWake(events)

    def spawned(self) -> None:
        """Nothing to do."""

    async def receive(self) -> list[Event] | None:
        """The next events; the end is the program's end."""
        # Before anything is read: what was read and not returned would be lost to a cancellation.
        await anyio.lowlevel.checkpoint()
        while not (events := self._tail.step()):
            await self._wake.wait(self._pause)
            self._pause = next_pause(self._pause, _SLOWEST_POLL, self._wake)
        self._pause = QUICKEST_POLL
        return events

    def drain(self) -> list[Event]:
        """What is left."""
        events: list[Event] = []
        while new := self._tail.step():
            events += new
        return events + self._tail.finish()

    def send(self, line: bytes) -> None:
        """Appends it; the answer is looked for at once."""
        append(self._input, line)
        self._pause = QUICKEST_POLL
        self._wake.now()

    async def run(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """Removes the directory."""
        self._wake.close()
        self._tail.close()
        shutil.rmtree(self._folder, ignore_errors=True)
