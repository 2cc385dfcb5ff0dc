"""The prompts of a conversation as places to go back to, by the uuid of the event that told of each."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from qwen_dual.core.conversation import Conversation, Mark


class Point(Struct, frozen=True):
    """One prompt.

    Attributes:
        uuid: of its ``user`` event.
        text: it, as that event has it.
        at: when it began to run, in seconds since the epoch; 0 where nobody told.
        mark: where in the conversation it stands; None for one of an earlier run of the program.
        draft: it as it was typed, where that is another text.
    """

    uuid: str
    text: str
    at: float = 0.0
    mark: Mark | None = None
    draft: str = ""


class Points:
    """The prompts of one conversation, the oldest first.

    Args:
        conversation: where they stand in.
        now: seconds since the epoch.
    """

    def __init__(self, conversation: Conversation, now: Callable[[], float] = time.time) -> None:
        self._conversation = conversation
        self._now = now
        self._points: list[Point] = []

    def __iter__(self) -> Iterator[Point]:
        return iter(self._points)

    def __len__(self) -> int:
        return len(self._points)

    def note(self, uuid: str, text: str, draft: str = "") -> None:
        """A prompt begins to run: it will stand where the conversation ends now."""
        mark = self._conversation.mark()
        draft = "" if draft == text else draft
        self._points.append(Point(uuid, text, self._now(), mark, draft))

    def find(self, uuid: str) -> Point | None:
        """The prompt with this uuid."""
        return next((point for point in self._points if point.uuid == uuid), None)

    def cut(self, point: Point) -> Sequence[Point]:
        """Drops ``point`` and all that came after it; returns them."""
        at = self._points.index(point)
        gone = self._points[at:]
        del self._points[at:]
        return gone

    def replace(self, points: Iterable[Point]) -> None:
        """Takes others instead: of another conversation, or those that were cut."""
        self._points[:] = points
