"""OpenAI's chat completions, as many services speak them: what a request looks like. Pure.

Owns the body and the headers; ``openai_options`` knows the services, ``openai_reader`` reads the
answers, and ``remote`` has the connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.models.conversation import normalise
from qwen_dual.models.endpoint import has_path
from qwen_dual.models.openai_options import kept_reasoning, options
from qwen_dual.models.openai_reader import OpenAIReader
from qwen_dual.models.translate import HttpRequest
from qwen_dual.models.vision import as_seen
from qwen_dual.protocol.blocks import images_in, text_in
from qwen_dual.protocol.long_json import encode_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qwen_dual.core.models.model import ModelRequest
    from qwen_dual.models.openai_options import Kept
    from qwen_dual.protocol.shapes import ContentBlock, ImageBlock, Message
    from qwen_dual.settings.model_config import ModelConfig

_PATH = "/chat/completions"

OF_CALL = "From the result of the tool call {}:"
"""Before images, which are sent apart from the result that they belong to."""


class OpenAITranslator:
    """Translates to and from chat completions."""

    def request(self, config: ModelConfig, request: ModelRequest) -> HttpRequest:
        """The call that asks ``request`` of the model ``config``, streaming."""
        body: dict[str, Any] = {
            "model": config.id,
            "messages": _messages(request, config),
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if request.tools:
            body["tools"] = [
                {
                    "type": "function",
                    "function": {
                        "name": tool.name,
                        "description": tool.description,
                        "parameters": dict(tool.parameters),
                    },
                }
                for tool in request.tools
            ]
        body.update(options(config))
        headers = {"Authorization": f"Bearer {config.api_key}"} if config.api_key else {}
        path = "" if has_path(config, _PATH) else _PATH
        return HttpRequest(path, headers, body)

    def reader(self, config: ModelConfig) -> OpenAIReader:
        """A reader for one answer; who answers makes no difference."""
        return OpenAIReader()


def _messages(request: ModelRequest, config: ModelConfig) -> list[dict[str, Any]]:
    kept = kept_reasoning(config)
    asked = as_seen(request.messages, config)
    messages = normalise(asked, keep_thinking=lambda block: kept != "none")
    found: list[dict[str, Any]] = []
    if request.system.strip():
        found.append({"role": "system", "content": request.system})
    loop = 0 if kept == "all" else _loop_start(messages)
    for index, message in enumerate(messages):
        if message["role"] == "user":
            found += _user(message["content"])
        else:
            found.append(_assistant(message["content"], kept if index >= loop else "none"))
    return found


def _loop_start(messages: Sequence[Message]) -> int:
    """Where the current tool loop begins: at the last message with words of the person's."""
    for index in range(len(messages) - 1, -1, -1):
        message = messages[index]
        if message["role"] == "user" and any(
            each["type"] in ("text", "image") for each in message["content"]
        ):
            return index
    return 0


def _user(content: Sequence[ContentBlock]) -> Iterator[dict[str, Any]]:
    """The results of calls, each a message of its own, and what else the user says.

    A result can be nothing but text in this protocol. Its images follow all results, since no
    message may come between those.
    """
    said: list[dict[str, Any]] = []
    for block in content:
        if block["type"] == "tool_result":
            told = block["content"]
            yield {
                "role": "tool",
                "tool_call_id": block["tool_use_id"],
                "content": told if isinstance(told, str) else text_in(told),
            }
            if images := images_in(told):
                said.append({"type": "text", "text": OF_CALL.format(block["tool_use_id"])})
                said += map(_image, images)
        elif block["type"] == "text":
            said.append({"type": "text", "text": block["text"]})
        elif block["type"] == "image":
            said.append(_image(block))
    if any(part["type"] != "text" for part in said):
        yield {"role": "user", "content": said}
    elif said:
        # One string: not every compatible server takes a list of parts.
        yield {"role": "user", "content": "\n\n".join(part["text"] for part in said)}


def _image(block: ImageBlock) -> dict[str, Any]:
    source = block["source"]
    url = f"data:{source['media_type']};base64,{source['data']}"
    return {"type": "image_url", "image_url": {"url": url}}


def _assistant(content: Sequence[ContentBlock], kept: Kept) -> dict[str, Any]:
    texts, thoughts, calls = [], [], []
    for block in content:
        if block["type"] == "text":
            texts.append(block["text"])
        elif block["type"] == "thinking":
            thoughts.append(block["thinking"])
        elif block["type"] == "tool_use":
            arguments = encode_all(block["input"]).decode().rstrip("\n")
            function = {"name": block["name"], "arguments": arguments}
            calls.append({"id": block["id"], "type": "function", "function": function})
    message: dict[str, Any] = {"role": "assistant", "content": "\n\n".join(texts) or None}
    if calls:
        message["tool_calls"] = calls
        if kept == "all" or (kept == "loop" and thoughts):
            message["reasoning_content"] = "\n\n".join(thoughts)
    return message
