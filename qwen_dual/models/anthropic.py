"""Anthropic's messages protocol: a request out, a stream in. Pure.

Owns the body, the headers and the reading of events; ``anthropic_options`` knows the models, and
``remote`` the connection. What is meant to differ from the plainest request:

* Up to four cache breakpoints, which is all a request may have: the tools, the system prompt, and
  the last two user messages, of which the first is where the previous request ended. So each
  request of a tool loop finds all but its last step in the cache.
* Thinking, redacted or not, goes back as it was signed, to the model that signed it, and only
  within the tool loop it belongs to. There the service demands it; later it can do without, and
  newer models refuse thinking once anything before it has changed, the system prompt included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from qwen_dual.core.models.model import (
    Finished,
    TextDelta,
    ThinkingDelta,
    TokenUsage,
    ToolCallArguments,
    ToolCallStart,
)
from qwen_dual.models import endings
from qwen_dual.models.anthropic_options import options
from qwen_dual.models.conversation import normalise, turn_start
from qwen_dual.models.endpoint import has_path
from qwen_dual.models.signatures import Signed, seal, signer, unseal
from qwen_dual.models.translate import HttpRequest
from qwen_dual.models.untrusted import count, items, mapping, text
from qwen_dual.models.vision import as_seen
from qwen_dual.protocol.blocks import images_in, text_in
from qwen_dual.protocol.codec import encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from qwen_dual.core.models.model import ModelDelta, ModelRequest
    from qwen_dual.protocol.shapes import ImageBlock, Message
    from qwen_dual.settings.model_config import ModelConfig

VERSION = "2023-06-01"
"""The version of the protocol. Compatible servers know this one, and the next one, of 2026, has no
sampling for the older models."""

_CACHED = {"type": "ephemeral"}

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


class AnthropicTranslator:
    """Translates to and from the messages protocol."""

    def request(self, config: ModelConfig, request: ModelRequest) -> HttpRequest:
        """The call that asks ``request`` of the model ``config``, streaming."""
        who = signer(config)
        messages = normalise(
            as_seen(request.messages, config),
            keep_thinking=lambda block: bool(unseal(block["signature"], who)),
            thinking_since=turn_start(request.messages),
        )
        body: dict[str, Any] = {
            "model": config.id,
            **options(config, thinking_is_possible=not _loop_without_thinking(messages)),
            "messages": [_message(message, who) for message in messages],
            "stream": True,
        }
        if request.system.strip():
            body["system"] = [{"type": "text", "text": request.system}]
        if request.tools:
            body["tools"] = [
                {
                    "name": tool.name,
                    "description": tool.description,
                    "input_schema": dict(tool.parameters),
                }
                for tool in request.tools
            ]
        _mark_for_cache(body)
        path = "/messages" if has_path(config, "/v1") else "/v1/messages"
        return HttpRequest(path, _headers(config), body)

    def reader(self, config: ModelConfig) -> AnthropicReader:
        """A reader for one answer of the model ``config``."""
        return AnthropicReader(signer(config))


def _headers(config: ModelConfig) -> dict[str, str]:
    headers = {"anthropic-version": VERSION}
    if config.api_key:
        headers["x-api-key"] = config.api_key
        host = urlsplit(config.base_url).hostname or ""
        # Compatible servers want the one or the other; Anthropic's own wants just its key.
        if host != "anthropic.com" and not host.endswith(".anthropic.com"):
            headers["authorization"] = f"Bearer {config.api_key}"
    return headers


def _loop_without_thinking(messages: Sequence[Message]) -> bool:
    """Whether a tool loop is under way that began without thinking, as under another model.

    With a budget for thinking the service refuses to go on with such a loop.
    """
    if len(messages) < 2:
        return False
    asked, answered = messages[-2]["content"], messages[-1]["content"]
    return answered[0]["type"] == "tool_result" and asked[0]["type"] != "thinking"


def _message(message: Message, who: str) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    of_errors: list[ImageBlock] = []
    for block in message["content"]:
        if block["type"] == "thinking":
            content += _thinking(block["thinking"], unseal(block["signature"], who))
        elif block["type"] == "tool_result":
            told, failed = block["content"], block["is_error"]
            if failed and not isinstance(told, str):  # an error can be nothing but text
                of_errors += images_in(told)
                told = text_in(told)
            result = {
                "type": "tool_result",
                "tool_use_id": block["tool_use_id"],
                "content": told,
            }
            content.append({**result, "is_error": True} if failed else result)
        else:
            content.append(cast("dict[str, Any]", dict(block)))
    results = sum(block["type"] == "tool_result" for block in content)
    content[results:results] = [cast("dict[str, Any]", dict(image)) for image in of_errors]
    return {"role": message["role"], "content": content}


def _thinking(thoughts: str, signatures: Sequence[Signed]) -> Iterator[dict[str, Any]]:
    """The blocks that the service sent, of which the neutral one may hold several in a row."""
    start = 0
    for signed in signatures:
        if signed.kind == "redacted":
            yield {"type": "redacted_thinking", "data": signed.value}
        else:
            end = start + signed.length
            yield {"type": "thinking", "thinking": thoughts[start:end], "signature": signed.value}
            start = end


def _mark_for_cache(body: dict[str, Any]) -> None:
    ends: list[list[dict[str, Any]]] = [body.get("tools", []), body.get("system", [])]
    ends += [each["content"] for each in body["messages"] if each["role"] == "user"][-2:]
    for blocks in ends:
        if blocks:
            blocks[-1] = {**blocks[-1], "cache_control": _CACHED}


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
