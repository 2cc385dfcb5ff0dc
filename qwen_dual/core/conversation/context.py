"""Keeps a conversation within the model's context window, and tells what that took.

When it is time, and what to do when the summary fails; how it is made is ``compaction``'s affair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.core.conversation.compaction import ROOM, THRESHOLD, fitted, summarise
from qwen_dual.core.conversation.conversation import estimate
from qwen_dual.core.models.metering import Meter
from qwen_dual.core.models.model import ModelError, TokenUsage
from qwen_dual.protocol import events
from qwen_dual.protocol.blocks import text_block

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.core.conversation.conversation import Conversation
    from qwen_dual.core.models.model import Model, ToolSpec
    from qwen_dual.protocol.events import Event
    from qwen_dual.protocol.shapes import Message

FULL = 0.95
"""The part of the window at which something must be left out, summary or not."""

GROWTH = 1.2
"""How much a conversation grows before it is summarised again where that did not make it small."""


class ContextKeeper:
    """Makes room in one conversation.

    Args:
        conversation: whose messages are replaced.
        publish: takes the event bodies.
        set_state: takes the words of the ``state`` event.

    Attributes:
        remind: gives what the model is to be reminded of now; nothing where empty.
        meter: counts what models take.
        lane: the call that the agent works for whose conversation it is; None for the main agent.
    """

    def __init__(
        self,
        conversation: Conversation,
        publish: Callable[[Event], object],
        set_state: Callable[[str], object],
    ) -> None:
        self.conversation = conversation
        self._publish = publish
        self._set_state = set_state
        self._next_at = 0.0
        self.remind: Callable[[], str] = str
        self.meter = Meter()
        self.lane: str | None = None

    def publish_usage(self, model: Model, usage: TokenUsage) -> None:
        """Tells what a call in this conversation took, where the service has told it."""
        if usage != TokenUsage():
            context = self.conversation.tokens, model.context_window
            self._publish(self.meter.count(model.name, usage, self.lane, context=context))

    def get_ready(self, model: Model) -> None:
        """Sees to what the next request, to ``model``, is to say, and to leave out."""
        self._check_images(model)
        if told := self.remind():
            self.conversation.add("user", [text_block(told)])

    def _check_images(self, model: Model) -> None:
        """Says which images of results cannot be shown; the oldest of all go where there are too many."""
        if self.conversation.images:
            from qwen_dual.core.models.images import old_images_out, titles_in_results, unseen

            if told := unseen(model, titles_in_results(self.conversation.messages[-1])):
                self._publish(events.notice(told, "warning"))
            self._take_out(*old_images_out(self.conversation.messages), "older than the latest")

    def drop_refused_images(self) -> bool:
        """Takes all images out, which a service would refuse again; whether there were any."""
        from qwen_dual.core.models.images import REFUSED, images_out

        messages, gone = images_out(self.conversation.messages, REFUSED)
        self._take_out(messages, gone, "not taken by the service")
        return gone > 0

    def _take_out(self, messages: Sequence[Message], gone: int, why: str) -> None:
        if gone:
            overhead = self.conversation.tokens - estimate(self.conversation.messages)
            self.conversation.replace(messages, overhead=max(0, overhead), aligned=True)
            what = "One image" if gone == 1 else f"{gone} images"
            told = f"{what}, {why}, will not be sent to the model any more: a line stands for each."
            self._publish(events.notice(told))

    def is_full(self, model: Model) -> bool:
        """Whether it is time to make room before ``model`` is asked again."""
        tokens = self.conversation.tokens
        return tokens >= max(model.context_window * THRESHOLD, self._next_at)

    async def compress(self, model: Model, system: str, tools: Sequence[ToolSpec]) -> str:
        """Summarises because a person asked for it; says what came of it.

        Raises:
            ModelError: the call failed; nothing has changed.
        """
        before = self.conversation.tokens
        await self.make_room(model, system, tools, trigger="manual")
        after = self.conversation.tokens
        if after == before:
            return "There is nothing to compress yet."
        return f"Compressed from about {before} to about {after} tokens."

    async def make_room(
        self,
        model: Model,
        system: str,
        tools: Sequence[ToolSpec] = (),
        *,
        trigger: str = "auto",
        must: bool = False,
    ) -> TokenUsage:
        """Summarises the older part of the conversation.

        Args:
            model: writes the summary; its window is what there is.
            system: the system prompt.
            tools: what the model is told of beside the conversation.
            trigger: ``auto``, or ``manual`` where a person asked for it.
            must: the service refused the conversation for its length, so that something has to go.

        Returns:
            The tokens that the summary took.

        Raises:
            ModelError: a person asked for it and the call failed; nothing has changed.
        """
        conversation = self.conversation
        before = conversation.tokens
        self._set_state("compacting")
        window = model.context_window
        usage, summary = TokenUsage(), ""
        overhead = estimate([system]) + estimate(
            {"name": tool.name, "about": tool.description, "takes": dict(tool.parameters)}
            for tool in tools
        )
        messages = None
        try:
            made = await summarise(
                model,
                conversation.messages,
                system,
                lambda wait: self._publish(events.system("model_retry", wait.fields())),
            )
        except ModelError as error:
            if trigger == "manual":
                raise
            text = f"The conversation could not be summarised ({error})"
            self._publish(events.notice(text, "warning"))
        else:
            if made is not None:
                usage = made.usage
                # A person who asks early may get more than there was.
                if trigger != "manual" or estimate(made.messages) + overhead < before:
                    messages, summary = made.messages, made.summary
        if messages is None and (must or before >= window * FULL):
            # The window may be smaller than it is believed to be.
            messages = await fitted(conversation.messages, int(min(window, before) * ROOM))
        if messages is not None and messages != conversation.messages:
            if conversation.images:  # of those that are kept, the latest alone are asked about
                from qwen_dual.core.models.images import COMPACTED, images_out

                messages = [*images_out(messages[:-1], COMPACTED)[0], *messages[-1:]]
            conversation.replace(messages, overhead=overhead)
            data = {
                "trigger": trigger,
                "tokens_before": before,
                "tokens_after": conversation.tokens,
                "summary": summary,
            }
            self._publish(events.system("compact_boundary", data))
        self._next_at = conversation.tokens * GROWTH
        self.publish_usage(model, usage)
        return usage
