"""Lines of an input channel, as commands are read from them: blank ones left out, bad ones told.

Blank lines, a byte order mark and the carriage return of a CRLF end are taken away here, so that no
source has to know of them. A mark is dropped at the start of any line, not of the input alone: each
writer of a FIFO, and some editors that append, bring their own, and no JSON text begins with one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.protocol import MAX_LINE_BYTES
from qwen_dual.protocol.framing import BOM, LineFramer

if TYPE_CHECKING:
    from qwen_dual.protocol.framing import Frame


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
        # Room for a byte order mark and a carriage return, which do not count.
        self._framer = LineFramer(max_line_bytes + len(BOM) + 1, offset, mid_line=mid_line)

    def reset(self, offset: int, *, mid_line: bool = False) -> None:
        """Forgets the half line; the next byte fed lies at ``offset``."""
        self._framer.restart(offset, mid_line=mid_line)

    def feed(self, data: bytes) -> list[Item]:
        """The lines that ``data`` completes, in their order."""
        frames = self._framer.feed(data)
        return [item for frame in frames if (item := self._item(frame)) is not None]

    def finish(self) -> list[Item]:
        """The last line of a stream that ended without a newline."""
        frame = self._framer.finish()
        item = self._item(frame) if frame is not None else None
        return [] if item is None else [item]

    def discard(self, reason: str) -> list[Item]:
        """Drops the half line and tells of it, unless it is blank; ``reason`` says what happened."""
        frame = self._framer.finish()
        if frame is None or frame.blank:
            return []
        message = f"{reason} before this line ended; it is not run"
        return [BadLine(frame.offset, "incomplete", message)]

    def _item(self, frame: Frame) -> Item | None:
        body = frame.body
        if not body and not frame.more:
            return None
        if frame.mid_line:
            where = f"the line began before byte {frame.offset}, where reading starts"
            return BadLine(frame.offset, "incomplete", f"{where}; it is not run")
        if frame.too_long or len(body) > self._max:
            message = f"a line may have {self._max} bytes; this one has more and is not run"
            return BadLine(frame.offset, "too_long", message)
        return Line(frame.offset, body)
