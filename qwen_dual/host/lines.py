"""Bytes of an events channel, cut anywhere, to events: pure, one pass, in bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.host.event import BadLine, Event
from qwen_dual.protocol import MAX_LINE_BYTES
from qwen_dual.protocol.codec import NotJson, decode
from qwen_dual.protocol.framing import BOM, LineFramer

if TYPE_CHECKING:
    from qwen_dual.protocol.framing import Frame

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
        self._framer = LineFramer(max_line_bytes, offset, mid_line=mid_line, keep_bytes=_SHOWN)

    @property
    def position(self) -> int:
        """Where the next byte lies."""
        return self._framer.position

    @property
    def between_lines(self) -> bool:
        """No line has begun and not ended."""
        return self._framer.between_lines

    def feed(self, data: bytes) -> list[Event]:
        """The events of the lines that ``data`` completes, in order."""
        frames = self._framer.feed(data)
        return [event for frame in frames if (event := self._event(frame)) is not None]

    def finish(self) -> list[Event]:
        """What is left when no more bytes come: a line without its end, or nothing."""
        frame = self._framer.finish()
        if frame is None or not frame.size:
            return []
        return [_bad(frame, "torn", "the channel ended in the middle of a line")]

    def restart(self, offset: int) -> None:
        """Forgets a half line; the next byte lies at ``offset`` and begins a line."""
        self._framer.restart(offset)

    def _event(self, frame: Frame) -> Event | None:
        if frame.too_long:
            message = f"a line of {frame.size} bytes; the limit is {self._max}"
            return _bad(frame, "too_long", message)
        if frame.mid_line:
            return _bad(frame, "torn", "reading began in the middle of this line")
        line = frame.data if frame.offset else frame.data.removeprefix(BOM)
        if not line or line.isspace():
            return None
        try:
            value = decode(line)
        except NotJson as error:
            return _bad(frame, "not_json", str(error))
        if not isinstance(value, dict):
            return _bad(
                frame, "not_object", f"an event is a JSON object, this is {type(value).__name__}"
            )
        return Event(value, frame.offset, frame.end)


def _bad(frame: Frame, code: str, message: str) -> BadLine:
    return BadLine(code, message, frame.data, frame.size, frame.offset, frame.end)
