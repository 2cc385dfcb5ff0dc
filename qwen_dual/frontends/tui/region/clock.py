"""When the live region is drawn again: on a clock, not with every event.

Owns the dirty flag and the pace. It does not know what is drawn.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import Callable

_BLOCKED_CHECK = 0.2  # seconds, when nobody marks the clock once the terminal reads on


class RedrawClock:
    """Draws at most `fps` times a second, only when something has changed.

    No timer runs while nothing changes, so an idle program uses no CPU. The first change after a
    pause is drawn at once. All methods belong on the event loop's thread.

    Args:
        redraw: Draws. What it raises ends `run`.
        fps: The most draws a second.
        blocked: Tells that the terminal takes nothing; draws are put off meanwhile.
        tick: Seconds between two draws that only show that time goes by.
    """

    def __init__(
        self,
        redraw: Callable[[], None],
        fps: float = 25,
        blocked: Callable[[], bool] = lambda: False,
        tick: float = 1.0,
    ) -> None:
        self._tick = tick
        self._redraw = redraw
        self._interval = 1 / fps
        self._blocked = blocked
        self._dirty = False
        self._animated = False
        self._wake = anyio.Event()

    def mark(self) -> None:
        """Says that something has changed. Costs next to nothing, so call it for each event."""
        if not self._dirty:
            self._dirty = True
            self._wake.set()

    def animate(self, on: bool) -> None:
        """Draws at every tick while on, for what shows elapsed seconds.

        Args:
            on: Something runs whose seconds are shown.
        """
        if on and not self._animated:
            self._wake.set()
        self._animated = on

    async def run(self) -> None:
        """Draws until cancelled."""
        tick = time.monotonic() + self._tick
        while True:
            await self._until_due(tick)
            if self._blocked():
                self.mark()
                await anyio.sleep(max(self._interval, _BLOCKED_CHECK))
                continue
            self._dirty = False
            self._wake = anyio.Event()
            self._redraw()
            tick = time.monotonic() + self._tick
            await anyio.sleep(self._interval)

    async def _until_due(self, tick: float) -> None:
        while not self._marked():
            if self._animated:
                left = tick - time.monotonic()
                if left <= 0:
                    return
                with anyio.move_on_after(left):
                    await self._wake.wait()
            else:
                await self._wake.wait()
                tick = time.monotonic() + self._tick
            if not self._marked():
                self._wake = anyio.Event()

    def _marked(self) -> bool:
        return self._dirty


class Wakes:
    """Marks the clock at times to come, for what a person sees go away by itself.

    Args:
        mark: called at each of them.
    """

    def __init__(self, mark: Callable[[], object]) -> None:
        self._mark = mark
        self._timers: dict[float, asyncio.TimerHandle] = {}

    def after(self, seconds: float) -> None:
        """Marks after so many seconds; what falls into the same tenth is one."""
        due = round(time.monotonic() + seconds, 1)
        if due not in self._timers:
            loop = asyncio.get_running_loop()
            self._timers[due] = loop.call_later(seconds + 0.01, self._wake, due)

    def cancel(self) -> None:
        """Marks no more."""
        for timer in self._timers.values():
            timer.cancel()

    def _wake(self, due: float) -> None:
        del self._timers[due]
        self._mark()
