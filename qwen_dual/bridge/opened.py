"""What is open behind an input path: a regular file or a FIFO, and how each is read.

Owns the file descriptor and the place in the file, and notices that a file was written anew. Which
file to open, and when, is decided in ``sources``.
"""

from __future__ import annotations

import os
import select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Pread = Callable[[int, int, int], bytes]

CHUNK = 64 * 1024
CHECKED = 4 * 1024
"""Bytes before the offset that every read compares with what was read there before."""
HELD = 64 * 1024
"""Bytes before the offset that are kept, to find where a file that was written anew differs."""
CERTAIN = 256
"""Fewer equal bytes in the middle of a file may be chance: commands look alike."""

_DESCRIPTORS = "/proc/self/fd"
FIFO_FLAGS = os.O_RDONLY if os.path.isdir(_DESCRIPTORS) else os.O_RDWR
"""How a FIFO is opened."""


class RegularFile:
    """A regular file that others append to, truncate and write anew.

    ``offset`` advances only with the bytes that ``read`` returned, so an error repeats nothing.

    Attributes:
        taken_back: what was read after the place that ``rewind`` went back to; None where that is more
            than is kept.
    """

    kind = "file"

    def __init__(self, fd: int, offset: int, pread: Pread = os.pread) -> None:
        self.fd = fd
        self.offset = offset
        self._pread = pread
        start = max(0, offset - HELD)
        self._held = pread(fd, offset - start, start)
        self.taken_back: bytes | None = b""

    @property
    def inside_line(self) -> bool:
        """Whether the byte before the offset belongs to the same line as the one after it."""
        return self.offset > 0 and not self._held.endswith(b"\n")

    def read(self) -> bytes | None:
        """What follows the offset: empty at the end, None where the file is not what it was."""
        checked = min(len(self._held), CHECKED)
        # One call for both, so that nothing can happen between the comparison and the read.
        data = self._pread(self.fd, checked + CHUNK, self.offset - checked)
        if data[:checked] != self._held[len(self._held) - checked :]:
            return None
        fresh = data[checked:]
        if fresh:
            self.offset += len(fresh)
            self._held = (self._held + fresh)[-HELD:]
        return fresh

    def before(self, size: int) -> bytes:
        """About ``size`` bytes that stood before the offset, or what is kept if they changed."""
        base = self.offset - len(self._held)
        start = max(0, base - size)
        found = b""
        while piece := self._pread(self.fd, base - start - len(found), start + len(found)):
            found += piece
        changed = self._pread(self.fd, len(self._held), base) != self._held
        return self._held if changed else found + self._held

    def beginning(self) -> bytes:
        """The first bytes of the file."""
        return self._pread(self.fd, CHUNK, 0)

    def rewind(self) -> bool:
        """After ``read`` returned None: goes to the first line that differs from what was read.

        Lines that stand where they were read are not read again: a file cut short still holds
        them, and one written anew with the very same lines cannot be told from it.

        Returns:
            False if nothing differs after all.
        """
        held, base = self._held, self.offset - len(self._held)
        now = self._pread(self.fd, len(held), base)
        if now == held:
            return False
        same = _common(held, now)
        kept = held.rfind(b"\n", 0, same) + 1
        if base and same < CERTAIN:
            kept = 0
        self.taken_back = held[kept:] if kept or not base else None
        self.offset = base + kept if kept else 0
        self._held = held[:kept]
        return True


class Fifo:
    """A FIFO whose writers come and go.

    Where the system can open a descriptor a second time (Linux), the end of the last writer is noticed:
    it shows on a descriptor for ever, so a fresh one takes its place, which is there before the old one
    goes. Elsewhere the FIFO is open for both directions, and never ends.

    Args:
        fd: opened with ``FIFO_FLAGS``.
    """

    kind = "fifo"

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.offset = 0

    @property
    def inside_line(self) -> bool:
        """Never: a stream begins with its first line."""
        return False

    def read(self) -> bytes | None:
        """What waits in the FIFO: empty if nothing does."""
        try:
            data = os.read(self.fd, CHUNK)
        except BlockingIOError:
            return b""
        self.offset += len(data)
        return data

    def rewind(self) -> bool:
        """Never needed: what was read from a FIFO is gone."""
        return False

    def left(self) -> bool:
        """Whether the last writer has left since the last call; ask when nothing more can be read."""
        poll = select.poll()
        poll.register(self.fd, 0)
        if not any(state & select.POLLHUP for _, state in poll.poll(0)):
            return False
        flags = FIFO_FLAGS | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        fresh = os.open(f"{_DESCRIPTORS}/{self.fd}", flags)
        os.close(self.fd)
        self.fd = fresh
        return True


def _common(one: bytes, other: bytes) -> int:
    """How many bytes are equal from the start."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
