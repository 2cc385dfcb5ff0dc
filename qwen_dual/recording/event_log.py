"""Keeps the events of a program as they came, and an index of which came when.

The cost of an event is that of finding its line's end: what is most of a stream, pieces of answers,
is never decoded. The index has one entry for all that came at one moment.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from qwen_dual.host.event import Event
from qwen_dual.protocol import MAX_LINE_BYTES
from qwen_dual.protocol.codec import NotJson, decode, encode
from qwen_dual.recording.cast import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PIECE = b'{"type":"stream_event"'
"""How the line of a piece of an answer begins, in programs that put ``type`` first."""

_OTHER = re.compile(b"\n(?!" + re.escape(PIECE) + b")([^\n]+)")
"""Any other line: all are gone through at the speed of a search."""


class Mark(Struct, frozen=True):
    """An event that is a place in the recording.

    Attributes:
        seq: its number; None in programs that do not count.
        kind: ``user``, ``tool``, ``control_request`` or ``result``.
    """

    seq: int | None
    kind: str

    def __str__(self) -> str:
        return self.kind if self.seq is None else f"seq={self.seq} {self.kind}"


class EventLog:
    """One recording's events.

    Args:
        events_fd: an empty file, open for appending.
        index_fd: another one.

    Attributes:
        written: bytes so far, in both files.
        start: the ``data`` of the first ``session_start``; empty until it came.
        lost: events that the program says it could not deliver.
    """

    def __init__(self, events_fd: int, index_fd: int) -> None:
        self.written = 0
        self.start: dict[str, Any] = {}
        self.lost = 0
        self._events_fd = events_fd
        self._index_fd = index_fd
        self._offset = 0
        self._half = bytearray()
        self._last_seq: int | None = None
        self._inside = False  # of a line that is too long, whose beginning is kept

    def take(self, seconds: float, data: bytes) -> list[Mark]:
        """Keeps the whole lines that ``data`` completes; the marks among them, in order.

        Raises:
            OSError: they cannot be written.
        """
        end = data.rfind(b"\n") + 1
        if not end:
            self._half += data
            if len(self._half) > MAX_LINE_BYTES:  # no event: kept as it came, in pieces
                whole, self._half = bytes(self._half), bytearray()
                self._keep(seconds, whole, ended=False)
            return []
        whole = bytes(self._half) + data[:end] if self._half else data[:end]
        self._half[:] = data[end:]
        return self._keep(seconds, whole)

    def finish(self, seconds: float) -> list[Mark]:
        """Keeps what is left of a line that was never ended."""
        return self.take(seconds, b"\n") if self._half else []

    def close(self) -> None:
        """Closes both files; idempotent."""
        for fd in (self._events_fd, self._index_fd):
            if fd >= 0:
                os.close(fd)
        self._events_fd = self._index_fd = -1

    def _keep(self, seconds: float, whole: bytes, *, ended: bool = True) -> list[Mark]:
        if self._events_fd < 0:
            return []
        write_whole(self._events_fd, whole)
        # No end of a line that is too long is an event, whatever stands in it.
        rest = whole.partition(b"\n")[2] if self._inside else whole
        self._inside = not ended
        first, marks = self._look_at(_telling(rest) if ended else ())
        entry = {
            "t": round(seconds, 6),
            "offset": self._offset,
            "lines": whole.count(b"\n"),
            "from_seq": first,
            "to_seq": self._last_seq if first is not None else None,
        }
        line = encode(entry)
        write_whole(self._index_fd, line)
        self._offset += len(whole)
        self.written += len(whole) + len(line)
        return marks

    def _look_at(self, lines: Iterable[bytes]) -> tuple[int | None, list[Mark]]:
        """The number of the first event that has one, and the marks among all."""
        first: int | None = None
        marks: list[Mark] = []
        for line in lines:
            event = _event_of(line)
            if event is None:
                continue
            if event.seq is not None:
                first = event.seq if first is None else first
                self._last_seq = event.seq
            marks.extend(self._marks_of(event))
        return first, marks

    def _marks_of(self, event: Event) -> Iterator[Mark]:
        kind = event.type
        if kind == "system":
            if event.subtype == "session_start" and not self.start:
                self.start = event.data
            elif event.subtype == "gap":
                dropped = event.data.get("dropped")
                self.lost += dropped if isinstance(dropped, int) else 0
        elif kind in ("control_request", "result"):
            yield Mark(event.seq, kind)
        elif kind == "user":
            results = any(block.get("type") == "tool_result" for block in event.blocks)
            yield Mark(event.seq, "tool" if results else "user")


def _telling(whole: bytes) -> Iterator[bytes]:
    """Of whole lines the first and the last, whose numbers count, and those that may be marks."""
    first, last = whole.find(b"\n"), whole.rfind(b"\n", 0, -1) + 1
    yield whole[:first]
    if last:
        yield from (found[1] for found in _OTHER.finditer(whole, first, last))
        yield whole[last:-1]


def _event_of(line: bytes) -> Event | None:
    try:
        value = decode(line)
    except NotJson:
        return None
    return Event(value) if isinstance(value, dict) else None
