"""Cuts a stream of bytes into lines: pure, in one pass, in bounded memory. The one place that does.

Knows nothing of JSON or of where the bytes come from, and judges no line: what becomes of a long or a
torn one is for whoever reads it.
"""

from __future__ import annotations

import re

from msgspec import Struct

BOM = b"\xef\xbb\xbf"
_CONTENT = re.compile(rb"[^ \t\r]")


class Frame(Struct, frozen=True):
    """One line of a stream.

    Attributes:
        offset: where its first byte lies.
        end: where the next line begins.
        data: its bytes without the newline; only the beginning where it was too long.
        size: how many bytes it has without the newline.
        mid_line: reading began in the middle of it.
        more: something but blanks was in what is not kept.
    """

    offset: int
    end: int
    data: bytes
    size: int
    mid_line: bool = False
    more: bool = False

    @property
    def too_long(self) -> bool:
        """It had more bytes than may be kept."""
        return self.size > len(self.data)

    @property
    def body(self) -> bytes:
        """What is kept without a byte order mark and the carriage return of a CRLF; empty if blank."""
        data = self.data
        begin = len(BOM) if data.startswith(BOM) else 0
        end = max(begin, len(data) - data.endswith(b"\r"))
        return data[begin:end] if _CONTENT.search(data, begin, end) is not None else b""

    @property
    def blank(self) -> bool:
        """It says nothing."""
        return not self.more and not self.body


class LineFramer:
    """Lines from pieces that are cut anywhere, inside a character too.

    Args:
        max_bytes: a line with more (its newline not counted) is not kept as it streams by.
        offset: where the first byte that is fed lies in the stream.
        mid_line: that byte is inside a line that began earlier.
        keep_bytes: how much of the beginning of a longer line is kept.
    """

    def __init__(
        self,
        max_bytes: int,
        offset: int = 0,
        *,
        mid_line: bool = False,
        keep_bytes: int = len(BOM),
    ) -> None:
        self._max = max_bytes
        self._keep = min(keep_bytes, max_bytes)
        self._half = bytearray()
        self._dropped = 0
        self.restart(offset, mid_line=mid_line)

    def restart(self, offset: int, *, mid_line: bool = False) -> None:
        """Forgets the half line; the next byte fed lies at ``offset``."""
        self._half.clear()
        self._dropped = 0
        self._more = False
        self._start = offset
        self._mid_line = mid_line

    @property
    def position(self) -> int:
        """Where the next byte lies."""
        return self._start + len(self._half) + self._dropped

    @property
    def between_lines(self) -> bool:
        """No line has begun and not ended."""
        return not (self._half or self._dropped or self._mid_line)

    def feed(self, data: bytes) -> list[Frame]:
        """The lines that ``data`` completes, in their order."""
        frames: list[Frame] = []
        begin = 0
        while (newline := data.find(b"\n", begin)) >= 0:
            size = newline - begin
            if self._half or self._dropped or size > self._max:
                self._append(data[begin:newline])
                frames.append(self._cut(1))
            else:  # nearly all lines come whole, and need not be put together
                end = self._start + size + 1
                line = data[begin:newline]
                frames.append(Frame(self._start, end, line, size, self._mid_line))
                self._start, self._mid_line = end, False
            begin = newline + 1
        if begin < len(data):
            self._append(data[begin:] if begin else data)
        return frames

    def finish(self) -> Frame | None:
        """What has begun of a line when no more bytes come; the next byte begins a line."""
        return None if self.between_lines else self._cut(0)

    def _append(self, piece: bytes) -> None:
        rest = piece
        if not self._dropped:
            if len(self._half) + len(piece) <= self._max:
                self._half += piece
                return
            room = max(0, self._keep - len(self._half))
            self._half += piece[:room]
            rest = piece[room:]
            self._dropped = max(0, len(self._half) - self._keep)
            self._more = _CONTENT.search(self._half, self._keep) is not None
            del self._half[self._keep :]
        self._dropped += len(rest)
        self._more = self._more or _CONTENT.search(rest) is not None

    def _cut(self, newline: int) -> Frame:
        size = len(self._half) + self._dropped
        end = self._start + size + newline
        frame = Frame(self._start, end, bytes(self._half), size, self._mid_line, self._more)
        self.restart(end)
        return frame
