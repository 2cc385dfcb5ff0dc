"""The latest events as lines, once for all readers: each has no more than a place in it. Pure.

When it is full the oldest stream deltas go first, then the oldest other lines; requests that wait for
an answer never. A reader that asks for what is gone, or was too slow for it, gets a ``gap`` line exactly
at the hole.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from typing import TYPE_CHECKING

from qwen_dual.bridge.backlog import CHUNK, LINE_OVERHEAD

if TYPE_CHECKING:
    from collections.abc import Callable

SPARE = 1024
"""Numbers of dropped lines that may stand in the order before it is put together anew."""


class Ring:
    """Lines by their numbers.

    Args:
        max_bytes: what may be kept; protected lines may exceed it.
        gap_line: makes the line that stands for the events from one number to another.

    Attributes:
        newest: the number of the latest line; 0 before the first.
    """

    def __init__(self, max_bytes: int, gap_line: Callable[[int, int], bytes]) -> None:
        self.newest = 0
        self._max_bytes = max_bytes
        self._most = max_bytes // 2
        self._gap_line = gap_line
        self._lines: dict[int, bytes] = {}  # in the order of the sequence
        self._order: list[int] = []  # the same numbers, and some that were dropped since
        self._deltas: deque[int] = deque()
        self._others: deque[int] = deque()
        self._protected: set[int] = set()
        self._bytes = 0
        self._read = (0, 0, 0)
        self._found: tuple[bytes, int] = (b"", 0)

    def __contains__(self, seq: int) -> bool:
        return seq in self._lines

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, seq: int, line: bytes, *, delta: bool = False, protected: bool = False) -> None:
        """Keeps a line, and drops what there is no room for; ``seq`` ascends."""
        self._lines[seq] = line
        self._order.append(seq)
        self.newest = seq
        self._bytes += self._cost(line)
        if protected:
            self._protected.add(seq)
        else:
            (self._deltas if delta else self._others).append(seq)
        if self._bytes > self._max_bytes:
            self._make_room()

    def unprotect(self, seq: int) -> None:
        """Lets a line go like any other, as its request was resolved."""
        if seq in self._protected:
            self._protected.discard(seq)
            self._others.appendleft(seq)  # it is old by now

    def read(self, after: int, until: int) -> tuple[bytes, int]:
        """What follows ``after``: at least one line, up to a chunk of them, none after ``until``.

        Returns:
            The bytes, empty for none, and the number that the reader has then.
        """
        # Whoever keeps up asks for the same, so that one joining serves all of them.
        asked = (after, until, self.newest)
        if asked != self._read:
            self._found = self._join(after, until)
            self._read = asked
        return self._found

    def _join(self, after: int, until: int) -> tuple[bytes, int]:
        out: list[bytes] = []
        size, last = 0, after
        lines, order = self._lines, self._order
        at = bisect_right(order, after)
        while at < len(order) and order[at] <= until:
            if size >= CHUNK:
                return out[0] if len(out) == 1 else b"".join(out), last
            seq = order[at]
            line = lines.get(seq)
            if out and line is not None and len(line) > CHUNK:
                return b"".join(out), last  # by itself, and never copied: it may have megabytes
            at += 1
            if line is None:
                continue
            if seq > last + 1:
                out.append(self._gap_line(last + 1, seq - 1))
            out.append(line)
            size += len(line)
            last = seq
        if last < until:  # the newest are among the dropped
            out.append(self._gap_line(last + 1, until))
            last = until
        return out[0] if len(out) == 1 else b"".join(out), last

    def _cost(self, line: bytes) -> int:
        # A huge one counts no more than half, or it would drive out all others.
        return min(len(line) + LINE_OVERHEAD, self._most)

    def _make_room(self) -> None:
        for numbers in (self._deltas, self._others):
            while numbers and self._bytes > self._max_bytes:
                line = self._lines.pop(numbers.popleft(), None)
                if line is not None:
                    self._bytes -= self._cost(line)
        if len(self._order) > 2 * len(self._lines) + SPARE:
            self._order = list(self._lines)
