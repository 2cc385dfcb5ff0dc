"""What a reader that comes later has to be told of what went before: the start, and what waits.

Follows the events as they are written, and makes the lines that are for one reader alone. Such a line
has no place in the sequence: it carries the ``seq`` of the last event that it stands for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.events import stamp, system

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.protocol.events import Event

_FOLLOWED = {
    "model_changed": "model",
    "mode_changed": "approval_mode",
    "session_changed": "session_id",
}
"""Events that change what a later reader is greeted with, and the key they change."""

_NOW = frozenset(("state", "queue", "ui", "proposals"))
"""Events that say how something is, until the next of their kind."""


class Greeting:
    """The session as a newcomer has to know it.

    Args:
        resolved: called with the ``seq`` of a request that waits no more.

    Attributes:
        requests: those that wait, by their ids: the ``seq`` of each, and its line.
        latest: the same of the latest event of each kind that tells how something is now.
    """

    def __init__(self, resolved: Callable[[int], object]) -> None:
        self.requests: dict[str, tuple[int, bytes]] = {}
        self.latest: dict[str, tuple[int, bytes]] = {}
        self._resolved = resolved
        self._start: Event | None = None

    @property
    def begun(self) -> bool:
        """Whether there was a ``session_start``."""
        return self._start is not None

    def note(self, kind: str, event: Event, line: bytes) -> bool:
        """Takes in an event that is no ``stream_event``; whether its line must never be dropped."""
        if kind == "control_request":
            self.requests[event["request_id"]] = (event["seq"], line)
            return True
        if kind == "control_response":
            resolved = self.requests.pop(event["response"]["request_id"], None)
            if resolved is not None:
                self._resolved(resolved[0])
        elif kind == "system":
            if self._start is None:
                self._start = event
                return True
            if event["subtype"] in _NOW:
                self.latest[event["subtype"]] = event["seq"], line
            key = _FOLLOWED.get(event["subtype"])
            if key is not None and event["parent_tool_use_id"] is None:
                data = {**self._start["data"], key: event["data"]["to"]}
                self._start = {**self._start, "data": data}
        return False

    def start_line(self, last: int, **more: Any) -> bytes:
        """``session_start`` for a reader that has all events up to ``last``, or wants none of them."""
        assert self._start is not None
        data = {**self._start["data"], "resumed": True, "next_seq": last + 1, **more}
        return self.local_line(system("session_start", data), last)

    def gap_line(self, first: int, last: int) -> bytes:
        """What stands for the events from ``first`` to ``last``."""
        data = {"from_seq": first, "to_seq": last, "dropped": last - first + 1}
        return self.local_line(system("gap", data), last)

    def standing(self) -> list[tuple[int, bytes]]:
        """What a newcomer has to know as it is now: the state and its like, and what waits."""
        return [*self.latest.values(), *self.requests.values()]

    def local_line(self, body: Event, last: int) -> bytes:
        """A line for one reader alone, which has the events up to ``last``."""
        assert self._start is not None
        return encode(stamp(body, session_id=self._start["data"]["session_id"], seq=last))
