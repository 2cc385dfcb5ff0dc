"""Of a stream of deltas, which is nearly all that a session sends: what tells anything of an answer's times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_LANES = 1000


class Chunks:
    """Counts the deltas of each agent's answer."""

    def __init__(self) -> None:
        self._counts: dict[str | None, int] = {}

    def count(self, event: Mapping[str, Any]) -> int:
        """What a ``stream_event`` tells.

        Returns:
            -1 for nothing. For an answer's beginning and its first delta 0, for its end how many there were.
        """
        inner = event.get("event")
        kind = inner.get("type") if isinstance(inner, dict) else None
        lane = event.get("parent_tool_use_id")
        if lane.__class__ is not str:
            lane = None
        if kind == "content_block_delta":
            count = self._counts.get(lane)
            if count is None:
                return -1
            self._counts[lane] = count + 1
            return -1 if count else 0
        if kind == "message_start":
            if len(self._counts) >= _LANES:
                del self._counts[next(iter(self._counts))]
            self._counts[lane] = 0
            return 0
        if kind == "message_stop":
            return self._counts.pop(lane, 0)
        return -1
