"""Prompts that join the turn that runs: taken in before its model is asked again, in their order.

A prompt waits in the queue until all that goes with it is there, and leaves it in the same step in
which it becomes a part of the conversation: whatever happens before, it is still in the queue, and
nothing can happen in between. One that was edited, moved or taken out meanwhile is looked at anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from qwen_dual.core.prompts.content import prompt_event

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.core.prompts.content import PromptContent
    from qwen_dual.core.prompts.prompt import Prompt
    from qwen_dual.core.prompts.queue import PromptQueue
    from qwen_dual.core.session.session import Session
    from qwen_dual.core.turns.stopping import Stop
    from qwen_dual.protocol.content_shapes import SubmittedImage
    from qwen_dual.protocol.shapes import ContentBlock

Joined = Literal["", "joined", "stop"]
"""Whether something joined a turn, or a hook ended that."""


class Steering:
    """What joins one turn.

    Args:
        turn_id: the turn.
        session: whose it is.
        queue: where the prompts wait.
        content: finds what the model is sent for them.
        changed: called when the queue has become shorter.

    Attributes:
        joined: the commands that have joined it.
        stopped: why the turn is to end, where a hook says so.
    """

    def __init__(
        self,
        turn_id: str,
        session: Session,
        queue: PromptQueue,
        content: PromptContent,
        changed: Callable[[], object],
    ) -> None:
        self.joined: list[tuple[str, str]] = []
        self.stopped: Stop | None = None
        self._turn_id = turn_id
        self._session = session
        self._queue = queue
        self._content = content
        self._changed = changed

    async def join(self) -> Joined:
        """Takes in what waits to join.

        Cancelled, it leaves the one that it was at in the queue.
        """
        joined: Joined = ""
        while (prompt := self._queue.steering(self._turn_id)) is not None:
            if await self._join(prompt):
                joined = "joined"
            if self.stopped is not None:
                return "stop"
        return joined

    async def _join(self, prompt: Prompt) -> bool:
        queue, session = self._queue, self._session
        if session.slash.invoked_by(prompt.text if prompt.own is None else prompt.own):
            # A command of several lines, which nobody knew to be one when it was submitted.
            queue.replace(prompt, replace(prompt, steers=None))
            return False
        context, refused, ends = await self._content.heard(prompt)
        if refused is not None:
            if queue.remove(prompt):
                self._refuse(prompt, refused.message, stop=refused if ends else None)
            return False
        told, given = prompt, self._content.said(prompt)
        images: Sequence[SubmittedImage] = ()
        if prompt.has_images:
            attached = await self._content.attached(prompt)
            told, images, given = attached.prompt, attached.images, attached.content
        blocks, mentioned = await self._content.whole(prompt, given, context)
        if not queue.remove(prompt):
            return False
        self._take_in(told, images, blocks)
        self._content.publish_images(mentioned)
        return True

    def _take_in(
        self, prompt: Prompt, images: Sequence[SubmittedImage], blocks: list[ContentBlock]
    ) -> None:
        session = self._session
        self._content.note_words(prompt)
        session.publish(prompt_event(prompt, images, steered=True, turn_id=self._turn_id))
        if prompt.content or len(blocks) > 1:
            session.on_content(blocks)
        session.conversation.add("user", blocks)
        if prompt.command_id is not None:
            self.joined.append((prompt.command_id, str(prompt.owner)))
        if images:
            self._content.warn_unseen([image["title"] for image in images])
        self._changed()

    def _refuse(self, prompt: Prompt, why: str, stop: Stop | None) -> None:
        self.stopped = stop
        if prompt.command_id is not None:
            self._session.receipt(prompt.command_id, "rejected", "denied", why, owner=prompt.owner)
        self._content.refuse(prompt, why)
        self._changed()
