"""The conversation that the model is sent: its messages, and how many tokens they take.

A service tells the size of what it was sent; what was added since is estimated. Pure.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.long_json import LONG, holds_long

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from qwen_dual.core.conversation.point import Mark, Point
    from qwen_dual.core.models.model import TokenUsage
    from qwen_dual.protocol.shapes import ImageBlock, Message

BYTES_PER_TOKEN = 4
"""Of JSON: near enough for English and code, and for scripts of three bytes a character."""

IMAGE_TOKENS = 1600
"""Of an image: what the services count for one of a screen's size, whatever its bytes are."""

_SAMPLES, _SAMPLE = 64, 1024
"""Places all over a long text whose characters are counted, and how many at each: of megabytes all of
them take as long as a key may wait."""


def estimate(values: Iterable[Any]) -> int:
    """Roughly how many tokens ``values`` take."""
    return sum(map(size_of, values)) // BYTES_PER_TOKEN


def size_of(value: Any) -> int:
    """Bytes as JSON; of what is long, about."""
    if isinstance(value, str) and len(value) > LONG:
        return _long_size(value)
    if isinstance(value, dict):
        if value.get("type") == "image":
            return IMAGE_TOKENS * BYTES_PER_TOKEN
        content = value.get("content")
        if isinstance(content, list) and any(map(_may_hold_image, content)):
            return sum(map(size_of, content))
        long = [key for key, item in value.items() if holds_long(item)]
        rest = {key: item for key, item in value.items() if key not in long} if long else value
        return len(encode(rest)) + sum(size_of(value[key]) for key in long)
    if isinstance(value, list) and any(map(holds_long, value)):
        return sum(map(size_of, value))
    return len(encode(value))


def _long_size(text: str) -> int:
    apart = len(text) // _SAMPLES
    sample = "".join(text[at : at + _SAMPLE] for at in range(0, len(text), apart))
    return len(text) * len(encode(sample)) // len(sample)


def _may_hold_image(block: Any) -> bool:
    """Whether a block is an image, or a result with more than text."""
    return isinstance(block, dict) and (
        block.get("type") == "image" or isinstance(block.get("content"), list)
    )


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
        return self._epoch, len(self.messages), last, self.tokens

    def holds(self, mark: Mark | None) -> bool:
        """Whether ``mark`` is a place in the messages there are."""
        return mark is not None and mark[0] == self._epoch and mark[1] <= len(self.messages)

    def back_to(self, mark: Mark) -> None:
        """Drops what was added after ``mark``, which is a place in it."""
        _, messages, blocks, self.tokens = mark
        del self.messages[messages:]
        if self.messages and len(self.messages[-1]["content"]) > blocks:
            last = self.messages[-1]
            cut = {"role": last["role"], "content": last["content"][:blocks]}
            self.messages[-1] = cast("Message", cut)

    def copy(self) -> Conversation:
        """Another one, with the same messages."""
        other = Conversation()
        other.put_back(self)
        return other

    def put_back(self, kept: Conversation) -> None:
        """Becomes what ``copy`` gave; the places in that count again."""
        self.replace(kept.messages)
        self._epoch, self.tokens = kept._epoch, kept.tokens

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


class Points:
    """The prompts of one conversation as places to go back to, the oldest first.

    Args:
        conversation: where they stand in.
        now: seconds since the epoch.
    """

    def __init__(self, conversation: Conversation, now: Callable[[], float] = time.time) -> None:
        self._conversation = conversation
        self._now = now
        self._noted: list[tuple[str, str, float, Mark | None, str]] = []  # a ``Point`` each

    def __iter__(self) -> Iterator[Point]:
        from qwen_dual.core.conversation.point import Point  # for who goes back

        return iter([Point(*noted) for noted in self._noted])

    def __len__(self) -> int:
        return len(self._noted)

    def note(self, uuid: str, text: str, draft: str = "") -> None:
        """A prompt begins to run: it will stand where the conversation ends now."""
        draft = "" if draft == text else draft
        self._noted.append((uuid, text, self._now(), self._conversation.mark(), draft))

    @property
    def latest(self) -> str:
        """The uuid of the last one; empty before the first."""
        return self._noted[-1][0] if self._noted else ""

    def find(self, uuid: str) -> Point | None:
        """The prompt with this uuid."""
        return next((point for point in self if point.uuid == uuid), None)

    def cut(self, point: Point) -> None:
        """Drops ``point`` and all that came after it."""
        del self._noted[list(self).index(point) :]

    def replace(self, points: Iterable[Point]) -> None:
        """Takes others instead: of another conversation, or those that were cut."""
        self._noted[:] = [(one.uuid, one.text, one.at, one.mark, one.draft) for one in points]
