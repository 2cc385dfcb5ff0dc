"""Reads the answers of Gemini's generateContent: chunks to deltas. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.core.models.model import (
    Finished,
    TextDelta,
    ThinkingDelta,
    TokenUsage,
    ToolCallArguments,
    ToolCallStart,
)
from qwen_dual.models import endings
from qwen_dual.models.signatures import Signed, seal
from qwen_dual.models.untrusted import count, items, mapping, text
from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.events import new_uuid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from qwen_dual.core.models.model import ModelDelta

_WITHHELD = frozenset(
    {
        "SAFETY",
        "RECITATION",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "LANGUAGE",
        "MODEL_ARMOR",
        "ESCALATION",
        "PUP_LIMITED_DISABLED",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
    }
)
_MALFORMED = frozenset(
    {"MALFORMED_FUNCTION_CALL", "MALFORMED_RESPONSE", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS"}
)
_LENGTH = frozenset({"MAX_TOKENS", "CONTINUATION"})


class GeminiReader:
    """Reads one answer.

    Args:
        signer: who signs its calls.
    """

    def __init__(self, signer: str) -> None:
        self._signer = signer
        self._has_content = False
        self._has_usage = False
        self._reason = ""  # why it finished, or why nothing was begun
        self._said = ""  # the service's words on that
        self._blocked = False

    @property
    def complete(self) -> bool:
        """Whether the service has said that the answer is whole, and how much it was."""
        return self._blocked or (bool(self._reason) and self._has_usage)

    def feed(self, name: str, data: Mapping[str, Any]) -> Iterator[ModelDelta]:
        """What follows from one chunk.

        Raises:
            ModelError: the service reports a failure.
        """
        if "error" in data:
            raise endings.reported(data)
        candidate = next(iter(items(data, "candidates")), None)
        for part in items(mapping(candidate, "content"), "parts"):
            yield from self._part(part)
        usage = mapping(data, "usageMetadata")
        if usage:
            self._has_usage = True
            yield TokenUsage(
                count(usage, "promptTokenCount") + count(usage, "toolUsePromptTokenCount"),
                count(usage, "candidatesTokenCount") + count(usage, "thoughtsTokenCount"),
                count(usage, "cachedContentTokenCount"),
            )
        blocked = text(mapping(data, "promptFeedback"), "blockReason")
        if blocked:
            self._blocked = True
            self._reason = blocked
            self._said = text(mapping(data, "promptFeedback"), "blockReasonMessage")
        elif reason := text(candidate, "finishReason"):
            self._reason = reason
            self._said = text(candidate, "finishMessage")
            if reason in _LENGTH:
                yield Finished("length")

    def finish(self) -> Iterable[ModelDelta]:
        """Checks that the answer is one.

        Raises:
            ModelError: it broke off, is empty or malformed, or was withheld.
        """
        reason = self._reason
        told = f"{reason}: {self._said.rstrip('.')}" if self._said else reason
        if self._blocked or reason in _WITHHELD:
            raise endings.withheld(told)
        if not reason:
            raise endings.broken()
        if reason in _MALFORMED:
            raise endings.malformed(f"a tool call that it could not read itself ({told})")
        if reason == "MISSING_THOUGHT_SIGNATURE":
            raise endings.refused(told)
        if not self._has_content and reason not in _LENGTH:
            raise endings.empty(told)
        return ()

    def _part(self, part: object) -> Iterator[ModelDelta]:
        call = mapping(part, "functionCall")
        if name := text(call, "name"):
            self._has_content = True
            if signature := text(part, "thoughtSignature"):
                yield ThinkingDelta("", seal(self._signer, Signed("call", 0, signature)))
            yield ToolCallStart(text(call, "id") or f"call_{new_uuid().replace('-', '')}", name)
            yield ToolCallArguments(encode(mapping(call, "args")).decode().rstrip("\n"))
        elif piece := text(part, "text"):
            if isinstance(part, dict) and part.get("thought") is True:
                yield ThinkingDelta(piece)
            else:
                self._has_content = self._has_content or not piece.isspace()
                yield TextDelta(piece)
