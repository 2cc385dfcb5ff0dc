"""Gemini's protocol for tests: a request's body, a service's chunks, an answer's deltas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.core.models.model import (
    TokenUsage,
)
from qwen_dual.models.gemini import GeminiTranslator
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
CONFIG = configured("gemini")

USAGE = {"usageMetadata": {"promptTokenCount": 1}}


def body(
    request: ModelRequest = HELLO, model: str = "", base_url: str = "", **generation: Any
) -> Mapping[str, Any]:
    config = configured("gemini", model, base_url, **generation)
    return GeminiTranslator().request(config, request).body


def chunk(*parts: dict[str, Any], finish: str = "", **fields: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}}
    if finish:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], **USAGE, **fields}


def calling(name: str = "read_file", signature: str = "", **fields: Any) -> dict[str, Any]:
    part: dict[str, Any] = {"functionCall": {"name": name, **fields}}
    return {**part, "thoughtSignature": signature} if signature else part


def answered(*chunks: dict[str, Any]) -> list[ModelDelta]:
    """The deltas of an answer, without the counts."""
    deltas = read(GeminiTranslator().reader(CONFIG), [("message", each) for each in chunks])
    return [delta for delta in deltas if not isinstance(delta, TokenUsage)]
