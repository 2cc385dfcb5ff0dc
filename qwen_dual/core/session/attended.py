"""The part of a session that has to do with the person before it: their draft, and what they look at first."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, cast

from qwen_dual.core.session.session_facts import SessionFacts
from qwen_dual.protocol import events

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.commands.draft_commands import SharedDraft
    from qwen_dual.core.conversation.conversation import Points
    from qwen_dual.core.prompts.draft import DraftEditor
    from qwen_dual.core.prompts.review import Review
    from qwen_dual.core.session.session import Session


class AttendedSession(SessionFacts):
    """The part of ``Session`` that a front end with a person before it, or without, tells of.

    Attributes:
        reviews_all: whether a person is to look at every prompt of a host before it runs.
    """

    reviews_all: Callable[[], bool] = staticmethod(lambda: False)
    points: Points
    _images_numbered = 0
    _editor: tuple[Callable[[], DraftEditor] | None] | None = None  # None until that is known

    @cached_property
    def draft(self) -> SharedDraft:
        """What is being typed, for channels; made when one asks for it."""
        from qwen_dual.core.commands.draft_commands import SharedDraft

        made = SharedDraft()
        if self._editor is not None:
            made.decide(None if self._editor[0] is None else self._editor[0]())
        return made

    @cached_property
    def review(self) -> Review:
        """The prompts that a person is to look at before they run; made for the first."""
        from qwen_dual.core.prompts.review import Review

        made = Review(cast("Session", self))
        if self._editor is not None:
            made.decide(attended=self._editor[0] is not None)
        return made

    @property
    def under_review(self) -> Review | None:
        """The same; None as long as there was none."""
        return self.__dict__.get("review")

    def is_held_from(self, command_id: str, actor: Actor) -> bool:
        """Whether ``actor`` proposed a prompt under this id that waits for a look."""
        review = self.under_review
        return review is not None and review.is_from(command_id, actor)

    def attended(self, editor: Callable[[], DraftEditor] | None) -> None:
        """Tells what gives where a person types, or that nobody is there."""
        self._editor = (editor,)
        if "draft" in self.__dict__:
            self.draft.decide(None if editor is None else editor())
        if self.under_review is not None:
            self.review.decide(attended=editor is not None)

    def number_image(self) -> int:
        """The number of one more image, as people see it: no other of this session has it."""
        from qwen_dual.protocol.attachments import highest_number, titles_in

        typed = highest_number(point.text for point in self.points)
        mentioned = highest_number(titles_in(self.history))
        self._images_numbered = max(self._images_numbered, typed, mentioned) + 1
        return self._images_numbered

    def unattended(self) -> None:
        """Nobody will look at anything any more: the session ends."""
        if "draft" in self.__dict__:
            self.draft.decide(None)
        if self.under_review is not None:
            self.review.end()

    def publish_ui(self, focus: str, *, draft_empty: bool) -> None:
        """Publishes ``ui``: what takes the person's keys (``draft_shapes.UiData``)."""
        self.bus.publish(events.system("ui", {"focus": focus, "draft_empty": draft_empty}))
