"""A prompt that waits, taken out of the queue to be edited, and put back where it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.core.prompts import Prompt, PromptQueue


class QueueEditing:
    """What a person does with prompts of their own that wait.

    Args:
        queue: of the session.
        wake: called when there is something to run.
        tell: called when it has become shorter or longer.
    """

    def __init__(
        self, queue: PromptQueue, wake: Callable[[], object], tell: Callable[[], object]
    ) -> None:
        self._queue = queue
        self._wake = wake
        self._tell = tell

    def hold(self, place: int | None = None, step: int = -1) -> Prompt | None:
        """Takes a prompt out, which cannot run meanwhile: see ``PromptQueue.hold``."""
        prompt = self._queue.hold(place, step)
        if prompt is not None:
            self._tell()
        return prompt

    def release(self, prompt: Prompt) -> None:
        """Puts back what was held; where nothing runs by now, it runs at once."""
        self._queue.put_back(prompt)
        self._wake()
        self._tell()
