"""What the core asks of a model: a stream of deltas for a conversation.

Adapters translate the neutral conversation (``protocol.shapes.Message``) out and their service's
stream in. They own retries before the first delta; after it they raise ``ModelError``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from qwen_dual.protocol.shapes import Message


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True)
class ThinkingDelta:
    """A piece of the reasoning; ``signature`` is set by providers that sign it."""

    text: str
    signature: str = ""


@dataclass(frozen=True, slots=True)
class ToolCallStart:
    """A tool call begins; its arguments follow until the next start, text or the end."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class ToolCallArguments:
    """A fragment of the JSON text of the current call's arguments."""

    partial_json: str


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens of this model call, as far as the service tells; a later one replaces it."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int = 0


ModelDelta = TextDelta | ThinkingDelta | ToolCallStart | ToolCallArguments | TokenUsage


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as the model is told of it; ``parameters`` is a JSON Schema object."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One model call. ``messages`` alternate and end with a user message."""

    system: str
    messages: Sequence[Message]
    tools: Sequence[ToolSpec] = field(default=())


class ModelError(Exception):
    """A model call that failed.

    Attributes:
        status: the HTTP status, or None where there was none.
        message: what failed and what to do, without secrets.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message if status is None else f"{status} {message}")
        self.message = message
        self.status = status


class Model(Protocol):
    """One model behind one service."""

    @property
    def name(self) -> str:
        """The id that events and the footer show."""
        ...

    def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta]:
        """Answers ``request``: an async generator the caller closes early when interrupted.

        Raises:
            ModelError: the call failed; deltas yielded before it stay valid.
        """
        ...
