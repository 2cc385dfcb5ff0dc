"""Publishes each event once: stamps it, then calls the observers in their order.

Observers are plain callables. One that raises is dropped and named in the log, so that a broken
observer can hurt neither the session nor the other observers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.core.secrets import Secrets
from qwen_dual.protocol.events import stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.protocol.events import Event

    Observer = Callable[[Event], None]


class Bus:
    """The one stream of a session; ``seq`` counts from 1 in the order of publishing.

    Attributes:
        secrets: what no event may hold. Deltas are not searched: they are the hot path, and a
            model never gets to know a key.
    """

    def __init__(self, session_id: str) -> None:
        self.session_id = session_id
        self.secrets = Secrets()
        self.seq = 0
        self._observers: list[Observer] = []
        self._kept: list[Event] = []

    def keep(self) -> None:
        """Keeps events for a front end that is not there yet, until ``forget``."""
        self.subscribe(self._kept.append)

    def forget(self) -> None:
        """Keeps no events any more."""
        self.unsubscribe(self._kept.append)
        self._kept.clear()

    def subscribe(self, observer: Observer, *, missed: bool = False) -> None:
        """Calls ``observer`` with every event from now on; with ``missed``, with those kept first."""
        if missed:
            for event in self._kept:
                observer(event)
        self._observers.append(observer)

    def unsubscribe(self, observer: Observer) -> None:
        """Stops calling ``observer``; unknown ones are ignored."""
        if observer in self._observers:
            self._observers.remove(observer)

    def publish(self, body: Event) -> Event:
        """Stamps ``body`` and hands it to every observer; returns the stamped event."""
        self.seq += 1
        if body["type"] != "stream_event":
            body = self.secrets.scrub_all(body)
        event = stamp(body, session_id=self.session_id, seq=self.seq)
        for observer in tuple(self._observers):
            try:
                observer(event)
            except Exception:
                import logging

                logging.getLogger(__name__).exception("observer %r failed and is dropped", observer)
                self.unsubscribe(observer)
        return event
