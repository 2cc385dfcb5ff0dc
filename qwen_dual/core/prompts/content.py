"""What the model is sent for a prompt: its words, its images, what it mentions, what hooks add."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from qwen_dual.core.failures import describe
from qwen_dual.core.turns.stopping import Stop
from qwen_dual.protocol import events
from qwen_dual.protocol.blocks import text_block

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from qwen_dual.core.prompts.attaching import Attached
    from qwen_dual.core.prompts.mentioned_images import MentionedImages
    from qwen_dual.core.prompts.prompt import Prompt
    from qwen_dual.core.session.session import Session
    from qwen_dual.core.turns.calls import CallRunner
    from qwen_dual.protocol.content_shapes import MentionedImage, SubmittedImage
    from qwen_dual.protocol.events import Event
    from qwen_dual.protocol.shapes import ContentBlock

log = logging.getLogger(__name__)


class PromptContent:
    """Finds it for the prompts of one session.

    Args:
        session: whose they are.
        calls: what reads images, with the leave that it takes.
        expand: gives the blocks for what a prompt mentions; nothing where None.
    """

    def __init__(
        self,
        session: Session,
        calls: CallRunner,
        expand: Callable[[str], Awaitable[Sequence[str | MentionedImage]]] | None,
    ) -> None:
        self._session = session
        self._calls = calls
        self._expand = expand

    def note_words(self, prompt: Prompt) -> None:
        """What it says counts from now on for who has to know what the person wants."""
        if words := (prompt.text if prompt.own is None else prompt.own).strip():
            self._session.modes.said.append(words)

    async def heard(self, prompt: Prompt) -> tuple[str, Stop | None, bool]:
        """What hooks say of a prompt.

        Returns:
            What they add; why the model is not sent it, None where it is; whether the turn ends with that.
        """
        if (hooks := self._session.hooks.current) is None:
            return "", None, False
        said = await hooks.before_prompt(prompt.text)
        if said.decision != "deny" and said.stop is None:
            return said.context, None, False
        who, why = said.stop or said.by, said.stop_reason or said.reason
        told = f"{who} did not let the prompt through: {why or 'no reason given'}"
        return "", Stop("denied", told), said.stop is not None

    def refuse(self, prompt: Prompt, why: str) -> None:
        """Tells that a prompt was not let through, and gives it back to who typed it."""
        self._session.notice(why, "error")
        if prompt.owner.at_keyboard and prompt.action == "prompt":
            self._session.give_back([prompt])  # to be mended, not typed again

    def said(self, prompt: Prompt) -> Sequence[ContentBlock]:
        """What is sent for a prompt without images."""
        blocks = [block for block in prompt.content if block["type"] == "text"]
        return blocks or [text_block(prompt.text)]

    async def attached(self, prompt: Prompt) -> Attached:
        """A prompt with its images, as far as they can be had."""
        from qwen_dual.core.prompts.attaching import Attaching

        return await Attaching(self._session, self._calls).attach(prompt)

    def warn_unseen(self, titles: Sequence[str]) -> None:
        """Says so where the model in force cannot be shown the images with these titles."""
        from qwen_dual.core.models.images import unseen

        if told := unseen(self._session.model, titles):
            self._session.notice(told, "warning")

    async def whole(
        self, prompt: Prompt, given: Sequence[ContentBlock], context: str
    ) -> tuple[list[ContentBlock], MentionedImages | None]:
        """All of it: what is ``given``, what the prompt mentions, what hooks add.

        Returns:
            The blocks, and the images that are mentioned, to be told of (``tell``).
        """
        own = prompt.text if prompt.own is None else prompt.own
        mentioned, images = await self._mentioned(own, given)
        content = [*given, *mentioned]
        if context:
            content.append(text_block(context))
        return content, images

    def publish_images(self, images: MentionedImages | None) -> None:
        """Tells of the images that a prompt mentions, once that has been told of itself."""
        if images is not None:
            images.publish(self._session)
            self.warn_unseen(images.titles)

    async def _mentioned(
        self, text: str, given: Sequence[ContentBlock]
    ) -> tuple[Sequence[ContentBlock], MentionedImages | None]:
        """What a prompt mentions, and the images of it; that it cannot be had ends no turn."""
        if self._expand is None:
            return (), None
        try:
            found = await self._expand(text)
            blocks = [text_block(each) for each in found if isinstance(each, str)]
            if len(blocks) == len(found):
                return blocks, None
            from qwen_dual.core.prompts.mentioned_images import attach

            return await attach(found, given, self._session)
        except Exception as error:
            log.exception("mentions failed")
            told = f"What the prompt mentions is not attached: {describe(error)}."
            self._session.notice(told, "warning")
            return (), None


def prompt_event(prompt: Prompt, images: Sequence[SubmittedImage] = (), **more: Any) -> Event:
    """How it is told that the model is asked ``prompt``; ``more`` are further fields."""
    if prompt.submitter is not None:
        more["submitted_by"] = str(prompt.submitter)
    who, known = str(prompt.actor), prompt.command_id
    body = events.user_text(prompt.typed, who, known, images, prompt.proposed)
    return {**body, **more}
