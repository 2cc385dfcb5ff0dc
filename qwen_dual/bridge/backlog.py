"""What still has to reach the reader: a bounded queue of lines that says what it dropped. Pure.

When it is full the oldest stream deltas go first, then the oldest other lines; protected ones
(``session_start``, pending requests) never. Where lines are missing a ``gap`` line goes out instead,
exactly at the hole. What was handed out is remembered for a while, since a reader that leaves may not
have read all of it: ``rewind`` puts that back, from the first line not read whole.

Lines for one reader only (a greeting, a request told again, a gap) have no place in the sequence; a
gap carries the ``seq`` of the last event that it stands for.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

LINE_OVERHEAD = 160
"""Bytes that a waiting line takes in memory besides its text, measured on CPython 3.11."""

CHUNK = 65_536
"""Bytes handed out at once, unless a single line is longer."""


class _Line(NamedTuple):
    text: bytes
    delta: bool
    cost: int  # what it counts against the bound


class _Sent(NamedTuple):
    end: int  # position in the stream of bytes where the line ends
    last: int  # the sequence number that the reader knows after it
    line: _Line | None  # None for a line of this reader only


class Backlog:
    """A queue from the bus to one reader after the other.

    Args:
        max_bytes: what may wait; protected lines may exceed it.
        gap_line: makes the line that stands for the events from one number to another.
        keep_bytes: how much of what was handed out ``rewind`` can put back.
    """

    def __init__(
        self,
        max_bytes: int,
        gap_line: Callable[[int, int], bytes],
        keep_bytes: int = CHUNK,
    ) -> None:
        self.dropped = 0
        self.last = 0
        """The highest sequence number that was handed out or reported as a gap."""
        self.keep_bytes = keep_bytes
        self._max_bytes = max_bytes
        self._most = max_bytes // 2
        self._gap_line = gap_line
        self._lines: dict[int, _Line] = {}  # in the order of the sequence
        self._deltas: deque[int] = deque()
        self._others: deque[int] = deque()
        self._protected: set[int] = set()
        self._newest = 0
        self._bytes = 0
        self._local: deque[bytes] = deque()
        self._chunk = memoryview(b"")
        self._handed_out = 0  # position in the stream after the chunk
        self._base = 0  # what the present reader knew before its first line
        self._sent: deque[_Sent] = deque()

    @property
    def waiting_bytes(self) -> int:
        """Bytes of text that have not been taken by the kernel."""
        text = sum(len(line.text) for line in self._lines.values())
        return text + len(self._chunk) + sum(map(len, self._local))

    @property
    def empty(self) -> bool:
        """Everything was taken."""
        return not (self._lines or self._chunk or self._local) and self.last >= self._newest

    def __contains__(self, seq: int) -> bool:
        return seq in self._lines or any(
            item.last == seq and item.line for item in self._in_chunk()
        )

    @property
    def full(self) -> bool:
        """More waits than should."""
        return self._bytes > self._max_bytes

    @property
    def is_in_line(self) -> bool:
        """Whether of what was handed out last a part was taken, and a part was not."""
        return bool(self._chunk)

    def add(self, seq: int, line: bytes, *, delta: bool = False, protected: bool = False) -> None:
        """Queues a line; ``seq`` ascends. Drops nothing: that is ``make_room``."""
        # A huge one counts no more than half, or it would drive out all others.
        cost = min(len(line) + LINE_OVERHEAD, self._most)
        self._lines[seq] = _Line(line, delta, cost)
        self._newest = seq
        self._bytes += cost
        if protected:
            self._protected.add(seq)
        else:
            (self._deltas if delta else self._others).append(seq)

    def make_room(self) -> None:
        """Drops what has to go until no more waits than may."""
        for order in (self._deltas, self._others):
            while order and self._bytes > self._max_bytes:
                line = self._lines.pop(order.popleft(), None)
                if line is not None:
                    self._bytes -= line.cost
                    self.dropped += 1

    def unprotect(self, seq: int) -> None:
        """Lets a line go like any other, as its request was resolved."""
        if seq in self._protected:
            self._protected.discard(seq)
            if seq in self._lines:
                self._others.appendleft(seq)  # it is old by now

    def add_local(self, line: bytes) -> None:
        """Queues a line for the present reader only, before all that waits."""
        self._local.append(line)

    def chunk(self) -> memoryview:
        """The bytes to write next, whole lines until ``advance`` says otherwise; empty if none."""
        if not self._chunk:
            lines = self._next_lines()
            # One is never copied: it may have megabytes.
            self._chunk = memoryview(lines[0] if len(lines) == 1 else b"".join(lines))
        return self._chunk

    def advance(self, count: int) -> None:
        """The kernel has taken ``count`` bytes of the chunk."""
        self._chunk = self._chunk[count:]
        written = self._handed_out - len(self._chunk)
        # The last line before what is kept stays too: it says which number the reader knows.
        while len(self._sent) > 1 and self._sent[1].end <= written - self.keep_bytes:
            self._sent.popleft()

    def rewind(self, unread: int) -> None:
        """The reader is gone, and of the bytes that were taken the last ``unread`` were not read.

        Every line not read whole waits again; the next chunk begins with a whole line.
        """
        read = self._handed_out - len(self._chunk) - unread
        again: list[_Sent] = []
        while self._sent and self._sent[-1].end > read:
            again.append(self._sent.pop())
        if again:
            self.last = self._sent[-1].last if self._sent else self._base
            self._requeue({item.last: item.line for item in reversed(again) if item.line})
        self._local.clear()
        self._chunk = memoryview(b"")
        self._handed_out = 0
        self._base = self.last
        self._sent.clear()

    # -- inner workings ----------------------------------------------------------------------

    def _in_chunk(self) -> list[_Sent]:
        written = self._handed_out - len(self._chunk)
        return [item for item in self._sent if item.end > written]

    def _next_lines(self) -> list[bytes]:
        out: list[bytes] = []
        size = 0
        while self._local:
            size += self._put(out, self._local.popleft(), None)
        while self._lines and size < CHUNK:
            seq = next(iter(self._lines))
            if out and len(self._lines[seq].text) > CHUNK:
                break
            if seq - 1 > self.last:
                size += self._put_gap(out, seq - 1)
            line = self._lines.pop(seq)
            self._bytes -= line.cost
            self.last = seq
            size += self._put(out, line.text, line)
        if not self._lines:  # the newest may be among the dropped
            self._put_gap(out, self._newest)
        for order in (self._deltas, self._others):
            while order and order[0] not in self._lines:
                order.popleft()
        return out

    def _put_gap(self, out: list[bytes], until: int) -> int:
        first = self.last + 1
        if until < first:
            return 0
        self.last = until
        return self._put(out, self._gap_line(first, until), None)

    def _put(self, out: list[bytes], text: bytes, line: _Line | None) -> int:
        out.append(text)
        size = len(text)
        self._handed_out = end = self._handed_out + size
        self._sent.append(_Sent(end, self.last, line))
        return size

    def _requeue(self, lines: dict[int, _Line]) -> None:
        self._lines = {**lines, **self._lines}
        for seq in reversed(lines):
            self._bytes += lines[seq].cost
            if seq not in self._protected:
                (self._deltas if lines[seq].delta else self._others).appendleft(seq)
