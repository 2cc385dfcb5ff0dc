"""What waits for one reader, up to a bound: never blocks whoever adds to it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

import anyio
import anyio.lowlevel

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

T = TypeVar("T")


class Buffer(Generic[T]):
    """An asynchronous iterator over what is put into it; one reader at a time.

    Args:
        limit: how much may wait, in what ``_weigh`` counts; then ``_make_room`` decides what goes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: deque[T] = deque()
        self._weight = 0
        self._wake = anyio.Event()
        self._ended = False
        self._error: Callable[[], Exception] | None = None

    def put(self, item: T) -> None:
        """Adds an item; never waits."""
        if self._ended:
            return
        self._items.append(item)
        self._weight += self._weigh(item)
        if self._weight > self._limit:
            self._make_room()
        self._wake.set()

    def end(self, error: Callable[[], Exception] | None = None) -> None:
        """Lets the reader finish after what waits, with an error if there is one."""
        if not self._ended:
            self._ended = True
            self._error = error
            self._wake.set()

    def _weigh(self, item: T) -> int:
        raise NotImplementedError

    def _make_room(self) -> None:
        raise NotImplementedError

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        # Not a full checkpoint: what waits is bounded, and a reader that took one item in each pass
        # of the loop would be slower than the program by nature.
        await anyio.lowlevel.checkpoint_if_cancelled()
        while not self._items:
            if self._ended:
                error, self._error = self._error, None
                if error is not None:
                    raise error()
                raise StopAsyncIteration
            self._wake = anyio.Event()
            await self._wake.wait()
        item = self._items.popleft()
        self._weight -= self._weigh(item)
        return item
