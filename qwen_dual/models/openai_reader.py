"""Reads the answers of chat completions: chunks as many services send them, to deltas. Pure.

``openai_calls`` puts the fragments of tool calls in order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.core.models.model import Finished, TextDelta, ThinkingDelta, TokenUsage
from qwen_dual.models import endings
from qwen_dual.models.openai_calls import ToolCalls
from qwen_dual.models.translate import Whole
from qwen_dual.models.untrusted import count, items, mapping, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from qwen_dual.core.models.model import ModelDelta
    from qwen_dual.models.translate import Read

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
            yield from self._text_deltas(ThinkingDelta(piece))
        elif "reasoning_details" in delta:  # OpenRouter's, where it is all there is
            for part in items(delta, "reasoning_details"):
                if piece := text(part, "text") or text(part, "summary"):
                    yield from self._text_deltas(ThinkingDelta(piece))
        if piece := text(delta, "content") or text(delta, "refusal"):
            yield from self._text(piece)
        for part in items(delta, "content"):  # Mistral's, where its models think
            for each in items(part, "thinking"):
                if piece := text(each, "text"):
                    yield from self._text_deltas(ThinkingDelta(piece))
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
        return self._text_deltas(TextDelta(piece))

    def _text_deltas(self, delta: TextDelta | ThinkingDelta) -> Iterable[ModelDelta]:
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
