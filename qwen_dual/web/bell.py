"""Wakes all who wait for a change, once per change."""

from __future__ import annotations

import anyio


class Bell:
    """Rings for whoever waits now; who comes later waits for the next time.

    Look whether there is something to do, and wait if not, without an ``await`` in between: nothing
    that happens on the loop is missed so.
    """

    def __init__(self) -> None:
        self._event: anyio.Event | None = None

    def ring(self) -> None:
        """Lets all go on who wait."""
        event, self._event = self._event, None
        if event is not None:
            event.set()

    async def wait(self) -> None:
        """Waits for the next ring."""
        if self._event is None:
            self._event = anyio.Event()
        await self._event.wait()
