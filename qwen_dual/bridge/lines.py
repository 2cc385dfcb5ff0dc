"""Cuts a stream of bytes into lines: pure, in one pass, in bounded memory.

Knows nothing of JSON or of where the bytes come from. Blank lines, a byte order mark and the
carriage return of a CRLF end are taken away here, so that no source has to know of them.
"""

from __future__ import annotations

import re

from msgspec import Struct

from qwen_dual.protocol import MAX_LINE_BYTES

BOM = b"\xef\xbb\xbf"
BLANK = b" \t\r"
_CONTENT = re.compile(rb"[^ \t\r]")


class Line(Struct, frozen=True):
    """One line without its end; ``offset`` is that of its first byte in the input."""

    offset: int
    data: bytes


class BadLine(Struct, frozen=True):
    """A line that was dropped before anybody could read it: ``too_long`` or ``incomplete``."""

    offset: int
    code: str
    message: str


Item = Line | BadLine


class LineSplitter:
    """Lines from pieces that are cut anywhere, inside a character too.

    Args:
        max_line_bytes: a longer line (its end not counted) is dropped as it streams by.
        offset: where the first byte that is fed lies in the input.
        mid_line: that byte is inside a line that began earlier; the rest of it is dropped.
    """

    def __init__(
        self, max_line_bytes: int = MAX_LINE_BYTES, offset: int = 0, *, mid_line: bool = False
    ) -> None:
        self._max = max_line_bytes
        self._half = bytearray()
        self._start = offset
        self._end = offset
        self._drop: BadLine | None = None
        self._drop_is_blank = False
        self.reset(offset, mid_line=mid_line)

    def reset(self, offset: int, *, mid_line: bool = False) -> None:
        """Forgets the half line; the next byte fed lies at ``offset``."""
        self._half.clear()
        self._start = self._end = offset
        self._drop = None
        self._drop_is_blank = mid_line
        if mid_line:
            message = f"the line began before byte {offset}, where reading starts; it is not run"
            self._drop = BadLine(offset, "incomplete", message)

    def feed(self, data: bytes) -> list[Item]:
        """The lines that ``data`` completes, in their order."""
        items: list[Item] = []
        start = 0
        while (end := data.find(b"\n", start)) >= 0:
            self._take(data[start:end])
            self._end += 1
            items += self._complete()
            start = end + 1
        self._take(data[start:] if start else data)
        return items

    def finish(self) -> list[Item]:
        """The last line of a stream that ended without a newline."""
        return self._complete()

    def discard(self, reason: str) -> list[Item]:
        """Drops the half line and tells of it, unless it is blank; ``reason`` says what happened."""
        start, blank = self._start, not _bare(self._half)
        if self._drop is not None:
            blank = self._drop_is_blank
        self.reset(self._end)
        if blank:
            return []
        return [BadLine(start, "incomplete", f"{reason} before this line ended; it is not run")]

    def _take(self, piece: bytes) -> None:
        self._end += len(piece)
        if self._drop is None:
            self._half += piece
            # Room for a byte order mark and a carriage return, which do not count.
            if len(self._half) > self._max + len(BOM) + 1:
                self._drop = BadLine(self._start, "too_long", self._too_long())
                self._drop_is_blank = _CONTENT.search(self._half, len(BOM)) is None
                self._half.clear()
        elif self._drop_is_blank and piece.strip(BLANK):
            self._drop_is_blank = False

    def _complete(self) -> list[Item]:
        start, drop, blank = self._start, self._drop, self._drop_is_blank
        data = _bare(self._half)
        self.reset(self._end)
        if drop is not None:
            return [] if blank else [drop]
        if not data:
            return []
        if len(data) > self._max:
            return [BadLine(start, "too_long", self._too_long())]
        return [Line(start, data)]

    def _too_long(self) -> str:
        return f"a line may have {self._max} bytes; this one has more and is not run"


def _bare(half: bytearray) -> bytes:
    """The line without byte order mark and carriage return; empty if it is blank."""
    # A mark is dropped at the start of any line, not of the input alone: each writer of a FIFO,
    # and some editors that append, bring their own, and no JSON text begins with one.
    start = len(BOM) if half.startswith(BOM) else 0
    end = max(start, len(half) - half.endswith(b"\r"))
    if _CONTENT.search(half, start, end) is None:
        return b""
    return bytes(memoryview(half)[start:end])
