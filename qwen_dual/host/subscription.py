"""One reader's events, in a bounded queue: a slow reader loses by rule, and is told what."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from qwen_dual.host.buffer import Buffer
from qwen_dual.host.event import Event, Skipped

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

MAX_BUFFER_BYTES = 1 << 20
_OVERHEAD = 256  # what an event costs besides its text
_DISPOSABLE = ("content_block_delta", "tool_progress")


class Subscription(Buffer[Event]):
    """An asynchronous iterator over events, from the moment it was made.

    It ends after ``session_end``, or when it is closed. Where the program went away without a
    ``session_end``, ``SessionExited`` is raised after the last event.

    When more than ``max_buffer_bytes`` wait, deltas and progress go first, the oldest of them
    first, then the oldest events; a ``Skipped`` stands where they were. The session itself reads on
    all the time: its state, pending requests and results do not depend on any reader.

    Attributes:
        skipped: how many events this reader has lost.
    """

    def __init__(
        self,
        max_buffer_bytes: int = MAX_BUFFER_BYTES,
        on_close: Callable[[Subscription], None] = lambda subscription: None,
    ) -> None:
        super().__init__(max_buffer_bytes)
        self.skipped = 0
        self._taking = False
        self._on_close = on_close

    def catching_up(self) -> bool:
        """Much waits, and some of it was taken since the last time that this was asked."""
        taking, self._taking = self._taking, False
        return taking and self._weight > self._limit // 2

    def close(self) -> None:
        """Gives up what waits; the iteration ends."""
        self._items.clear()
        self._weight = 0
        self._error = None
        self._ended = True
        self._wake.set()
        self._on_close(self)

    def _weigh(self, item: Event) -> int:
        """Roughly its memory; 0 for a ``Skipped``, of which there is at most one between two others."""
        return 0 if isinstance(item, Skipped) else item.end - item.offset + _OVERHEAD

    def _make_room(self) -> None:
        """Drops down to half of the limit, so that the work per event stays constant."""
        target = self._limit // 2
        for disposable_only in (True, False):
            kept: deque[Event] = deque()
            for event in self._items:
                weight = self._weigh(event)
                if (
                    weight
                    and self._weight > target
                    and (not disposable_only or event.subtype in _DISPOSABLE)
                ):
                    self._weight -= weight
                    self.skipped += 1
                    event = Skipped(1, event.seq, event.seq, offset=event.offset)
                if kept and isinstance(event, Skipped) and isinstance(kept[-1], Skipped):
                    event = _merged(kept.pop(), event)
                kept.append(event)
            self._items = kept
            if self._weight <= target:
                return

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def __anext__(self) -> Event:
        event = await super().__anext__()
        self._taking = True
        return event


def _merged(first: Event, second: Event) -> Skipped:
    one, other = first.data, second.data
    start, end = one["from_seq"], other["to_seq"]
    return Skipped(
        one["dropped"] + other["dropped"],
        other["from_seq"] if start is None else start,
        one["to_seq"] if end is None else end,
        where=one["where"],
        offset=first.offset,
    )
