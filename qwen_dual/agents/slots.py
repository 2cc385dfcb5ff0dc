"""How many agents work at a time. Who waits for agents of its own lends them its slot."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import anyio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Self

MOST_AT_ONCE: Final = 10
MOST_WAITING: Final = 100


class Slots:
    """The slots of one session.

    Args:
        most: how many agents work at a time.
    """

    def __init__(self, most: int = MOST_AT_ONCE) -> None:
        self.free = anyio.Semaphore(most)

    @property
    def waiting(self) -> int:
        """How many wait for one."""
        return self.free.statistics().tasks_waiting


class Slot:
    """The slot of one agent. An asynchronous context manager, which is entered once: waits until one is free.

    Args:
        slots: those of the session, of which it is one.
    """

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._held = False
        self._lent = 0

    async def __aenter__(self) -> Self:
        await self._slots.free.acquire()
        self._held = True
        return self

    async def __aexit__(self, *error: object) -> None:
        self._release()

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[None]:
        """Within, another may have the slot: else agents that wait for others could hold all of them."""
        self._lent += 1
        self._release()
        try:
            yield
        finally:
            self._lent -= 1
        if not self._lent and not self._held:
            await self.__aenter__()

    def _release(self) -> None:
        if self._held:
            self._held = False
            self._slots.free.release()
