"""The bytes of a terminal, kept for pages that come later or fell behind, with the sizes they are for. Pure.

What is kept is bounded; where its beginning is gone, what follows begins at a place that can be shown by
itself: see ``terminal_modes``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque

from msgspec import Struct

MAX_BYTES = 1 << 20
"""Of the output of one terminal."""

FRAME_BYTES = 1 << 16


class Size(Struct, frozen=True):
    """Of a terminal's window.

    Attributes:
        columns: how wide it is.
        rows: how high.
    """

    columns: int
    rows: int


class TerminalLog:
    """The latest output of a terminal, by its offset in the whole output.

    Args:
        epoch: is another one where offsets begin anew.
        size: of the window at the start.
        max_bytes: what is kept at the most.

    Attributes:
        start: where what is kept begins.
        end: how much there was in all.
    """

    def __init__(self, epoch: str, size: Size, max_bytes: int = MAX_BYTES) -> None:
        self.epoch = epoch
        self.start = self.end = 0
        self._max_bytes = max_bytes
        self._pieces: deque[bytes] = deque()
        self._starts: deque[int] = deque()
        self._sizes: list[tuple[int, Size]] = [(0, size)]

    @property
    def size(self) -> Size:
        """Of the window now."""
        return self._sizes[-1][1]

    def add(self, data: bytes) -> None:
        """Takes what was painted next."""
        self._pieces.append(data)
        self._starts.append(self.end)
        self.end += len(data)
        while self.end - self.start > self._max_bytes and len(self._pieces) > 1:
            self._starts.popleft()
            self.start += len(self._pieces.popleft())
        while len(self._sizes) > 1 and self._sizes[1][0] <= self.start:
            del self._sizes[0]

    def resized(self, size: Size) -> None:
        """What comes now is painted for a window of this size."""
        if self._sizes[-1][0] == self.end:
            self._sizes.pop()
        self._sizes.append((self.end, size))

    def size_at(self, offset: int) -> Size:
        """What the bytes from an offset on are painted for."""
        return self._sizes[max(0, bisect_right(self._sizes, offset, key=_offset) - 1)][1]

    def read(self, offset: int, limit: int = FRAME_BYTES) -> bytes:
        """What follows an offset, all of it for windows of one size; empty for nothing."""
        until = min(self.end, offset + limit)
        at = bisect_right(self._sizes, offset, key=_offset)
        if at < len(self._sizes):
            until = min(until, self._sizes[at][0])
        at = bisect_right(self._starts, offset) - 1
        out: list[bytes] = []
        while offset < until:
            piece, start = self._pieces[at], self._starts[at]
            part = piece[offset - start : until - start]
            out.append(part)
            offset += len(part)
            at += 1
        return out[0] if len(out) == 1 else b"".join(out)


def _offset(entry: tuple[int, Size]) -> int:
    return entry[0]
