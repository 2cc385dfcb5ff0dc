"""What one channel alone is told, beside the sequence that all share. Pure."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from qwen_dual.protocol.codec import encode

if TYPE_CHECKING:
    from qwen_dual.protocol.events import Event

ANSWERS = frozenset(
    (
        "command_receipt",
        "input_error",
        "notice",
        "completions",
        "models",
        "modes",
        "export",
        "sessions",
    )
)
"""Told each, in order, as whoever asked waits for it; of anything else only the latest counts."""

MAX_OWN_BYTES = 1 << 20
"""Of lines for one channel alone that may wait."""


class Aside:
    """What waits for one output. Where too much does, the oldest answers go: nobody reads them."""

    def __init__(self) -> None:
        self._answers: deque[bytes] = deque()
        self._bytes = 0
        self._latest: dict[str, Event] = {}

    def __bool__(self) -> bool:
        return bool(self._answers or self._latest)

    def add(self, event: Event) -> None:
        """Has an event told."""
        if event["subtype"] not in ANSWERS:
            self._latest[event["subtype"]] = event
            return
        line = encode(event)
        self._answers.append(line)
        self._bytes += len(line)
        while self._bytes > MAX_OWN_BYTES and len(self._answers) > 1:
            self._bytes -= len(self._answers.popleft())

    def take(self) -> list[bytes]:
        """The lines, which wait no longer."""
        lines = [*self._answers, *map(encode, self._latest.values())]
        self.clear()
        return lines

    def clear(self) -> None:
        """Nobody is there any more to be told."""
        self._answers.clear()
        self._bytes = 0
        self._latest.clear()
