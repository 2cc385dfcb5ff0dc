"""Shows a recorded terminal again, at its pace, with keys to stop, step and jump.

The screen of a moment is what all output up to it makes; so going back is playing from the start, at once.
What is decided (when what is shown, where a key leads) needs no terminal: ``out`` takes the text.
"""

from __future__ import annotations

import math
import time
from collections import deque
from typing import TYPE_CHECKING

import anyio

from qwen_dual.recording.cast_reader import size_of
from qwen_dual.recording.screening import Screening

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from qwen_dual.recording.cast_reader import CastEvent, CastReader

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
CLEAR = "\x1b[?1049l\x1b[r\x1b[?7h\x1b[0m\x1b[2J\x1b[H"
"""A screen like new; what the person's terminal had before stays above."""
LEAVE = "\x1b[?1049l\x1b[?7h\x1b[?25h\x1b[0m\r\n"


class Player:
    """One showing of a recording.

    Args:
        cast: the recording.
        out: takes what the terminal shall be told.
        speed: how many seconds of it pass in one; infinite for all at once.
        idle_limit: seconds that a pause lasts at the most; None for what the recording says.
        screened: whether ``out`` is a person's terminal, which may only be shown pictures.
        clock: seconds that pass.
        rest: waits for so many of them, or until the event is set.

    Attributes:
        position: seconds of the recording that have been shown.
        paused: whether it waits for the person.
        speed: how many seconds of the recording pass in one; infinite for all at once.
        label: the last marker that was passed.
        size: columns and rows of the recorded terminal at this moment.
    """

    def __init__(
        self,
        cast: CastReader,
        out: Callable[[str], Awaitable[None]],
        *,
        speed: float = 1.0,
        idle_limit: float | None = None,
        screened: bool = True,
        clock: Callable[[], float] = time.monotonic,
        rest: Callable[[float, anyio.Event], Awaitable[None]] | None = None,
    ) -> None:
        self.position = 0.0
        self.paused = False
        self.speed = speed
        self.label = ""
        self.size = (cast.header.columns, cast.header.rows)
        self._cast = cast
        self._out = out
        self._idle = cast.header.idle_limit if idle_limit is None else idle_limit
        self._screened = screened
        self._clock = clock
        self._rest = rest or _rest
        self._screening = Screening()
        self._events: Iterator[CastEvent] = iter(cast)
        self._next: CastEvent | None = next(self._events, None)
        self._changed = anyio.Event()
        self._shown_at = clock()
        self._prompts: list[float] = []
        self._asked: deque[Callable[[], Awaitable[object]]] = deque()

    async def run(self) -> None:
        """Shows it to its end; what is asked for meanwhile happens between two events.

        At the end of a recording that is paused it waits for what is asked next.
        """
        while True:
            self._changed = anyio.Event()
            if self._asked:
                await self._asked.popleft()()
            elif self._next is None and not self.paused:
                return
            elif (wait := self._wait()) > 0:
                await self._rest(wait, self._changed)
            else:
                await self._show_next()

    def ask(self, act: Callable[[], Awaitable[object]]) -> None:
        """Has something done next: one of what follows, or what its caller shows in between."""
        self._asked.append(act)
        self._changed.set()

    # -- what a person can ask for --------------------------------------------------------------

    async def pause(self, paused: bool | None = None) -> None:
        """Stops, or goes on; None for the other of both."""
        self.paused = not self.paused if paused is None else paused
        self._restart_clock()

    async def faster(self, steps: int) -> None:
        """Goes ``steps`` speeds up; down with a negative number."""
        near = min(range(len(SPEEDS)), key=lambda at: abs(SPEEDS[at] - self.speed))
        self.speed = SPEEDS[min(max(near + steps, 0), len(SPEEDS) - 1)]
        self._restart_clock()

    async def step(self) -> None:
        """Shows all up to the next event that is marked, and stops there."""
        await self._show_until(lambda event: event.code == "m")
        self.paused = True
        self._restart_clock()

    async def next_turn(self) -> None:
        """Goes on to the next prompt; to the end where there is none."""
        await self._show_until(_is_prompt)
        self._restart_clock()

    async def previous_turn(self) -> None:
        """Goes back to the prompt before the last one that was shown, or to the start."""
        earlier = self._prompts[:-1]
        await self.jump(earlier[-1] if earlier else 0.0)

    async def jump(self, seconds: float) -> None:
        """Goes to a moment, in either direction."""
        if seconds < self.position:
            self._events = iter(self._cast)
            self._next = next(self._events, None)
            self._screening = Screening()
            self._prompts.clear()
            self.position, self.label = 0.0, ""
            await self._out(CLEAR)
        while self._next is not None and self._next.seconds <= seconds:
            await self._show_next()
        self._restart_clock()

    async def redraw(self) -> None:
        """Shows the screen of this moment anew."""
        at, self.position = self.position, math.inf
        await self.jump(at)

    # -- showing --------------------------------------------------------------------------------

    def _wait(self) -> float:
        """Seconds until the next event is due; infinite while it is paused."""
        if self.paused or self._next is None:
            return math.inf
        return self._pause(self._next) - (self._clock() - self._shown_at)

    async def _show_until(self, wanted: Callable[[CastEvent], bool]) -> None:
        while self._next is not None:
            found = wanted(self._next)
            await self._show_next()
            if found:
                return

    async def _show_next(self) -> None:
        event = self._next
        assert event is not None
        self._next = next(self._events, None)
        # From when it was due, not from now: what each event is late would add up.
        due = self._shown_at + self._pause(event)
        self._shown_at = due if self._clock() - due < 1.0 else self._clock()
        self.position = event.seconds
        if event.code == "o":
            shown = self._screening.feed(event.data) if self._screened else event.data
            if shown:
                await self._out(shown)
        elif event.code == "m":
            self.label = event.data
            if _is_prompt(event):
                self._prompts.append(event.seconds)
        elif event.code == "r":
            self.size = size_of(event.data) or self.size

    def _pause(self, event: CastEvent) -> float:
        """Seconds between what was shown last and ``event``."""
        pause = event.seconds - self.position
        if self._idle is not None:
            pause = min(pause, self._idle)
        return 0.0 if math.isinf(self.speed) else pause / self.speed

    def _restart_clock(self) -> None:
        self._shown_at = self._clock()


async def _rest(seconds: float, changed: anyio.Event) -> None:
    with anyio.move_on_after(seconds):
        await changed.wait()


def _is_prompt(event: CastEvent) -> bool:
    return event.code == "m" and event.data.endswith("user")
