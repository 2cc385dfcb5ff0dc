"""The conversation that the model is sent: its messages, and how many tokens they take.

A service tells the size of what it was sent; what was added since is estimated. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct

from qwen_dual.protocol.codec import encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qwen_dual.core.model import TokenUsage
    from qwen_dual.protocol.shapes import ImageBlock, Message

BYTES_PER_TOKEN = 4
"""Of JSON: near enough for English and code, and for scripts of three bytes a character."""

IMAGE_TOKENS = 1600
"""Of an image: what the services count for one of a screen's size, whatever its bytes are."""

LONG = 500_000
"""Characters of a text that is counted without being encoded as JSON, which takes seven times as
long: of megabytes, as long as a key may wait."""


def estimate(values: Iterable[Any]) -> int:
    """Roughly how many tokens ``values`` take."""
    return sum(map(size_of, values)) // BYTES_PER_TOKEN


def size_of(value: Any) -> int:
    """Bytes as JSON, but for the escapes in what is long."""
    if isinstance(value, str) and len(value) > LONG:
        return len(value.encode("utf-8", "replace"))
    if isinstance(value, dict):
        if value.get("type") == "image":
            return IMAGE_TOKENS * BYTES_PER_TOKEN
        content = value.get("content")
        if isinstance(content, list) and any(map(_may_hold_image, content)):
            return sum(map(size_of, content))
        long = [key for key, item in value.items() if isinstance(item, str) and len(item) > LONG]
        rest = {key: item for key, item in value.items() if key not in long} if long else value
        return len(encode(rest)) + sum(size_of(value[key]) for key in long)
    return len(encode(value))


def _may_hold_image(block: Any) -> bool:
    """Whether a block is an image, or a result with more than text."""
    return isinstance(block, dict) and (
        block.get("type") == "image" or isinstance(block.get("content"), list)
    )


class Mark(Struct, frozen=True):
    """A place in a conversation: how much of it there was, and what that took.

    Attributes:
        epoch: of the messages; a place in others means nothing.
        messages: how many there were.
        blocks: how many the last of them had: what follows may have become part of it.
        tokens: about how many all of it took.
    """

    epoch: int
    messages: int
    blocks: int
    tokens: int


class Kept(Struct, frozen=True):
    """A conversation as it was, to be put back."""

    epoch: int
    messages: tuple[Message, ...]
    tokens: int


class Conversation:
    """What was said so far.

    Attributes:
        messages: alternating, beginning with the user's.
        tokens: about how many the next request takes.
        images: whether there may be any among them.
        submitted: the images of the latest prompt that has any, by their hash.
    """

    def __init__(self, messages: Sequence[Message] = ()) -> None:
        self.messages: list[Message] = []
        self.tokens = 0
        self.images = False
        self.submitted: Mapping[str, ImageBlock] = {}
        self._epoch = self._epochs = 0
        self.replace(messages)

    def add(self, role: str, content: Sequence[Any]) -> None:
        """Appends; what follows a message of the same role becomes part of it."""
        self.tokens += estimate(content)
        self.images = self.images or any(map(_may_hold_image, content))
        last = self.messages[-1] if self.messages else None
        if last is not None and last["role"] == role:
            # A new list: a request that still refers to the old one must not change.
            merged = {"role": role, "content": [*last["content"], *content]}
            self.messages[-1] = cast("Message", merged)
        else:
            self.messages.append(cast("Message", {"role": role, "content": list(content)}))

    def measured(self, usage: TokenUsage) -> None:
        """Takes what the service said of the call that has just ended."""
        if usage.input_tokens:
            self.tokens = usage.input_tokens + usage.output_tokens

    def rewind(self, length: int) -> None:
        """Drops what was added after the first ``length`` messages."""
        if length < len(self.messages):
            self.tokens = max(0, self.tokens - estimate(self.messages[length:]))
            del self.messages[length:]

    def mark(self) -> Mark:
        """The place where it ends now."""
        last = len(self.messages[-1]["content"]) if self.messages else 0
        return Mark(self._epoch, len(self.messages), last, self.tokens)

    def holds(self, mark: Mark | None) -> bool:
        """Whether ``mark`` is a place in the messages there are."""
        return (
            mark is not None and mark.epoch == self._epoch and mark.messages <= len(self.messages)
        )

    def back_to(self, mark: Mark) -> None:
        """Drops what was added after ``mark``, which is a place in it."""
        del self.messages[mark.messages :]
        if self.messages and len(self.messages[-1]["content"]) > mark.blocks:
            last = self.messages[-1]
            cut = {"role": last["role"], "content": last["content"][: mark.blocks]}
            self.messages[-1] = cast("Message", cut)
        self.tokens = mark.tokens

    def keep(self) -> Kept:
        """All of it, as it is."""
        return Kept(self._epoch, tuple(self.messages), self.tokens)

    def put_back(self, kept: Kept) -> None:
        """Takes what ``keep`` gave; the places in it count again."""
        self.replace(kept.messages)
        self._epoch, self.tokens = kept.epoch, kept.tokens

    def replace(
        self, messages: Sequence[Message], *, overhead: int = 0, aligned: bool = False
    ) -> None:
        """Takes other messages instead.

        Args:
            messages: all of them.
            overhead: tokens of what is sent beside them: the system prompt and the tools.
            aligned: one stands for one of those before, so that places stay what they are.
        """
        if not aligned:
            self._epochs += 1
            self._epoch = self._epochs
        self.messages[:] = messages
        self.images = any(_may_hold_image(block) for one in messages for block in one["content"])
        self.tokens = estimate(messages) + overhead
