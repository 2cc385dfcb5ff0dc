"""A growing file or a FIFO, step by step, without blocking: what to read next, and where.

Reads small pieces directly: pages of a local file that was just written are in memory. Waiting and
yielding are ``follow``'s and the session's.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import anyio

from qwen_dual.host.event import Restarted
from qwen_dual.host.lines import LineDecoder
from qwen_dual.protocol import MAX_LINE_BYTES

if TYPE_CHECKING:
    from qwen_dual.host.event import Event

_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_PIECE = 1 << 18
_HEAD = 256  # bytes that tell one session's file from another's, which begins with ids of its own
_REPLACED_CHECK = 1.0  # seconds between looks whether a FIFO was replaced


class PathTail:
    """What is at a path, now or later, and whatever takes its place.

    Args:
        path: a regular file or a FIFO; it need not exist yet.
        offset: where to begin in a regular file; None for its end. A file that is shorter was
            truncated since, and is read from its beginning.
        max_line_bytes: longer lines are dropped.
    """

    def __init__(
        self, path: str, offset: int | None = 0, max_line_bytes: int = MAX_LINE_BYTES
    ) -> None:
        self._path = path
        self._offset = offset
        self._max = max_line_bytes
        self._fd = -1
        self._fifo = False
        self._decoder = LineDecoder(0, max_line_bytes)
        self._head = b""

    def step(self) -> list[Event]:
        """The events that came since the last step; empty when there are none at the moment.

        Raises:
            OSError: what is there cannot be read.
        """
        if self._fd < 0 and not self._open():
            return []
        if self._fifo:
            return self._step_fifo()
        position = self._decoder.position
        data = os.pread(self._fd, _PIECE, position)
        # One that was truncated may have grown past where we are by now.
        if data and os.pread(self._fd, len(self._head), 0) == self._head:
            if position == len(self._head) < _HEAD:
                self._head = (self._head + data)[:_HEAD]
            return self._decoder.feed(data)
        if data or os.fstat(self._fd).st_size < position:
            torn = self._decoder.finish()
            self._decoder.restart(0)
            self._head = b""
            return [*torn, Restarted("truncated")]
        return self._changed_over() if self._replaced() else []

    @property
    def at_end(self) -> bool:
        """Nothing follows the last event for now."""
        if self._fd < 0 or self._fifo:
            return True
        return self._decoder.between_lines and (
            os.fstat(self._fd).st_size <= self._decoder.position
        )

    @property
    def is_fifo(self) -> bool:
        """What is open now is a FIFO, which tells by itself when there is more."""
        return self._fifo and self._fd >= 0

    async def wait_for_writer(self) -> None:
        """Waits until the next step of a FIFO may bring something, or for a while."""
        with anyio.move_on_after(_REPLACED_CHECK):
            await anyio.wait_readable(self._fd)

    def finish(self) -> list[Event]:
        """What is left when nobody writes any more: a line without its end, or nothing."""
        return self._decoder.finish()

    def close(self) -> None:
        """Closes what is open."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _open(self) -> bool:
        try:
            fd = os.open(self._path, _FLAGS)
        except FileNotFoundError:
            return False
        self._fd = fd
        found = os.fstat(fd)
        self._fifo = stat.S_ISFIFO(found.st_mode)
        offset, self._offset = self._offset, 0
        if self._fifo or (offset is not None and offset > found.st_size):
            offset = 0
        elif offset is None:
            offset = found.st_size
        torn = offset > 0 and os.pread(fd, 1, offset - 1) != b"\n"
        self._decoder = LineDecoder(offset, self._max, mid_line=torn)
        self._head = b"" if self._fifo else os.pread(fd, min(_HEAD, offset), 0)
        return True

    def _step_fifo(self) -> list[Event]:
        try:
            data = os.read(self._fd, _PIECE)
        except BlockingIOError:
            return self._changed_over() if self._replaced() else []
        if data:
            return self._decoder.feed(data)
        # The last writer left. A descriptor that saw it leave is readable for ever; a new one is
        # so when the next writer is there. It is opened before the old one goes, so that a writer
        # finds a reader all the time.
        if self._replaced():
            return self._changed_over()
        old = self._fd
        try:
            self._fd = os.open(self._path, _FLAGS)
            os.close(old)
        except FileNotFoundError:
            pass
        return self._decoder.finish()

    def _replaced(self) -> bool:
        """Something else is at the path; a file that is gone may still be written to."""
        try:
            here = os.stat(self._path)
        except OSError:
            return False
        ours = os.fstat(self._fd)
        return (here.st_dev, here.st_ino) != (ours.st_dev, ours.st_ino)

    def _changed_over(self) -> list[Event]:
        torn = self._decoder.finish()
        self.close()
        self._offset = 0
        self._open()
        return [*torn, Restarted("replaced")]
