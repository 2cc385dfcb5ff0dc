"""When the window's size may be another than the program was told.

tmux wraps its lines anew at once, but tells a program of it at most four times a second, which spares
those that redraw slowly. What is drawn in between is drawn into a window of another width than was
thought: the rows to erase stand elsewhere, and a line of the conversation is lost or a row repeated.
It always tells of a change that comes later than that at once, so whoever waits that long after
each knows the width again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from prompt_toolkit.data_structures import Size

UNTOLD = 0.25
"""Seconds after it has told of a size for which tmux tells of no other."""

SETTLED = UNTOLD + 0.05
"""Seconds after the last change from which on it is drawn again; what tmux tells takes its way, too."""


class Settling:
    """The time after a change of the size for which there may be another one that is not told.

    All methods belong on the event loop's thread, with the loop running.

    Args:
        size: of the window, as the kernel knows it.
        settled: called at the end of each such time.
    """

    def __init__(self, size: Callable[[], Size], settled: Callable[[], object]) -> None:
        self._size = size
        self._settled = settled
        self._known: Size | None = None
        self._timer: asyncio.TimerHandle | None = None

    def changed(self) -> None:
        """Says that the size has changed, maybe more than once and back: the time starts anew."""
        self._known = self._size()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(SETTLED, self._end)

    def under_way(self) -> bool:
        """Whether it is that time. Looks at the size too, whose signal may be still to come."""
        size = self._size()
        if self._known is None:
            self._known = size
        elif size != self._known:
            self.changed()
        return self._timer is not None

    def stop(self) -> None:
        """Ends that time, if it is, and calls nobody."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self) -> None:
        self._timer = None
        self._settled()
