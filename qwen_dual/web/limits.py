"""How much one WebSocket may say: who sends more than a person and a page can is cut."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.protocol import MAX_LINE_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from starlette.types import Message, Receive

MAX_MESSAGE_BYTES = MAX_LINE_BYTES
"""Of any message: a prompt with its images is one."""


UNHEARD_BYTES = 1 << 16
"""Of a message of somebody who has not been let in yet, or may only observe."""
APPROVING_BYTES = 1 << 20
"""Of a message of somebody who may approve, and neither submit nor control."""


UNFINISHED_BYTES = 256 << 20
"""Of messages and images that have begun to come, from all who came in by one link."""


class Flood(Exception):
    """A client sends more than it may."""


class Limit(Struct, frozen=True):
    """What one WebSocket may send.

    Attributes:
        burst: messages at once.
        rate: messages a second, in the long run.
        burst_bytes: bytes at once.
        byte_rate: bytes a second, in the long run.
        message_bytes: of one message.
    """

    burst: int
    rate: float
    burst_bytes: int
    byte_rate: float
    message_bytes: int


CHAT = Limit(200, 20.0, 4 * MAX_MESSAGE_BYTES, 1 << 20, MAX_MESSAGE_BYTES)
TERMINAL = Limit(6000, 2000.0, 32 << 20, 1 << 20, 1 << 20)
"""Acknowledgements come with each piece of output, and a paste in pieces."""
FRAMES_AT_ONCE, FRAMES_A_SECOND = 4000.0, 500.0
"""Of frames that are no whole message: pings, and pieces of one. Chromium sends a long message, such as a prompt
with images, in pieces of 64 KiB and less."""

SILENT = Limit(20, 1.0, 1 << 16, 1024, 1024)
"""For one that only listens."""


def message_bytes(limit: Limit, rights: Collection[str]) -> int:
    """What is taken at all of one message of somebody with these rights; for more he is not even told why."""
    if "submit" in rights or "control" in rights:
        return max(limit.message_bytes, UNHEARD_BYTES)
    return APPROVING_BYTES if "approve" in rights else UNHEARD_BYTES


class Allowance:
    """What may be taken at once, which comes back with time.

    Args:
        burst: at once.
        rate: that comes back in a second.
        clock: seconds of a clock that never goes back.
    """

    def __init__(
        self, burst: float, rate: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst, self._rate, self._clock = burst, rate, clock
        self._left, self._at = burst, clock()

    def take(self, amount: float = 1.0) -> bool:
        """Takes some; whether there was as much."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate) - amount
        self._at = now
        return self._left >= 0


class Unfinished:
    """Counts what has begun to come and is not whole yet: it is in memory, and nobody has had a look at it.

    Args:
        most: bytes that may be.
    """

    def __init__(self, most: int = UNFINISHED_BYTES) -> None:
        self._most = most
        self._held = 0

    def change(self, by: int) -> bool:
        """Counts bytes more, or less; whether there are not too many."""
        self._held += by
        return self._held <= self._most


class LimitedReceive:
    """The ``receive`` of a WebSocket, counted.

    Args:
        receive: what gives the messages.
        limit: what may come.
        clock: seconds of a clock that never goes back.
    """

    def __init__(
        self, receive: Receive, limit: Limit, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._receive = receive
        self._limit = limit
        self._messages = Allowance(limit.burst, limit.rate, clock)
        self._bytes = Allowance(limit.burst_bytes, limit.byte_rate, clock)

    async def __call__(self) -> Message:
        """The next message.

        Raises:
            Flood: that is one too many, or too long.
        """
        message = await self._receive()
        if message["type"] == "websocket.receive":
            text = message.get("text")
            # Of a text the characters: no page sends more bytes than four for each.
            self._count(len(message.get("bytes") or b"") if text is None else len(text))
        return message

    def _count(self, size: int) -> None:
        limit = self._limit
        if size > limit.message_bytes:
            raise Flood(f"a message of {size:,} bytes is longer than {limit.message_bytes:,}")
        if not self._messages.take():
            raise Flood(f"more than {limit.rate:g} messages a second")
        if not self._bytes.take(size):
            raise Flood(f"more than {limit.byte_rate:,.0f} bytes a second")
