"""Why a turn is stopped from outside, as its ``result`` says it."""

from __future__ import annotations

from msgspec import Struct


class Stop(Struct, frozen=True):
    """A reason to stop.

    Attributes:
        reason: the ``stop_reason``: ``interrupted``, ``budget`` at a bound, ``end_turn`` where nothing
            is left to do.
        message: what the ``error`` says; none where empty.
    """

    reason: str
    message: str = ""


INTERRUPTED = Stop("interrupted")
