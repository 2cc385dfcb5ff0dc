"""How many agents work at a time. Who waits for agents of its own leaves them its place."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import anyio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Self

MOST_AT_ONCE: Final = 10
MOST_WAITING: Final = 100


class Places:
    """The places of one session."""

    def __init__(self, most: int = MOST_AT_ONCE) -> None:
        self.free = anyio.Semaphore(most)

    @property
    def waiting(self) -> int:
        """How many wait for one."""
        return self.free.statistics().tasks_waiting


class Place:
    """The place of one agent; it is entered once.

    Args:
        places: where it is one of.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._held = False
        self._lent = 0

    async def __aenter__(self) -> Self:
        await self._places.free.acquire()
        self._held = True
        return self

    async def __aexit__(self, *error: object) -> None:
        self._leave()

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[None]:
        """Within, another may have the place: else agents that wait for others could hold all of them."""
        self._lent += 1
        self._leave()
        try:
            yield
        finally:
            self._lent -= 1
        if not self._lent and not self._held:
            await self.__aenter__()

    def _leave(self) -> None:
        if self._held:
            self._held = False
            self._places.free.release()
