"""The messages protocol for tests: a request's body, a service's events, an answer's deltas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.core.models.model import (
    TokenUsage,
)
from qwen_dual.models.anthropic import AnthropicTranslator
from tests.models.conversations import (
    asked,
    configured,
    read,
    said,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.core.models.model import ModelDelta, ModelRequest


HELLO = asked(("user", [said("hello")]))
CONFIG = configured("anthropic")

Event = tuple[str, dict[str, Any]]


def body(
    request: ModelRequest = HELLO, model: str = "", base_url: str = "", **generation: Any
) -> Mapping[str, Any]:
    config = configured("anthropic", model, base_url, **generation)
    return AnthropicTranslator().request(config, request).body


def event(kind: str, **fields: Any) -> Event:
    return kind, {"type": kind, **fields}


def start(**usage: int) -> Event:
    return event("message_start", message={"id": "msg_1", "role": "assistant", "usage": usage})


def opened(index: int, **block: Any) -> Event:
    return event("content_block_start", index=index, content_block=block)


def piece(index: int, kind: str, **delta: Any) -> Event:
    return event("content_block_delta", index=index, delta={"type": kind, **delta})


def closed(index: int) -> Event:
    return event("content_block_stop", index=index)


def ended(reason: str, usage: Mapping[str, int] | None = None, **delta: Any) -> list[Event]:
    return [
        event("message_delta", delta={"stop_reason": reason, **delta}, usage=usage or {}),
        event("message_stop"),
    ]


def spoken(text: str) -> list[Event]:
    return [opened(0, type="text", text=""), piece(0, "text_delta", text=text), closed(0)]


def answered(*events: Event) -> list[ModelDelta]:
    """The deltas of an answer, without the counts."""
    deltas = read(AnthropicTranslator().reader(CONFIG), events)
    return [delta for delta in deltas if not isinstance(delta, TokenUsage)]
