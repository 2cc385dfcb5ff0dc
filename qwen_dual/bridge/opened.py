"""What is open behind an input path: a regular file or a FIFO, and how each is read.

Owns the file descriptor and the place in the file, and notices that a file was written anew. Which
file to open, and when, is decided in ``sources``.
"""

from __future__ import annotations

import os
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


class RegularFile:
    """A regular file that others append to, truncate and write anew.

    ``offset`` advances only with the bytes that ``read`` returned, so an error repeats nothing.
    """

    kind = "file"

    def __init__(self, fd: int, offset: int, pread: Pread = os.pread) -> None:
        self.fd = fd
        self.offset = offset
        self._pread = pread
        start = max(0, offset - HELD)
        self._held = pread(fd, offset - start, start)

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

    def rewind(self) -> bool:
        """After ``read`` returned None: goes to the first line that differs from what was read.

        Lines that stand where they were read are not run again: a file cut short still holds
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
        self.offset = base + kept if kept else 0
        self._held = held[:kept]
        return True


class Fifo:
    """A FIFO, opened for both directions so that its writers may come and go without an end."""

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
