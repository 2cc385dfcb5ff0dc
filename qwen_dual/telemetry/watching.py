"""A session that is looked at from outside: its events, with their times, become signals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.telemetry.chunks import Chunks
from qwen_dual.telemetry.reducer import Reducer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qwen_dual.telemetry.signal_builder import SignalBuilder
    from qwen_dual.telemetry.signals import Signal


class Watched:
    """One stream of events, in which several sessions may follow each other.

    Args:
        builder: makes the signals of what ended.
        send: takes what is to be sent.

    Attributes:
        events: how many there were.
    """

    def __init__(self, builder: SignalBuilder, send: Callable[[list[Signal]], object]) -> None:
        self.events = 0
        self._builder = builder
        self._reducer = Reducer(builder)
        self._send = send
        self._chunks = Chunks()
        self._latest = 0

    def take(self, event: Mapping[str, Any], at: int, *, known: bool = True) -> None:
        """Takes an event.

        Args:
            event: as it came.
            at: when it happened, in nanoseconds since the epoch.
            known: whether that is more than a guess.
        """
        self.events += 1
        chunks = 0
        if event.get("type") == "stream_event":
            chunks = self._chunks.count(event)
            if chunks < 0:
                return
        self._latest = max(self._latest, at)
        self._builder.measures_times = known
        self._send(self._reducer.take(event, at, chunks))

    def finish(self) -> None:
        """Tells of what had not ended with the last event."""
        self._send(self._reducer.finish(self._latest))
