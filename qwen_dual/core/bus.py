"""Publishes each event once: stamps it, appends it, and hands out what waits, one after another.

An observer that publishes while it is called reorders nothing: what it says waits until every observer
has seen what it answers. One that raises is kept, dropped or ends the session, as it declared when it
subscribed; the person is told by a notice, and the log has the traceback.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from qwen_dual.core.secrets import Secrets
from qwen_dual.protocol.events import notice, stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.protocol.events import Event

    Observer = Callable[[Event], object]

OnError = Literal["keep", "drop", "end"]
"""What becomes of an observer that raises: it is called with the next event, it is called no more,
or the session ends."""

_BECOMES: dict[OnError, str] = {
    "keep": "goes on with the next event",
    "drop": "is told nothing more",
    "end": "cannot go on, so the session ends",
}


class Subscription(Struct, eq=False):
    """An observer, and what it declared: see ``Bus.subscribe``.

    Attributes:
        failures: how often it raised.
    """

    observer: Observer
    name: str
    on_error: OnError
    on_failure: Callable[[Exception], str | None] | None
    missed: bool
    streamed: bool
    failures: int = 0


class Bus:
    """Publishes under the id of one session, which never changes.

    ``successor`` publishes under another to the same observers: ``seq`` counts from 1 over all of
    them, in the order of publishing.

    Args:
        session_id: the id that the events carry.
        stream: what an earlier bus published to; a new one where there was none.

    Attributes:
        session_id: as given.
        secrets: what no event may hold. Deltas are not searched: they are the hot path, and a
            model never gets to know a key.
    """

    __slots__ = ("_session_id", "_stream", "secrets")

    def __init__(self, session_id: str, stream: Stream | None = None) -> None:
        self._session_id = session_id
        self._stream = Stream() if stream is None else stream
        self.secrets = self._stream.secrets

    @property
    def session_id(self) -> str:
        """The id that the events carry."""
        return self._session_id

    @property
    def seq(self) -> int:
        """The number of the latest event; 0 before the first."""
        return self._stream.seq

    @property
    def failure(self) -> str | None:
        """Why an observer ended the session; None where none did."""
        return self._stream.failure

    @property
    def behind(self) -> bool:
        """Whether an observer is still at what it was told: see ``subscribe``."""
        return any(is_behind() for is_behind in self._stream.behind)

    @property
    def unreported(self) -> list[str]:
        """Failures of observers at ``session_end``, of which no event can tell any more."""
        return self._stream.unreported

    def successor(self, session_id: str) -> Bus:
        """The bus of the session that takes this one's place before the same observers."""
        return Bus(session_id, self._stream)

    def publish(self, body: Event, agent: str | None = None) -> Event:
        """Stamps ``body`` and hands it to every observer; returns the stamped event.

        Called by an observer, it returns before the others have seen the event.

        Args:
            body: the event without its envelope.
            agent: the tool call that the agent who speaks works for; None for the main one.
        """
        stream = self._stream
        stream.seq = seq = stream.seq + 1
        if body["type"] == "stream_event":
            observers = stream.streamed
        else:
            observers = stream.observers
            body = self.secrets.scrub_all(body)
        event = stamp(body, session_id=self._session_id, seq=seq, agent=agent)
        if stream.busy:
            stream.waiting.append(event)
            return event
        # Every streamed delta comes this way: the usual case, in which nobody fails and nobody
        # answers, is written out here, with one `try` for all observers.
        stream.busy = True
        try:
            for observer in observers:
                observer(event)
        except Exception as error:  # noqa: BLE001 - logged there
            behind = observers.index(observer) + 1
            stream.failed(observer, error, event)
            stream.hand_out(event, observers, behind)
        finally:
            stream.busy = False
            if stream.waiting:
                stream.drain()
        return event

    def aside(self, body: Event) -> Event:
        """Stamps what one channel alone is told: no observer sees it, and ``seq`` does not move.

        It carries the number of the latest event, as whatever stands beside the sequence does.
        """
        told = self.secrets.scrub_all(body)
        return stamp(told, session_id=self._session_id, seq=self._stream.seq)

    def lane(self, agent: str) -> Callable[[Event], Event]:
        """``publish`` for the agent that works for the tool call ``agent``."""
        return lambda body: self.publish(body, agent)

    def end_with(self, end: Callable[[], object]) -> None:
        """Has ``end`` called when an observer that declared so fails: it asks the session to end."""
        self._stream.end = end

    # -- observers ---------------------------------------------------------------------------

    def subscribe(
        self,
        observer: Observer,
        *,
        name: str = "",
        on_error: OnError = "drop",
        on_failure: Callable[[Exception], str | None] | None = None,
        missed: bool = False,
        streamed: bool = True,
        behind: Callable[[], bool] | None = None,
    ) -> None:
        """Calls ``observer`` with every event that is published from now on, on the loop's thread.

        Subscribed by an observer, it gets none of those that are published by then and not handed
        out yet.

        Args:
            observer: must not block.
            name: for a person, at the beginning of a sentence; else what the code calls it.
            on_error: what becomes of it when it raises.
            on_failure: called with its first error; returns what the person is told in place of
                the bus's own words, or None where it tells by itself.
            missed: it gets what was kept first.
            streamed: whether it wants the ``stream_event``s, which are nearly all there are.
            behind: tells whether it is still at what it was told, since that is done in steps.

        Raises:
            ValueError: it is subscribed already.
        """
        name = name or getattr(observer, "__qualname__", type(observer).__name__)
        self._stream.add(Subscription(observer, name, on_error, on_failure, missed, streamed))
        if behind is not None:
            self._stream.behind.append(behind)

    def unsubscribe(self, observer: Observer) -> None:
        """Calls ``observer`` no more, not with what is being handed out either.

        Unknown ones are ignored.
        """
        self._stream.remove(observer)

    def keep(self) -> None:
        """Keeps events for a front end that is not there yet, until ``forget``; idempotent."""
        if self._stream.keeps:
            return
        self.subscribe(self._stream.kept.append, name="What waits for the screen")

    def forget(self) -> None:
        """Keeps no events any more."""
        self.unsubscribe(self._stream.kept.append)
        self._stream.kept.clear()


class Stream:
    """What one bus leaves to the next: the observers, the count, and what is not handed out yet.

    Attributes:
        seq: of the latest event.
        kept: for a front end that is not there yet.
        observers: in the order of subscribing. One that goes while an event is handed out leaves
            ``_Gone`` in its place, so that nobody behind it is skipped.
        streamed: those of them that want the ``stream_event``s.
        waiting: events to hand out, observers to take in, and None where ``_Gone`` is to go.
        busy: something is being handed out.
        failure: why an observer ended the session.
        unreported: failures of which no event can tell any more.
        behind: tell whether an observer is still at what it was told.
        end: asks the session to end.
    """

    def __init__(self) -> None:
        self.seq = 0
        self.secrets = Secrets()
        self.kept: list[Event] = []
        self.observers: list[Observer] = []
        self.streamed: list[Observer] = []
        self.waiting: deque[Event | Subscription | None] = deque()
        self.busy = False
        self.failure: str | None = None
        self.unreported: list[str] = []
        self.behind: list[Callable[[], bool]] = []
        self.end: Callable[[], object] = lambda: None
        self._subscriptions: list[Subscription] = []

    def add(self, subscription: Subscription) -> None:
        """Takes an observer in, behind what waits.

        Raises:
            ValueError: it is subscribed already.
        """
        if self._of(subscription.observer) is not None:
            raise ValueError(f"{subscription.name} is subscribed already")
        self._subscriptions.append(subscription)
        self.waiting.append(subscription)
        if not self.busy:
            self.drain()

    def remove(self, observer: Observer) -> None:
        """Lets an observer go, at once."""
        subscription = self._of(observer)
        if subscription is None:
            return
        self._subscriptions.remove(subscription)
        if subscription in self.waiting:
            self.waiting.remove(subscription)
            return
        for observers in (self.observers, self.streamed):
            if observer in observers:
                observers[observers.index(observer)] = _Gone(observer)
        self.waiting.append(None)
        if not self.busy:
            self.drain()

    def drain(self) -> None:
        """Hands out what waits, and what comes of it."""
        waiting = self.waiting
        self.busy = True
        try:
            while waiting:
                item = waiting.popleft()
                if item is None:
                    for observers in (self.observers, self.streamed):
                        observers[:] = [one for one in observers if not isinstance(one, _Gone)]
                elif isinstance(item, Subscription):
                    self._enter(item)
                else:
                    streamed = item["type"] == "stream_event"
                    self.hand_out(item, self.streamed if streamed else self.observers)
        finally:
            self.busy = False

    def hand_out(self, event: Event, observers: list[Observer], begin: int = 0) -> None:
        """Calls the observers from the place ``begin`` on; the list keeps its length meanwhile."""
        for place in range(begin, len(observers)):
            observer = observers[place]
            try:
                observer(event)
            except Exception as error:  # noqa: BLE001 - logged there
                self.failed(observer, error, event)

    def failed(self, observer: Observer, error: Exception, event: Event) -> None:
        """Does with an observer that raised ``error`` at ``event`` what it declared."""
        subscription = self._of(observer)
        if subscription is None:  # it has left on the way
            _log(error, "observer %r failed", observer)
            return
        subscription.failures = times = subscription.failures + 1
        if times & (times - 1) == 0:  # one that fails at every delta fills no log
            _log(error, "%s failed, %d times by now: %r", subscription.name, times, observer)
        if times > 1:
            return
        if subscription.on_error != "keep":
            self.remove(observer)
        text = _failure_notice(subscription, error)
        if text is not None:
            self._publish_failure(text, event)
        if subscription.on_error == "end":
            self.failure = text or f"{subscription.name}: {error}"
            self.end()

    @property
    def keeps(self) -> bool:
        """Whether events are kept."""
        return self._of(self.kept.append) is not None

    def _of(self, observer: Observer) -> Subscription | None:
        return next((one for one in self._subscriptions if one.observer == observer), None)

    def _enter(self, subscription: Subscription) -> None:
        observer = subscription.observer
        self.observers.append(observer)
        if subscription.streamed:
            self.streamed.append(observer)
        if subscription.missed:
            for event in tuple(self.kept):
                if self._of(observer) is not None:
                    self.hand_out(event, [observer])

    def _publish_failure(self, text: str, event: Event) -> None:
        """Publishes a notice under the id of the event that an observer failed at."""
        if event.get("subtype") == "session_end":
            self.unreported.append(text)
        else:
            Bus(event["session_id"], self).publish(notice(text, "error"))


class _Gone:
    """Stands where an observer was, and is found as it."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def __call__(self, event: Event) -> None:
        """Takes none."""

    def __eq__(self, other: object) -> bool:
        return other == self._observer

    __hash__ = None  # type: ignore[assignment]


def _failure_notice(subscription: Subscription, error: Exception) -> str | None:
    if subscription.on_failure is not None:
        try:
            return subscription.on_failure(error)
        except Exception as another:  # noqa: BLE001 - logged right here
            _log(another, "%s: what was to follow its failure failed", subscription.name)
    from qwen_dual.core.failures import describe  # only what fails needs it

    becomes = _BECOMES[subscription.on_error]
    return (
        f"{subscription.name} failed and {becomes}: {describe(error)}. "
        "The debug log has the details; /bug shows its end."
    )


def _log(error: Exception, message: str, *values: object) -> None:
    import logging  # takes a tenth of the time to the first event to import

    logging.getLogger(__name__).error(message, *values, exc_info=error)
