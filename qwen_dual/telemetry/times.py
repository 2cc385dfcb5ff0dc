"""When events happened: as they say themselves, as somebody noted it, or as far as it can be told at all. Pure.

Events carry no times; a line is written when it happens. A file that is read later has nothing but its own time
and how long some of what it tells took, so its spans are laid out by that, and no durations are measured.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from qwen_dual.telemetry import fields

if TYPE_CHECKING:
    from collections.abc import Mapping

SECOND = 1_000_000_000
_STEP = 1000  # nanoseconds between two events of which no more is known than their order
_MILLISECONDS = 1e11  # seconds since the epoch are fewer until the year 5138


def stamped(event: Mapping[str, Any]) -> int | None:
    """The time that an event carries, in nanoseconds since the epoch; None for none.

    Qwen Code's and ours have none. Of others it is ``timestamp``: ISO 8601, or seconds or milliseconds.
    """
    told = event.get("timestamp")
    if isinstance(told, str):
        try:
            at = datetime.fromisoformat(told)
        except ValueError:
            return None
        return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * SECOND)
    seconds = fields.amount(told)
    if not seconds or seconds > 1e14:
        return None
    return round(seconds * SECOND / (1000 if seconds > _MILLISECONDS else 1))


def turn_seconds(event: Mapping[str, Any]) -> float:
    """How long a turn took, of its ``result``; 0 for other events and where it is not told."""
    return fields.count(event.get("duration_ms")) / 1000 if event.get("type") == "result" else 0.0


class Layout:
    """Gives events without times one, by their order and by what they say of how long something took.

    Args:
        end: when the last of them was written, in nanoseconds since the epoch.
        seconds: how long their turns took in all, as they say themselves.
    """

    def __init__(self, end: int, seconds: float) -> None:
        self._now = end - round(seconds * SECOND)
        self._turn = self._now

    def at(self, event: Mapping[str, Any]) -> int:
        """When an event may have happened; later than all before it."""
        self._now += _STEP
        kind = event.get("type")
        if kind == "user":
            told = fields.mapping(event.get("tool_use_result"))
            self._now += fields.count(told.get("duration_ms")) * 1_000_000
            if any(block.get("type") == "text" for block in fields.blocks(event)):
                self._turn = self._now
        elif kind == "result":
            self._now = max(self._now, self._turn + round(turn_seconds(event) * SECOND))
        return self._now
