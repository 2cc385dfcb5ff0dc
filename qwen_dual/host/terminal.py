"""What the hosted program paints: the bytes of its PTY for whoever shows them, bounded."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel

from qwen_dual.protocol.ansi import without_sequences

if TYPE_CHECKING:
    from typing import Self

MAX_BUFFER_BYTES = 1 << 18
_TAIL_BYTES = 8192
_CONTROLS = re.compile(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]")


class TerminalStream:
    """An asynchronous iterator over the terminal's bytes, in the pieces in which they came.

    The PTY is read all the time, since a program that cannot paint stops. What nobody takes waits
    here up to a bound; then the oldest pieces go, counted in ``dropped``. A screen that was rebuilt
    from the rest may be wrong: change the window's size for a moment, and a full-screen or
    prompt-toolkit program paints anew. It ends when the program does.

    Attributes:
        dropped: bytes that the reader has lost.
    """

    def __init__(self, max_buffer_bytes: int = MAX_BUFFER_BYTES) -> None:
        self.dropped = 0
        self._limit = max_buffer_bytes
        self._pieces: deque[bytes] = deque()
        self._waiting = 0
        self._tail = bytearray()
        self._wake = anyio.Event()
        self._ended = False

    def put(self, data: bytes) -> None:
        """Adds what was painted; never waits."""
        self._pieces.append(data)
        self._waiting += len(data)
        while self._waiting > self._limit:
            lost = len(self._pieces.popleft())
            self._waiting -= lost
            self.dropped += lost
        self._tail += data
        del self._tail[:-_TAIL_BYTES]
        self._wake.set()

    def end(self) -> None:
        """Lets the reader finish after what waits."""
        self._ended = True
        self._wake.set()

    def last_lines(self, count: int = 10) -> list[str]:
        """The last lines that were painted, without escape sequences: for messages, not a screen."""
        text = without_sequences(self._tail.decode("utf-8", "replace"))
        lines = [
            _CONTROLS.sub("", line).strip() for line in re.split(r"[\r\n]+", text) if line.strip()
        ]
        return [line for line in lines if line][-count:]

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        await anyio.lowlevel.checkpoint()
        while not self._pieces:
            if self._ended:
                raise StopAsyncIteration
            self._wake = anyio.Event()
            await self._wake.wait()
        piece = self._pieces.popleft()
        self._waiting -= len(piece)
        return piece
