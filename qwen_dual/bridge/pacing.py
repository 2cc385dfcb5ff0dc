"""Events that take long to encode, each in a pass of the loop of its own, in the order of all."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from qwen_dual.protocol.events import Event

LONG = 1 << 20
"""Characters from which on an event is encoded in a pass of the loop of its own, and written in
another: of megabytes each takes as long as a key may wait."""

REST = 0.05
"""Seconds between the two, and until the next: to show a key takes several passes, and one that is typed
meets one such step at the most."""


class Pacing:
    """What waits for a long event, and that itself first.

    Args:
        take: encodes an event.
        fail: told of one that could not be; what waits behind it is gone.

    Attributes:
        waiting: a long one first, and what came after it.
    """

    def __init__(
        self, take: Callable[[Event], object], fail: Callable[[Exception], object]
    ) -> None:
        self.waiting: deque[Event] = deque()
        self._take = take
        self._fail = fail

    def add(self, event: Event, loop: asyncio.AbstractEventLoop) -> None:
        """Takes one that is long, or comes after one."""
        if not self.waiting:
            self._take_soon(loop)
        self.waiting.append(event)

    def take_all(self) -> None:
        """Takes what waits, at once."""
        while self.waiting:
            self._take(self.waiting.popleft())

    def _take_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        # Twice: an event that was taken before is written after one.
        loop.call_later(2 * REST, self._take_next, loop)

    def _take_next(self, loop: asyncio.AbstractEventLoop) -> None:
        """Takes the long event that waits, and those after it up to the next."""
        if not self.waiting:
            return
        try:
            self._take(self.waiting.popleft())
            while self.waiting and not is_long(self.waiting[0]):
                self._take(self.waiting.popleft())
        except Exception as error:  # noqa: BLE001 - told by the channel; the bus is long gone
            self._fail(error)
            self.waiting.clear()
        if self.waiting:
            self._take_soon(loop)


def is_long(event: Event) -> bool:
    """Whether it may hold megabytes: what a model wrote, whole, or the result that repeats it."""
    kind = event["type"]
    if kind == "result":
        return len(event["result"]) > LONG
    if kind != "assistant":
        return False
    texts = (
        text
        for block in event["message"]["content"]
        for text in (block.values() if block["type"] != "tool_use" else block["input"].values())
        if isinstance(text, str)
    )
    return any(len(text) > LONG for text in texts)
