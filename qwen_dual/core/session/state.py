"""The word for what the session is doing and what waits: the ``state`` and ``queue`` events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.protocol import events

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from qwen_dual.core.permissions.approvals import Approvals
    from qwen_dual.core.prompts.queue import PromptQueue
    from qwen_dual.protocol.events import Event


class StatePublisher:
    """Derives the state and publishes it when it, the turn or the queue's length changed.

    What the queue lists is published when that is another, since its length is not all of it.

    Args:
        approvals: while a request is pending the state is ``awaiting_approval``, whatever else
            goes on.
        queue: counted and listed in the event.
        publish: takes the event bodies.
    """

    def __init__(
        self, approvals: Approvals, queue: PromptQueue, publish: Callable[[Event], object]
    ) -> None:
        self.turn_id: str | None = None
        self._approvals = approvals
        self._queue = queue
        self._publish = publish
        self._working = "idle"
        self._published: tuple[str, str | None, int] | None = ("idle", None, 0)
        self._version = 0  # of the queue that was looked at last
        self._listed: list[dict[str, Any]] = []

    @property
    def word(self) -> str:
        """The state as the ``state`` event names it."""
        return "awaiting_approval" if self._approvals.pending else self._working

    def set(self, working: str) -> None:
        """Notes what the session does when it waits for nobody."""
        self._working = working
        self.publish()

    def begin(self, turn_id: str) -> None:
        """Goes on where ``begun`` left off: a turn has begun, and that was told."""
        self._working, self.turn_id = "thinking", turn_id
        self._published = ("thinking", turn_id, 0)

    def publish(self) -> None:
        """Publishes what changed."""
        now = (self.word, self.turn_id, len(self._queue))
        if now != self._published:
            self._published = now
            word, turn_id, queued = now
            self._publish(state_event(word, turn_id, queued, self._queue.listing()))
        if self._queue.version != self._version:
            self._version = self._queue.version
            listed = self._queue.listed()
            if listed != self._listed:
                self._listed = listed
                self._publish(events.system("queue", {"prompts": listed}))

    def now(self, command_id: str | None) -> list[Event]:
        """The state and what waits, for who asks: bodies of events; nothing of it counts as published."""
        state = state_event(self.word, self.turn_id, len(self._queue), self._queue.listing())
        state["data"]["command_id"] = command_id
        listed = self._queue.listed()
        return [state, *([events.system("queue", {"prompts": listed})] if listed else ())]


def state_event(
    word: str, turn_id: str | None, queued: int = 0, queue: Sequence[Mapping[str, Any]] = ()
) -> Event:
    """The body of a ``state`` event; ``queue`` lists the first of what waits."""
    data = {"state": word, "turn_id": turn_id, "queued": queued, "queue": [*queue]}
    return events.system("state", data)
