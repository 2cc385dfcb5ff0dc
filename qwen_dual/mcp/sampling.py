"""What a server wants the session's model to answer: read, shown whole, and given back. Pure.

The server gets an answer and nothing of the conversation. Its wishes about which model to take, and about
the context, are not followed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from qwen_dual.protocol.blocks import image_block, image_line, is_image, text_block, why_unusable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.protocol.shapes import ContentBlock, Message

MAX_CHARS = 200_000
"""Of all texts together: a person is to read them."""

MAX_MESSAGES = 100

MAX_TOKENS = 16_000
"""An answer is cut at this, or at what the server asks for, at four characters a token."""

_SAID = {"user": "User", "assistant": "Assistant"}


class CannotSample(ValueError):
    """What a server asks for cannot be put to a model; the text says why."""


class Sampling(Struct, frozen=True):
    """One request.

    Attributes:
        system: the server's words for what the model is to be.
        messages: alternate, and end with the user's.
        text: all of it, as a person is shown it.
        max_chars: of the answer.
        stops: what ends it.
    """

    system: str
    messages: Sequence[Message]
    text: str
    max_chars: int
    stops: tuple[str, ...] = ()

    def cut(self, answer: str) -> tuple[str, str]:
        """As much of ``answer`` as was asked for, and why it ends there, in MCP's words."""
        ends = [at for stop in self.stops if (at := answer.find(stop)) >= 0]
        if ends and min(ends) <= self.max_chars:
            return answer[: min(ends)], "stopSequence"
        if len(answer) > self.max_chars:
            return answer[: self.max_chars], "maxTokens"
        return answer, "endTurn"

    def result(self, answer: str, model: str) -> dict[str, Any]:
        """The ``CreateMessageResult`` of an answer."""
        text, why = self.cut(answer)
        return {
            "role": "assistant",
            "content": {"type": "text", "text": text},
            "model": model,
            "stopReason": why,
        }


def sampling_of(params: Mapping[str, Any]) -> Sampling:
    """What ``sampling/createMessage`` asks for.

    Raises:
        CannotSample: it is nothing that a model could be asked.
    """
    given = params.get("messages")
    if not isinstance(given, list) or not given or len(given) > MAX_MESSAGES:
        raise CannotSample(f"it is to have 1 to {MAX_MESSAGES} messages")
    if params.get("tools"):
        raise CannotSample("it brings tools of its own, which are not offered here")
    system = params.get("systemPrompt")
    system = system if isinstance(system, str) else ""
    messages: list[Message] = []
    shown = [f"System:\n{system}"] if system else []
    for each in given:
        role, blocks = _message(each)
        shown.append(f"{_SAID[role]}:\n" + "\n".join(map(_as_text, blocks)))
        if messages and messages[-1]["role"] == role:
            messages[-1]["content"] += blocks
        else:
            messages.append({"role": role, "content": blocks})
    if messages[-1]["role"] != "user":
        raise CannotSample("its last message is to be the user's")
    text = "\n\n".join(shown)
    if len(text) > MAX_CHARS:
        raise CannotSample(f"it has {len(text):,} characters; {MAX_CHARS:,} at most are taken")
    stops = params.get("stopSequences")
    listed = stops if isinstance(stops, list) else []
    return Sampling(
        system,
        messages,
        text,
        4 * _tokens(params.get("maxTokens")),
        tuple(each for each in listed[:20] if isinstance(each, str) and each),
    )


def _message(given: Any) -> tuple[Any, list[ContentBlock]]:
    role = given.get("role") if isinstance(given, Mapping) else None
    if role not in _SAID:
        raise CannotSample("a message is to be the user's or the assistant's")
    content = given.get("content")
    return role, [_block(block) for block in (content if isinstance(content, list) else [content])]


def _block(given: Any) -> ContentBlock:
    kind = given.get("type") if isinstance(given, Mapping) else None
    if kind == "text" and isinstance(given.get("text"), str):
        return text_block(given["text"])
    if kind == "image":
        block = image_block(str(given.get("mimeType", "")), str(given.get("data", "")))
        if why := why_unusable(block):
            raise CannotSample(f"it has an image that is {why}")
        return block
    raise CannotSample("it has content that is neither text nor an image")


def _as_text(block: ContentBlock) -> str:
    return image_line(block) if is_image(block) else str(block.get("text", ""))


def _tokens(value: Any) -> int:
    whole = isinstance(value, int) and not isinstance(value, bool) and value > 0
    return min(value, MAX_TOKENS) if whole else MAX_TOKENS
