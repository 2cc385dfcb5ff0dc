"""How much of the processor this process gets, as Linux tells it; elsewhere it counts as enough."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import anyio

if TYPE_CHECKING:
    from collections.abc import Callable

LOOK_SECONDS = 0.05
"""Between two looks whether there was progress."""


class Share(NamedTuple):
    """Seconds for which the main thread ran, and waited to run, so far."""

    ran: float
    waited: float


def share() -> Share:
    """What the main thread has had so far."""
    try:
        with open("/proc/self/schedstat", "rb") as file:
            ran, waited, *_ = file.read().split()
        return Share(int(ran) / 1e9, int(waited) / 1e9)
    except (OSError, ValueError):
        return Share(0.0, 0.0)


async def go_first(
    busy: Callable[[], bool],
    progress: Callable[[], int],
    share: Callable[[], Share] = share,
    now: Callable[[], float] = time.monotonic,
) -> None:
    """Lets what is ``busy`` get on before something large, where the processor is not enough for both.

    Done at the same time both would be late; one after the other only the first is early. It takes no
    longer than the process has waited for the processor until now, and ends when nothing gets on.

    Args:
        busy: whether there is something to be done.
        progress: a number that changes as it is.
        share: tells what the process gets.
        now: a clock, in seconds.
    """
    ran, waited = share()
    last = now()
    end = last + waited if waited > ran else 0.0
    while busy() and now() < end:
        before = progress()
        await anyio.sleep(LOOK_SECONDS)
        if progress() != before:
            last = now()
        elif now() - last >= waited / 4:  # it waits for a model, a tool or a person
            return
