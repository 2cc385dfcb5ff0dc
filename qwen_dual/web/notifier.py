"""Wakes all tasks that wait for a change, once per change."""

from __future__ import annotations

import anyio


class Notifier:
    """Wakes whoever waits now; who comes later waits for the next time. For one event loop, not for threads.

    Look whether there is something to do, and wait if not, without an ``await`` in between: nothing
    that happens on the loop is missed so.
    """

    def __init__(self) -> None:
        self._event: anyio.Event | None = None

    def notify_all(self) -> None:
        """Wakes all that wait."""
        event, self._event = self._event, None
        if event is not None:
            event.set()

    async def wait(self) -> None:
        """Waits for the next ``notify_all``."""
        if self._event is None:
            self._event = anyio.Event()
        await self._event.wait()
