"""A turn that is to end: by its command, or by its key where the program has none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from qwen_dual.host.errors import HostError

if TYPE_CHECKING:
    from qwen_dual.host.feed import Feed
    from qwen_dual.host.session import Session
    from qwen_dual.host.tracker import Tracker
    from qwen_dual.host.turn import Turn

ESCAPE = b"\x1b"
LOOK = 0.02
SETTLE = 1.0
"""Seconds without an event after which a turn counts as stopped, where nothing says so."""


STOP_SECONDS = 5.0
"""How long a turn may take to stop."""


async def stop(session: Session, turn: Turn) -> None:
    """Makes sure that a turn does not go on; returns when it has ended, or the program has."""
    try:
        queued = session.supports("cancel") and await turn.cancel()
        if not queued and not turn.done:
            await session.interrupt()
        await turn.result(STOP_SECONDS)
    except HostError:
        return  # the program is gone, or does not stop: what was raised before says enough


async def press_escape(session: Session, feed: Feed, tracker: Tracker) -> None:
    """Types the key, and waits until the turn that runs has ended or nothing comes any more.

    Raises:
        SessionExited: the program is gone.
    """
    feed.turn_stopping()
    await session.write(ESCAPE)
    events, quiet_since = tracker.events, anyio.current_time()
    while session.state not in ("idle", "ended"):
        await anyio.sleep(LOOK)
        if events != tracker.events:
            events, quiet_since = tracker.events, anyio.current_time()
        elif anyio.current_time() - quiet_since >= SETTLE:
            feed.turn_stopped()
