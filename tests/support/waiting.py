"""Waiting for what nothing announces: asked again and again until it is true, or a deadline is over.

The one place of the tests that sleeps.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 40.0
"""A test has 60; what takes this long does not come."""

PACE = 0.005
"""Seconds between two looks."""


def wait_until(
    true: Callable[[], object],
    what: str = "",
    seconds: float = SECONDS,
    meanwhile: Callable[[], object] = lambda: time.sleep(PACE),
) -> None:
    """Waits in a test that has no loop.

    Args:
        true: what is waited for.
        what: the same in words, for the failure.
        seconds: the deadline.
        meanwhile: takes the time between two looks, such as by reading a screen.

    Raises:
        AssertionError: it did not come true.
    """
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not in {seconds} s: {what or true}"
        meanwhile()


async def until(true: Callable[[], object], what: str = "", seconds: float = SECONDS) -> None:
    """Waits in a task, and lets others run.

    Raises:
        AssertionError: it did not come true.
    """
    deadline = anyio.current_time() + seconds
    while not true():
        assert anyio.current_time() < deadline, f"not in {seconds} s: {what or true}"
        await anyio.sleep(PACE)
