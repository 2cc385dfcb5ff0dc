"""Reads the answers of Anthropic's messages protocol: events to deltas. Pure."""

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

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from qwen_dual.core.models.model import ModelDelta

_STATUS_OF_ERROR = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 408,
    "overloaded_error": 529,
}
"""What the service would have answered, had it failed before the stream began."""


class AnthropicReader:
    """Reads one answer.

    Args:
        signer: who signs its thinking.
    """

    def __init__(self, signer: str) -> None:
        self._signer = signer
        self._tokens = {
            "input_tokens": 0,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": 0,
        }
        self._has_content = False
        self._stop_reason = ""
        self._refusal = ""
        self._stopped = False
        self._index: object = None  # of the block that is open
        self._kind = ""  # likewise
        self._input: Mapping[str, Any] = {}  # arguments that came with the start of a call
        self._thought = 0  # characters of the thinking that is open
        self._signature = ""

    @property
    def complete(self) -> bool:
        """Whether the service has said that the answer is whole."""
        return self._stopped

    def feed(self, name: str, data: Mapping[str, Any]) -> Iterator[ModelDelta]:
        """What follows from one event.

        Raises:
            ModelError: the service reports a failure, or the pieces of a call do not fit.
        """
        kind = text(data, "type") or name
        if kind == "content_block_delta":
            yield from self._delta(data)
        elif kind == "content_block_start":
            yield from self._close_block()
            yield from self._open_block(data)
        elif kind == "content_block_stop":
            yield from self._close_block()
        elif kind == "message_start":
            yield self._count(mapping(mapping(data, "message"), "usage"))
        elif kind == "message_delta":
            yield from self._close_block()
            yield self._count(mapping(data, "usage"))
            yield from self._stop(mapping(data, "delta"))
        elif kind == "message_stop":
            self._stopped = True
        elif text(data, "type") == "message":  # whole, from a server that does not stream
            yield self._count(mapping(data, "usage"))
            yield from self._text(text(data, "content"))  # some send bare text
            for block in items(data, "content"):
                yield from self._open_block({"content_block": block})
                yield from self._close_block()
            yield from self._stop(data)
            self._stopped = True
        elif kind == "error":
            name = text(mapping(data, "error"), "type")
            raise endings.reported(data, _STATUS_OF_ERROR.get(name, 0))

    def finish(self) -> Iterable[ModelDelta]:
        """Checks that the answer is one.

        Raises:
            ModelError: it broke off, is empty, or the service declined.
        """
        if self._stop_reason == "refusal":
            raise endings.withheld(self._refusal)
        if not self._stopped and not self._stop_reason:
            raise endings.broken()
        if not self._has_content and self._stop_reason == "model_context_window_exceeded":
            raise endings.window_full()
        if not self._has_content and self._stop_reason != "max_tokens":
            raise endings.empty()
        return ()

    def _open_block(self, data: Mapping[str, Any]) -> Iterator[ModelDelta]:
        block = mapping(data, "content_block")
        self._index = data.get("index")
        self._kind = text(block, "type")
        if self._kind == "tool_use":
            self._has_content = True
            self._input = mapping(block, "input")
            yield ToolCallStart(text(block, "id"), text(block, "name"))
        elif self._kind == "text":
            yield from self._text(text(block, "text"))
        elif self._kind == "thinking":
            self._signature = text(block, "signature")
            yield from self._thinking(text(block, "thinking"))
        elif self._kind == "redacted_thinking":
            self._signature = text(block, "data")

    def _delta(self, data: Mapping[str, Any]) -> Iterator[ModelDelta]:
        delta = mapping(data, "delta")
        kind = text(delta, "type")
        if kind == "text_delta":
            yield from self._text(text(delta, "text"))
        elif kind == "input_json_delta":
            if self._kind != "tool_use" or data.get("index") != self._index:
                raise endings.malformed("arguments that belong to no open tool call")
            if piece := text(delta, "partial_json"):
                self._input = {}
                yield ToolCallArguments(piece)
        elif kind == "thinking_delta":
            yield from self._thinking(text(delta, "thinking"))
        elif kind == "signature_delta":
            self._signature += text(delta, "signature")

    def _text(self, piece: str) -> Iterator[ModelDelta]:
        if piece:
            self._has_content = self._has_content or not piece.isspace()
            yield TextDelta(piece)

    def _thinking(self, piece: str) -> Iterator[ModelDelta]:
        if piece:
            self._thought += len(piece)
            yield ThinkingDelta(piece)

    def _close_block(self) -> Iterator[ModelDelta]:
        """Says what is known only at the end of a block; servers may leave out the end itself."""
        if self._kind == "tool_use" and self._input:
            yield ToolCallArguments(encode(dict(self._input)).decode().rstrip("\n"))
        elif self._signature:
            kind = "redacted" if self._kind == "redacted_thinking" else "thinking"
            signed = Signed(kind, self._thought, self._signature)
            yield ThinkingDelta("", seal(self._signer, signed))
        self._kind = ""
        self._input = {}
        self._thought = 0
        self._signature = ""

    def _count(self, usage: Mapping[str, Any]) -> TokenUsage:
        for key in self._tokens:
            # Totals so far; what a later event leaves out, or sends as 0, has not changed.
            self._tokens[key] = count(usage, key) or self._tokens[key]
        cached = self._tokens["cache_read_input_tokens"]
        return TokenUsage(
            self._tokens["input_tokens"] + self._tokens["cache_creation_input_tokens"] + cached,
            self._tokens["output_tokens"],
            cached,
        )

    def _stop(self, delta: Mapping[str, Any]) -> Iterator[ModelDelta]:
        reason = text(delta, "stop_reason")
        if not reason:
            return
        self._stop_reason = reason
        if reason == "refusal":
            details = mapping(delta, "stop_details")
            said = text(details, "explanation") or text(details, "category")
            self._refusal = said.rstrip(".")
        elif reason == "max_tokens" or (
            reason == "model_context_window_exceeded" and self._has_content
        ):
            yield Finished("length")
