"""Events that hold megabytes, encoded a step in each pass of the loop, in the order of all."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from qwen_dual.protocol.long_json import encode_long, holds_long

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

    from qwen_dual.protocol.events import Event

STEP = 1 << 18
"""Bytes that are encoded, or written, in one pass of the loop: either takes less than a millisecond."""

BREATH = 0.003
"""Seconds until the next step: to show a key takes several passes."""


class Pacing:
    """What waits for a long event, and that itself first.

    Args:
        take: takes an event, and its line where that is made by now.
        fail: told of one that could not be taken; what waits behind it is gone.

    Attributes:
        waiting: a long one first, and what came after it.
    """

    def __init__(
        self,
        take: Callable[[Event, bytes | None], object],
        fail: Callable[[Exception], object],
    ) -> None:
        self.waiting: deque[Event] = deque()
        self._take = take
        self._fail = fail
        self._pieces: Iterator[bytes] | None = None
        self._line: list[bytes] = []

    def add(self, event: Event, loop: asyncio.AbstractEventLoop) -> None:
        """Takes one that is long, or comes after one."""
        if not self.waiting:
            loop.call_later(BREATH, self._step, loop)
        self.waiting.append(event)

    def take_all(self) -> None:
        """Takes what waits, at once."""
        while self.waiting:
            while not self._encoded():
                pass

    def _step(self, loop: asyncio.AbstractEventLoop) -> None:
        """Encodes a part of the long event that waits; behind its end takes what is short."""
        if not self.waiting:
            return
        try:
            if self._encoded():
                while self.waiting and not is_long(self.waiting[0]):
                    self._take(self.waiting.popleft(), None)
        except Exception as error:  # noqa: BLE001 - told by the channel; the bus is long gone
            self._fail(error)
            self.waiting.clear()
            self._pieces = None
        if self.waiting:
            loop.call_later(BREATH, self._step, loop)

    def _encoded(self) -> bool:
        """Goes on with the first that waits; whether that was the end of it."""
        if self._pieces is None:
            self._pieces, self._line = encode_long(self.waiting[0]), []
        room = STEP
        for piece in self._pieces:
            self._line.append(piece)
            room -= len(piece)
            if room <= 0:
                return False
        line, self._line, self._pieces = b"".join(self._line), [], None
        self._take(self.waiting.popleft(), line)
        return True


def is_long(event: Event) -> bool:
    """Whether it holds megabytes: a message, the result that repeats it, a call of either."""
    return event["type"] != "stream_event" and holds_long(event)
