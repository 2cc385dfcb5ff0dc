"""Prompts that wait: taken out of the queue to be edited and put back, or taken out for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.protocol import events

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.core.prompts import Prompt, PromptQueue
    from qwen_dual.protocol.events import Event


class QueueEditing:
    """What is done with prompts that wait.

    Args:
        queue: of the session.
        wake: called when there is something to run.
        tell: called when it has become shorter or longer.
        publish: takes the event bodies (receipts).
    """

    def __init__(
        self,
        queue: PromptQueue,
        wake: Callable[[], object],
        tell: Callable[[], object],
        publish: Callable[[Event], object],
    ) -> None:
        self._queue = queue
        self._wake = wake
        self._tell = tell
        self._publish = publish

    def hold(self, place: int | None = None, step: int = -1) -> Prompt | None:
        """Takes a prompt out, which cannot run meanwhile: see ``PromptQueue.hold``."""
        prompt = self._queue.hold(place, step)
        if prompt is not None:
            self._tell()
        return prompt

    def empty(self, code: str, why: str) -> Sequence[Prompt]:
        """Takes all of them out; each with an id gets a receipt that it will not run, and why."""
        prompts = self._queue.drain()
        for prompt in prompts:
            if prompt.command_id is not None:
                self._publish(events.receipt(prompt.command_id, "rejected", code, why))
        return prompts

    def end(self) -> Sequence[Prompt]:
        """Takes all of them out, since the session is over."""
        return self.empty("session_ended", "the session ended before it ran")

    def clear(self) -> tuple[Sequence[Prompt], str]:
        """Takes all of them out after an interrupt.

        Returns:
            Those of the keyboard, and what to tell a person of the others; empty for nothing.
        """
        prompts = self.empty("interrupted", "the queue was emptied before it ran")
        own = [prompt for prompt in prompts if prompt.actor.at_keyboard]
        others = len(prompts) - len(own)
        waited = "One prompt" if others == 1 else f"{others} prompts"
        return own, f"{waited} that came from outside will not run." if others else ""

    def release(self, prompt: Prompt) -> None:
        """Puts back what was held; where nothing runs by now, it runs at once."""
        self._queue.put_back(prompt)
        self._wake()
        self._tell()
