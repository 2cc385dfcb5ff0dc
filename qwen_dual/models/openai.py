"""OpenAI's chat completions, as many services speak them: a request out, a stream in. Pure.

Owns the body, the headers and the reading of chunks; ``openai_options`` knows the services,
``openai_calls`` how tool calls come in, and ``remote`` the connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.core.models.model import Finished, TextDelta, ThinkingDelta, TokenUsage
from qwen_dual.models import endings
from qwen_dual.models.conversation import normalise
from qwen_dual.models.endpoint import has_path
from qwen_dual.models.openai_calls import ToolCalls
from qwen_dual.models.openai_options import kept_reasoning, options
from qwen_dual.models.translate import HttpRequest, Whole
from qwen_dual.models.untrusted import count, items, mapping, text
from qwen_dual.models.vision import as_seen
from qwen_dual.protocol.blocks import images_in, text_in
from qwen_dual.protocol.long_json import encode_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from qwen_dual.core.models.model import ModelDelta, ModelRequest
    from qwen_dual.models.openai_options import Kept
    from qwen_dual.models.translate import Read
    from qwen_dual.protocol.shapes import ContentBlock, ImageBlock, Message
    from qwen_dual.settings.model_config import ModelConfig

_PATH = "/chat/completions"

OF_CALL = "From the result of the tool call {}:"
"""Before images, which are sent apart from the result that they belong to."""

_WITHHELD = frozenset({"content_filter", "sensitive"})

_FAILED = frozenset({"error", "network_error", "abort", "insufficient_system_resource"})
"""Reasons that services give for an answer they could not finish."""


_CONTENT = (
    "content",
    "reasoning_content",
    "reasoning",
    "reasoning_details",
    "tool_calls",
    "function_call",
)


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


def _plain_piece(data: Mapping[str, Any]) -> str:
    """The text of a chunk that has nothing else; empty for all others.

    Nearly all chunks of a long answer are such, and each pays for every look.
    """
    choices = data.get("choices")
    if type(choices) is not list or len(choices) != 1 or data.get("usage") or data.get("error"):
        return ""
    choice = choices[0]
    if type(choice) is not dict or choice.get("finish_reason") or "usage" in choice:
        return ""
    delta = choice.get("delta")
    if type(delta) is not dict or len(delta) > 2:
        return ""
    if len(delta) == 2 and "role" not in delta:
        return ""
    piece = delta.get("content")
    return piece if type(piece) is str else ""


class OpenAIReader:
    """Reads one answer."""

    def __init__(self) -> None:
        self._calls = ToolCalls()
        self._in_pieces = False
        self._has_text = False
        self._held: list[ModelDelta] = []  # came in the middle of a call
        self._usage: TokenUsage | None = None
        self._reason = ""
        self._done = False

    @property
    def complete(self) -> bool:
        """Whether the end mark has come, or all that stands before it."""
        return self._done or (bool(self._reason) and self._usage is not None)

    def feed(self, name: str, data: Mapping[str, Any]) -> Iterable[Read]:
        """What follows from one chunk; the end mark is an event of that name.

        Raises:
            ModelError: the service reports a failure, or the pieces of a call do not fit.
        """
        piece = _plain_piece(data)
        if piece and not self._calls.any:
            self._in_pieces = True
            return self._text(piece)
        return self._read(name, data)

    def _read(self, name: str, data: Mapping[str, Any]) -> Iterator[Read]:
        if name == "[DONE]":
            self._done = True
            return
        choices = items(data, "choices")
        choice = choices[0] if choices else None
        if data.get("error") or (not choices and data.get("object") == "error"):
            raise endings.reported(data)
        delta = mapping(choice, "delta")
        if not delta and (message := mapping(choice, "message")):
            if self._in_pieces:
                yield from self._whole(message)
            else:
                delta = message  # in place of a piece
        elif not self._in_pieces:
            self._in_pieces = any(delta.get(key) for key in _CONTENT)
        if piece := text(delta, "reasoning_content") or text(delta, "reasoning"):
            yield from self._said(ThinkingDelta(piece))
        elif "reasoning_details" in delta:  # OpenRouter's, where it is all there is
            for part in items(delta, "reasoning_details"):
                if piece := text(part, "text") or text(part, "summary"):
                    yield from self._said(ThinkingDelta(piece))
        if piece := text(delta, "content") or text(delta, "refusal"):
            yield from self._text(piece)
        for part in items(delta, "content"):  # Mistral's, where its models think
            for each in items(part, "thinking"):
                if piece := text(each, "text"):
                    yield from self._said(ThinkingDelta(piece))
            if piece := text(part, "text"):
                yield from self._text(piece)
        for fragment in items(delta, "tool_calls"):
            yield from self._calls.feed(fragment)
        if "function_call" in delta:  # before there were several
            function = mapping(delta, "function_call")
            yield from self._calls.feed({"index": 0, "function": function})
        if reason := text(choice, "finish_reason"):
            yield from self._stop(reason)
        usage = mapping(data, "usage") or mapping(choice, "usage")
        if usage:
            yield from self._count(usage)

    def _whole(self, message: Mapping[str, Any]) -> Iterator[Read]:
        """The whole message, after it came in pieces."""
        if whole := text(message, "reasoning_content") or text(message, "reasoning"):
            yield Whole(ThinkingDelta(whole))
        if whole := text(message, "content"):
            self._has_text = True
            if not self._calls.any:
                yield Whole(TextDelta(whole))
        if not self._calls.any:
            for call in items(message, "tool_calls"):
                yield from self._calls.feed(call)

    def finish(self) -> Iterator[ModelDelta]:
        """What was held back, and whether the answer is one.

        Raises:
            ModelError: it broke off, is empty, or was withheld.
        """
        if not self._reason and not self._done:
            raise endings.broken()
        yield from self._calls.end()
        yield from self._held
        self._held = []
        if self._reason in _WITHHELD:
            raise endings.withheld(self._reason)
        if self._reason in _FAILED:
            raise endings.unfinished(self._reason)
        if not self._has_text and not self._calls.any and self._reason != "length":
            raise endings.empty()

    def _text(self, piece: str) -> Iterable[ModelDelta]:
        self._has_text = self._has_text or not piece.isspace()
        return self._said(TextDelta(piece))

    def _said(self, delta: TextDelta | ThinkingDelta) -> Iterable[ModelDelta]:
        """Text in the middle of a call would end it, so it waits until the call has ended."""
        if not self._calls.any:
            return (delta,)
        if delta.text.isspace() and not self._held:
            return ()  # servers put line breaks between calls
        if self._held or not self._calls.whole:
            self._held.append(delta)
            return ()
        return (*self._calls.end(), delta)

    def _stop(self, reason: str) -> Iterator[ModelDelta]:
        if not self._reason and reason == "length":
            yield Finished("length")
        self._reason = self._reason or reason

    def _count(self, usage: Mapping[str, Any]) -> Iterator[ModelDelta]:
        cached = (
            count(mapping(usage, "prompt_tokens_details"), "cached_tokens")
            or count(usage, "prompt_cache_hit_tokens")  # DeepSeek
            or count(usage, "cached_tokens")  # Moonshot
        )
        found = TokenUsage(count(usage, "prompt_tokens"), count(usage, "completion_tokens"), cached)
        if found != self._usage:  # some servers send it with every chunk
            self._usage = found
            yield found
