"""Anthropic's messages protocol: what a request looks like. Pure.

Owns the body and the headers; ``anthropic_options`` knows the models, ``anthropic_reader`` reads the
answers, and ``remote`` has the connection. What is meant to differ from the plainest request:

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

from qwen_dual.models.anthropic_options import options
from qwen_dual.models.anthropic_reader import AnthropicReader
from qwen_dual.models.conversation import normalise, turn_start
from qwen_dual.models.endpoint import has_path
from qwen_dual.models.signatures import Signed, signer, unseal
from qwen_dual.models.translate import HttpRequest
from qwen_dual.models.vision import as_seen
from qwen_dual.protocol.blocks import images_in, text_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qwen_dual.core.models.model import ModelRequest
    from qwen_dual.protocol.shapes import ImageBlock, Message
    from qwen_dual.settings.model_config import ModelConfig

VERSION = "2023-06-01"
"""The version of the protocol. Compatible servers know this one, and the next one, of 2026, has no
sampling for the older models."""

_CACHED = {"type": "ephemeral"}


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
