"""What a session is doing, in the few words that a terminal knows: events in, changes out. Pure.

The words are those of the Program Status Protocol (OSC 7501). They say less than ``state`` events do, and
one thing more: whether the last turn came to a good end.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.protocol.events import Event
    from qwen_dual.protocol.osc import BlockedKind, ProgramState

MAX_UNREPORTED = 64
"""Changes that are kept for a terminal that does not read; of more the oldest go."""


class Status(Struct, frozen=True):
    """What is told: ``kind`` says what it waits for, where the state is ``blocked``."""

    state: ProgramState
    kind: BlockedKind | None = None


IDLE, WORKING = Status("idle"), Status("working")


class StatusFollower:
    """An observer of the bus that keeps what is to be told, in order.

    Args:
        now: a monotonic clock in seconds.

    Attributes:
        latest: what the session is doing.
        turn_seconds: how long the turn took that ended last, and was not interrupted, until ``take``.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.latest = IDLE
        self.turn_seconds = 0.0
        self._now = now
        self._began = 0.0
        self._unreported: list[Status] = []
        self._reported = IDLE
        self._word = "idle"
        self._worked = False  # something that a result will end
        self._waits: dict[str, BlockedKind] = {}  # requests, in the order of asking
        self._proposed = False  # prompts that the person looks at before they run
        self._rest = IDLE  # what is said where nothing works or waits

    def __call__(self, event: Event) -> None:
        """Takes one event."""
        kind = event["type"]
        if kind == "control_request":
            self._waits[event["request_id"]] = kind_of(event["request"])
            self._report_waiting()
        elif kind == "control_response":
            self._waits.pop(event["response"]["request_id"], None)
            self._report_waiting()
        elif event.get("parent_tool_use_id") is not None:
            return
        elif kind == "system" and event["subtype"] == "state":
            self._follow_state(event["data"]["state"])
        elif kind == "system" and event["subtype"] == "proposals":
            self._proposed = bool(event["data"]["proposals"])
            if self._word == "idle" and not self._waits:
                self._change_to_rest(self._rest)
        elif kind == "result":
            self._end(failed=event["is_error"], stopped=event["stop_reason"] == "interrupted")

    def take(self) -> list[Status]:
        """The changes since the last time, the oldest first."""
        unreported, self._unreported = self._unreported, []
        self._reported, self.turn_seconds = self.latest, 0.0
        return unreported

    def _follow_state(self, word: str) -> None:
        self._word = word
        if word == "idle":
            # A turn that is over is more than idle, until the next one begins.
            if self.latest.state in ("working", "blocked"):
                self._change_to_rest(IDLE)
        elif word != "awaiting_approval":  # the request says what for
            if not self._worked:
                self._worked, self._began = True, self._now()
            self._change(WORKING)

    def _report_waiting(self) -> None:
        if self._waits:
            self._change(Status("blocked", next(iter(self._waits.values()))))

    def _end(self, *, failed: bool, stopped: bool) -> None:
        """A turn has ended, or a command that worked: the state before said ``idle`` already."""
        if not self._worked or self._word != "idle":
            return
        self._worked = False
        if stopped:
            return
        self.turn_seconds = self._now() - self._began
        if self._unreported and self._unreported[-1] == IDLE:
            self._unreported.pop()
        self._change_to_rest(Status("error" if failed else "done"))

    def _change_to_rest(self, rest: Status) -> None:
        self._rest = rest
        self._change(Status("blocked", "permission") if self._proposed else rest)

    def _change(self, status: Status) -> None:
        self.latest = status
        if status != (self._unreported[-1] if self._unreported else self._reported):
            self._unreported.append(status)
            del self._unreported[:-MAX_UNREPORTED]


def kind_of(request: Event) -> BlockedKind:
    """What a request waits for: leave, an answer, or that somebody signs in.

    Args:
        request: of a ``control_request``.
    """
    preview = request.get("preview") or {}
    if preview.get("kind") == "questions":
        return "question"
    signs_in = request["tool_name"].endswith("__elicitation") and "url" in request["input"]
    return "auth" if signs_in else "permission"
