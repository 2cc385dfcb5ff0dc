"""Prompts that wait: taken into the editor and put back, changed, moved, or taken out for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from qwen_dual.protocol import events
from qwen_dual.protocol.blocks import text_block

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.prompts.prompt import Prompt
    from qwen_dual.core.prompts.queue import PromptQueue
    from qwen_dual.protocol.content_shapes import PromptBlock
    from qwen_dual.protocol.events import Event

TOLD_CHARS = 500
"""Of a person's prompt that somebody else has taken out: enough to know it by."""


class CannotChange(Exception):
    """What somebody wanted to change in the queue stays as it is; the text says why.

    Attributes:
        code: ``not_queued``, ``being_edited``, ``not_editable`` or ``reviewed``.
    """

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


class QueueEditing:
    """What is done with prompts that wait.

    Args:
        queue: of the session.
        wake: called when there is something to run.
        changed: called when it is not as it was.
        receipt: gives a receipt, as ``Session.receipt`` does.
        publish: takes other event bodies.
    """

    def __init__(
        self,
        queue: PromptQueue,
        wake: Callable[[], object],
        changed: Callable[[], object],
        receipt: Callable[..., object],
        publish: Callable[[Event], object],
    ) -> None:
        self._queue = queue
        self._wake = wake
        self._changed = changed
        self._receipt = receipt
        self._publish = publish

    # -- by a person, in the editor --------------------------------------------------------

    def hold(self, beside: str | None = None, step: int = -1) -> Prompt | None:
        """Keeps a prompt from running while it is edited: see ``PromptQueue.hold``."""
        prompt = self._queue.hold(beside, step)
        if prompt is not None:
            self._changed()
        return prompt

    def release(self, prompt: Prompt) -> None:
        """Puts back what was held; where nothing runs by now, it runs at once."""
        self._queue.put_back(prompt)
        self._wake()
        self._changed()

    def let_go(self, prompt: Prompt) -> None:
        """What was held leaves the queue."""
        self._queue.let_go(prompt)
        self._changed()

    # -- by anybody, by its id -------------------------------------------------------------

    def _found(self, target: str, actor: Actor) -> Prompt:
        prompt = self._queue.find(target, actor)
        if prompt is None:
            raise CannotChange("not_queued", f"no queued prompt has the id {target!r}")
        if self._queue.is_held(prompt):
            raise CannotChange("being_edited", f"the person is editing the prompt {target!r}")
        return prompt

    def cancel(self, target: str, actor: Actor) -> None:
        """Takes a prompt out; whoever submitted it is told.

        Raises:
            CannotChange: it is not there, or in the editor.
        """
        prompt = self._found(target, actor)
        self._queue.remove(prompt)
        if prompt.command_id is not None:
            why = "it was taken out of the queue"
            self._receipt(prompt.command_id, "rejected", "cancelled", why, owner=prompt.owner)
        if prompt.owner.at_keyboard and not actor.at_keyboard:
            text = prompt.typed[:TOLD_CHARS]
            self._publish(events.notice(f"{actor} took this out of the queue: {text}"))
        self._changed()

    def edit(self, target: str, text: str, actor: Actor) -> None:
        """Changes the words of a prompt, which keeps its place and its images.

        They are ``actor``'s words from then on: whatever depends on who said them goes by that.

        Raises:
            CannotChange: it is not there, in the editor, or no prompt: what a person has the shell
                run nobody else words.
        """
        prompt = self._found(target, actor)
        if prompt.action != "prompt":
            raise CannotChange("not_editable", f"what waits as {target!r} is no prompt")
        if prompt.proposed is not None:
            why = f"a person has looked at the prompt {target!r}, and let it run as it is"
            raise CannotChange("reviewed", why)
        self._queue.replace(prompt, reworded(prompt, text, actor))
        self._changed()

    def move(self, target: str, position: int, actor: Actor) -> int:
        """Moves a prompt to a position, 1 for the next to run; returns where it is now.

        Raises:
            CannotChange: it is not there, or in the editor.
        """
        position = self._queue.move(self._found(target, actor), position)
        self._changed()
        return position

    # -- all of them -----------------------------------------------------------------------

    def empty(self, code: str, why: str) -> Sequence[Prompt]:
        """Takes all of them out; each with an id gets a receipt that it will not run, and why."""
        prompts = self._queue.drain()
        for prompt in prompts:
            if prompt.command_id is not None:
                self._receipt(prompt.command_id, "rejected", code, why, owner=prompt.owner)
        return prompts

    def end(self) -> Sequence[Prompt]:
        """Takes all of them out, since the session is over."""
        return self.empty("session_ended", "the session ended before it ran")

    def clear(self, *, give_back: bool) -> tuple[Sequence[Prompt], str]:
        """Takes all of them out after an interrupt.

        Args:
            give_back: those that a person submitted are given back to them, so nothing is told of these.

        Returns:
            Those that a person submitted, and what to tell of those that are gone; empty for nothing.
        """
        prompts = self.empty("interrupted", "the queue was emptied before it ran")
        own = [prompt for prompt in prompts if prompt.owner.at_keyboard]
        others = len(prompts) - len(own)
        gone = [(0 if give_back else len(own), "of yours"), (others, "that came from outside")]
        told = " and ".join(
            f"{'one prompt' if count == 1 else f'{count} prompts'} {whose}"
            for count, whose in gone
            if count
        )
        return own, f"{told[0].upper()}{told[1:]} will not run." if told else ""


def reworded(prompt: Prompt, text: str, actor: Actor) -> Prompt:
    """``prompt`` with other words, which are ``actor``'s; its images stay."""
    content: Sequence[PromptBlock] = ()
    own = text if prompt.own is not None else None
    if prompt.has_images:
        from qwen_dual.protocol.attachments import text_of, titled

        images = [block for block in prompt.content if block["type"] == "image"]
        content = titled([text_block(text), *images])
        text = text if own is None else text_of(content)
    submitter = None if prompt.owner == actor else prompt.owner
    return replace(
        prompt, text=text, own=own, content=tuple(content), actor=actor, submitter=submitter
    )
