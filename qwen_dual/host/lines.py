"""Bytes of an events channel, cut anywhere, to events: pure, one pass, in bounded memory."""

from __future__ import annotations

from qwen_dual.host.event import BadLine, Event
from qwen_dual.protocol.codec import NotJson, decode

MAX_LINE_BYTES = 16 << 20
"""A longer line is dropped as it streams by, and told as a ``BadLine``."""

BOM = b"\xef\xbb\xbf"
_SHOWN = 800  # bytes of a bad line that a message can show


class LineDecoder:
    """Events from pieces of a channel.

    Args:
        offset: where the first byte lies in the channel.
        max_line_bytes: longer lines are dropped.
        mid_line: that byte is inside a line that began earlier; the rest of it is dropped.
    """

    def __init__(
        self, offset: int = 0, max_line_bytes: int = MAX_LINE_BYTES, *, mid_line: bool = False
    ) -> None:
        self._max = max_line_bytes
        self._half = bytearray()
        self._dropped = 0
        self._start = offset
        self._mid_line = mid_line

    @property
    def position(self) -> int:
        """Where the next byte lies."""
        return self._start + len(self._half) + self._dropped

    @property
    def between_lines(self) -> bool:
        """No line has begun and not ended."""
        return self.position == self._start and not self._mid_line

    def feed(self, data: bytes) -> list[Event]:
        """The events of the lines that ``data`` completes, in order."""
        events: list[Event] = []
        begin = 0
        while (newline := data.find(b"\n", begin)) >= 0:
            self._take(data[begin:newline])
            event = self._complete(1)
            if event is not None:
                events.append(event)
            begin = newline + 1
        self._take(data[begin:] if begin else data)
        return events

    def finish(self) -> list[Event]:
        """What is left when no more bytes come: a line without its end, or nothing."""
        if self.between_lines:
            return []
        size, start = len(self._half) + self._dropped, bytes(self._half)
        offset, end = self._start, self.position
        self.restart(end)
        if not size:
            return []
        message = "the channel ended in the middle of a line"
        return [BadLine("torn", message, start, size, offset, end)]

    def restart(self, offset: int) -> None:
        """Forgets a half line; the next byte lies at ``offset`` and begins a line."""
        self._half.clear()
        self._dropped = 0
        self._start = offset
        self._mid_line = False

    def _take(self, piece: bytes) -> None:
        if not self._dropped and len(self._half) + len(piece) <= self._max:
            self._half += piece
            return
        # The beginning stays, for the message; the rest is only counted.
        keep = min(_SHOWN, self._max)
        shown = piece[: max(0, keep - len(self._half))] if not self._dropped else b""
        self._dropped += len(piece) - len(shown) + max(0, len(self._half) - keep)
        del self._half[keep:]
        self._half += shown

    def _complete(self, newline: int) -> Event | None:
        line, dropped, offset = bytes(self._half), self._dropped, self._start
        end = self.position + newline
        mid_line = self._mid_line
        self.restart(end)
        if dropped:
            size = len(line) + dropped
            message = f"a line of {size} bytes; the limit is {self._max}"
            return BadLine("too_long", message, line, size, offset, end)
        if mid_line:
            message = "reading began in the middle of this line"
            return BadLine("torn", message, line, len(line), offset, end)
        line = line.removeprefix(BOM) if offset == 0 else line
        if not line or line.isspace():
            return None
        try:
            value = decode(line)
        except NotJson as error:
            return BadLine("not_json", str(error), line, len(line), offset, end)
        if not isinstance(value, dict):
            message = f"an event is a JSON object, this is {type(value).__name__}"
            return BadLine("not_object", message, line, len(line), offset, end)
        return Event(value, offset, end)
