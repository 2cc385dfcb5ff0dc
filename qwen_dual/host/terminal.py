"""What the hosted program paints: the bytes of its PTY for whoever shows them, bounded."""

from __future__ import annotations

import re

from qwen_dual.host.buffer import Buffer
from qwen_dual.protocol.ansi import without_sequences

MAX_BUFFER_BYTES = 1 << 18
_TAIL_BYTES = 8192
_CONTROLS = re.compile(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]")


class TerminalStream(Buffer[bytes]):
    """An asynchronous iterator over the terminal's bytes, in the pieces in which they came.

    The PTY is read all the time, since a program that cannot paint stops. What nobody takes waits
    here up to a bound; then the oldest pieces go, counted in ``dropped``. A screen that was rebuilt
    from the rest may be wrong: change the window's size for a moment, and a full-screen or
    prompt-toolkit program paints anew. It ends when the program does.

    Attributes:
        dropped: bytes that the reader has lost.
    """

    def __init__(self, max_buffer_bytes: int = MAX_BUFFER_BYTES) -> None:
        super().__init__(max_buffer_bytes)
        self.dropped = 0
        self._tail = bytearray()

    def put(self, item: bytes) -> None:
        """Adds what was painted; never waits."""
        self._tail += item
        del self._tail[:-_TAIL_BYTES]
        super().put(item)

    def last_lines(self, count: int = 10) -> list[str]:
        """The last lines that were painted, without escape sequences: for messages, not a screen."""
        text = without_sequences(self._tail.decode("utf-8", "replace"))
        lines = [
            _CONTROLS.sub("", line).strip() for line in re.split(r"[\r\n]+", text) if line.strip()
        ]
        return [line for line in lines if line][-count:]

    def _weigh(self, item: bytes) -> int:
        return len(item)

    def _make_room(self) -> None:
        while self._weight > self._limit:
            lost = len(self._items.popleft())
            self._weight -= lost
            self.dropped += lost
