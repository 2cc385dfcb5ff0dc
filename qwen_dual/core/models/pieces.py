"""Long deltas in pieces: a service may send megabytes in one, and keys wait for each. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.core.models.model import TextDelta, ThinkingDelta, ToolCallArguments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwen_dual.core.models.model import ModelDelta

MAX_PIECE = 16_384
"""Characters that are taken in one go: encoding and laying them out takes less than a millisecond."""


def is_long(delta: ModelDelta) -> bool:
    """Whether ``delta`` is to be taken in pieces."""
    if isinstance(delta, TextDelta | ThinkingDelta):
        return len(delta.text) > MAX_PIECE
    return isinstance(delta, ToolCallArguments) and len(delta.partial_json) > MAX_PIECE


def text_in(delta: ModelDelta) -> str:
    """What it adds to the block that is open."""
    if isinstance(delta, TextDelta | ThinkingDelta):
        return delta.text
    return delta.partial_json if isinstance(delta, ToolCallArguments) else ""


def pieces(delta: ModelDelta) -> Iterator[ModelDelta]:
    """What says the same as ``delta``, in order, each of at most ``MAX_PIECE`` characters."""
    if isinstance(delta, TextDelta):
        yield from (TextDelta(part) for part in _parts(delta.text))
    elif isinstance(delta, ThinkingDelta):
        yield from (ThinkingDelta(part) for part in _parts(delta.text))
        if delta.signature:
            yield ThinkingDelta("", delta.signature)
    elif isinstance(delta, ToolCallArguments):
        yield from (ToolCallArguments(part) for part in _parts(delta.partial_json))
    else:
        yield delta


def _parts(text: str) -> Iterator[str]:
    return (text[at : at + MAX_PIECE] for at in range(0, len(text), MAX_PIECE))
