"""Where every event passes: first what is known from it, then whoever reads."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakSet

from qwen_dual.host.event import LOCAL, Event
from qwen_dual.host.subscription import Subscription
from qwen_dual.host.turns import DerivedTurns

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.host.tracker import Tracker


class Feed:
    """The events of one session.

    Args:
        tracker: is given each event before anybody sees it.
    """

    def __init__(self, tracker: Tracker) -> None:
        self.tracker = tracker
        self._readers: WeakSet[Subscription] = WeakSet()
        self._position = 0
        self._over = False

    def subscribe(self, max_buffer_bytes: int) -> Subscription:
        """A reader of what comes from now on, until it is closed or nobody has it any more."""
        reader = Subscription(max_buffer_bytes, self._readers.discard)
        if self._over:
            reader.end()
        else:
            self._readers.add(reader)
        return reader

    def take(self, event: Event) -> None:
        """Passes an event on."""
        self._position = event.end
        missing = self.tracker.feed(event)
        for reader in tuple(self._readers):
            if missing is not None:
                reader.put(missing)
            reader.put(event)
        if self.tracker.ended:
            self._end(None)

    def catching_up(self) -> bool:
        """A reader has much before it and is at it, so it is worth to let it run."""
        behind = [reader.catching_up() for reader in self._readers]  # each notes that it was asked
        return any(behind)

    def turn_stopping(self) -> None:
        """Notes that this host stops the turn, where the program will not say so."""
        if isinstance(self.tracker.turns, DerivedTurns):
            self.tracker.turns.interrupting()

    def turn_stopped(self) -> None:
        """Ends the turn of a program that does not say when one was interrupted."""
        turns = self.tracker.turns
        if isinstance(turns, DerivedTurns):
            note = self._turn_ended("interrupted")
            self.tracker.drop_requests()
            turns.interrupted(note)
            self.take(note)

    def assume_denied(self, request_id: str) -> None:
        """Resolves a request of a program that does not confirm a denial."""
        request = self.tracker.assume_denied(request_id)
        if request is not None:
            note = self._turn_ended("denied")
            self.tracker.turns.denied(request, note)
            if self.tracker.turns.state == "idle":
                self.take(note)

    def _turn_ended(self, stop_reason: str) -> Event:
        raw = {"type": LOCAL, "subtype": "turn_ended", "data": {"stop_reason": stop_reason}}
        return Event(raw, self._position, self._position)

    def finish(self, error: Callable[[], Exception], *, expected: bool) -> None:
        """The program is gone; a reader gets the error unless this host ended it."""
        self.tracker.finish(error)
        self._end(None if expected else error)

    def _end(self, error: Callable[[], Exception] | None) -> None:
        self._over = True
        for reader in tuple(self._readers):
            reader.end(error)
        self._readers.clear()
