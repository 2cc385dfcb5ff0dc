"""Sessions over folders of their own, on the offline model or a script."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.protocol.events import Event


class Log:
    """An observer that keeps what it sees, and lets a test wait for it."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._came = anyio.Event()

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        self._came.set()

    def of(self, kind: str) -> list[Event]:
        """The events of one type, or of one subtype of ``system``."""
        return [event for event in self.events if kind in (event["type"], event.get("subtype"))]

    async def until(self, wanted: Callable[[Event], bool]) -> Event:
        """The first event that is ``wanted``, once it is there."""
        while True:
            for event in self.events:
                if wanted(event):
                    return event
            self._came = anyio.Event()
            await self._came.wait()

    async def results(self, count: int = 1) -> list[Event]:
        """The first ``count`` results."""
        while len(found := self.of("result")) < count:
            self._came = anyio.Event()
            await self._came.wait()
        return found[:count]
