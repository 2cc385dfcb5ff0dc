"""Server-sent events from bytes that are cut anywhere; the grammar is httpx-sse's.

httpx-sse's own reader is bypassed: it insists on a content type, keeps a byte order mark, takes the
charset from the header, and steps through two async generators for each line.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from httpx_sse._decoders import SSEDecoder, SSELineDecoder

from qwen_dual.models import endings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from httpx_sse import ServerSentEvent

MAX_EVENT_BYTES = 32 * 2**20
"""Of one event; a service that sends more without an end of it would fill the memory."""

LONG_BYTES = 1 << 20
"""Of an event from which on its line is put together in one step and read in another."""


class EventReader:
    """Reads the events of one answer."""

    def __init__(self) -> None:
        self._text = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._lines = SSELineDecoder()
        self._events = SSEDecoder()
        self._open_bytes = 0  # since the last event

    def feed(self, data: bytes) -> Iterator[ServerSentEvent | None]:
        """The events that ``data`` completes; None where others should run before the next.

        Raises:
            ModelError: an event has no end.
        """
        self._open_bytes += len(data)
        if self._open_bytes > MAX_EVENT_BYTES:
            raise endings.malformed(f"{MAX_EVENT_BYTES // 2**20} MiB without the end of an event")
        lines = self._lines.decode(self._text.decode(data))
        if lines and self._open_bytes > LONG_BYTES:
            yield None  # putting the line together took as long as what comes next will
        yield from self._decode(lines)

    def end(self) -> Iterator[ServerSentEvent]:
        """What the end of the stream completes; the blank line may be missing after the last."""
        lines = self._lines.decode(self._text.decode(b"", final=True))
        yield from self._decode([*lines, *self._lines.flush(), ""])

    def _decode(self, lines: Iterable[str]) -> Iterator[ServerSentEvent]:
        decode = self._events.decode
        for line in lines:
            event = decode(line)
            if event is not None and event.data:
                self._open_bytes = 0
                yield event
