"""The prompts that wait in a hosted session, and what a host can do with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qwen_dual.host.calls import text_in

if TYPE_CHECKING:
    from qwen_dual.host.commands import Commands
    from qwen_dual.host.records import Receipt
    from qwen_dual.host.tracker import Tracker


@dataclass(frozen=True, slots=True)
class QueuedPrompt:
    """A prompt that waits.

    Attributes:
        id: what ``Session.edit_queued`` and the like take: its command's id, else one of the program's;
            None for one from the keyboard of a program that gives it none.
        text: it, or its beginning.
        origin: whose words they are: ``keyboard``, ``input``, ``cli``, ``sdk`` or ``host:`` and a name.
        cut: there is more of the text.
        submitted_by: who submitted it, where somebody else has edited it since; empty else.
        steers: the id of the turn that it joins before the next model call; empty for none.
        editing: the person has it in the editor: it can neither run nor be changed.
        images: what stands for each of its images in the text.
        host: who sent its command; empty where it has none.
    """

    id: str | None
    text: str
    origin: str
    cut: bool = False
    submitted_by: str = ""
    steers: str = ""
    editing: bool = False
    images: tuple[str, ...] = ()
    host: str = ""

    @classmethod
    def all_in(cls, raw: object) -> tuple[QueuedPrompt, ...]:
        """Reads the ``prompts`` of a ``queue`` event, or the ``queue`` of a ``state``."""
        return tuple(
            cls._of(one) for one in (raw if isinstance(raw, list) else ()) if isinstance(one, dict)
        )

    @classmethod
    def _of(cls, one: dict[str, Any]) -> QueuedPrompt:
        content = one.get("content")
        images = content if isinstance(content, list) else []
        return cls(
            text_in(one, "id") or None,
            text_in(one, "text"),
            text_in(one, "origin"),
            one.get("cut") is True,
            text_in(one, "submitted_by"),
            text_in(one, "steers"),
            one.get("editing") is True,
            tuple(text_in(image, "title") for image in images if isinstance(image, dict)),
            text_in(one, "host"),
        )


class Queueing:
    """The part of ``Session`` that knows of what waits, and changes it.

    A prompt that has begun to run, and one that the person has in the editor, are nobody's to change:
    whoever comes too late is told so by ``CommandRejected``, with the code ``not_queued`` or
    ``being_edited``.
    """

    _commands: Commands
    _tracker: Tracker

    @property
    def queued(self) -> int:
        """How many prompts wait for their turn."""
        return self._tracker.turns.queued

    @property
    def queue(self) -> tuple[QueuedPrompt, ...]:
        """The first 40 of them, in order, with those that the person is editing."""
        return self._tracker.turns.queue

    async def cancel_queued(self, target: str) -> Receipt:
        """Takes a prompt out of the queue, whoever submitted it; ``Turn.cancel`` takes out one's own.

        Args:
            target: its id in ``queue``.

        Raises:
            CommandRejected: ``not_queued`` or ``being_edited``.
            NotSupported: the program cannot.
        """
        return await self._commands.command("cancel", {"target": target})

    async def edit_queued(self, target: str, text: str) -> Receipt:
        """Changes the words of a prompt that waits; its place and its images stay.

        Args:
            target: its id in ``queue``.
            text: all of its words, which are this host's from then on.

        Raises:
            CommandRejected: ``not_queued``, ``being_edited``, ``not_editable`` (a person's command for
                the shell, answers to a form) or ``empty``.
            NotSupported: the program cannot.
        """
        return await self._commands.command("edit_queued", {"target": target, "text": text})

    async def move_queued(self, target: str, position: int) -> Receipt:
        """Moves a prompt that waits; the receipt has the ``position`` that it came to.

        Args:
            target: its id in ``queue``.
            position: 1 for the next to run; the end where fewer wait.

        Raises:
            CommandRejected: ``not_queued``, ``being_edited`` or ``invalid``.
            NotSupported: the program cannot.
        """
        fields = {"target": target, "position": position}
        return await self._commands.command("move_queued", fields)
