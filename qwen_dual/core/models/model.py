"""What the core asks of a model: a stream of deltas for a conversation.

Adapters translate the neutral conversation (``protocol.shapes.Message``) out and their service's
stream in. They own retries before the first delta of content; after it they raise ``ModelError``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from qwen_dual.protocol.failures import ErrorKind, Remedy
    from qwen_dual.protocol.shapes import Message


class TextDelta(Struct, frozen=True):
    """A piece of the answer's text."""

    text: str


class ThinkingDelta(Struct, frozen=True):
    """A piece of the reasoning; ``signature`` is set by providers that sign it."""

    text: str
    signature: str = ""


class ThoughtSoFar(Struct, frozen=True):
    """All text of the answer so far was reasoning, as only a tag after it tells."""


class ToolCallStart(Struct, frozen=True):
    """A tool call begins; its arguments follow until the next start, text or the end."""

    id: str
    name: str


class ToolCallArguments(Struct, frozen=True):
    """A fragment of the JSON text of the current call's arguments."""

    partial_json: str


class TokenUsage(Struct, frozen=True):
    """Tokens of this model call, as far as the service tells; a later one replaces it.

    ``input_tokens`` counts the whole prompt, what came from a cache included.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int = 0

    def plus(self, other: TokenUsage) -> TokenUsage:
        """Both together."""
        return TokenUsage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cache_read_input_tokens + other.cache_read_input_tokens,
        )

    def fields(self) -> dict[str, int]:
        """As the wire has it."""
        return {
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cache_read_input_tokens": self.cache_read_input_tokens,
            "total_tokens": self.input_tokens + self.output_tokens,
        }


class RetryWait(Struct, frozen=True):
    """The call failed before any content and is tried again.

    Attributes:
        reason: what failed, for a person; without secrets.
        seconds: how long the adapter waits from now on.
        attempt: the try that follows, 2 or more.
        attempts: how many there may be in all; None where there is no bound.
    """

    reason: str
    seconds: float
    attempt: int
    attempts: int | None

    def fields(self) -> dict[str, Any]:
        """What ``model_retry`` says of it."""
        return {
            "attempt": self.attempt,
            "attempts": self.attempts,
            "delay_ms": round(self.seconds * 1000),
            "message": self.reason,
        }


class Finished(Struct, frozen=True):
    """Why the answer ended, where that is not plain: ``length`` is the limit of its tokens."""

    reason: Literal["length"]


ModelDelta = (
    TextDelta
    | ThinkingDelta
    | ThoughtSoFar
    | ToolCallStart
    | ToolCallArguments
    | TokenUsage
    | RetryWait
    | Finished
)


class ToolSpec(Protocol):
    """A tool as the model is told of it."""

    @property
    def name(self) -> str:
        """What it is called by."""
        ...

    @property
    def description(self) -> str:
        """What it does."""
        ...

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The JSON Schema of the arguments; takes long the first time, so ask for it when needed."""
        ...


class ModelRequest(Struct, frozen=True):
    """One model call. ``messages`` alternate and end with a user message."""

    system: str
    messages: Sequence[Message]
    tools: Sequence[ToolSpec] = field(default=())


class ModelError(Exception):
    """A model call that failed.

    Args:
        problem: what failed, in sentences without secrets.
        status: the HTTP status, or None where there was none.
        kind: what went wrong.
        remedy: what a front end can offer beside another try, in its own words.
        advice: what to do that is the same everywhere, such as which variable to set.

    Attributes:
        message: problem and advice; names no key of a keyboard and no command of a front end.
    """

    def __init__(
        self,
        problem: str,
        status: int | None = None,
        *,
        kind: ErrorKind = "other",
        remedy: Remedy | None = None,
        advice: str = "",
    ) -> None:
        self.problem = problem
        self.advice = advice
        self.message = f"{problem} {advice}" if advice else problem
        self.status = status
        self.kind = kind
        self.remedy = remedy
        super().__init__(self.message if status is None else f"{status} {self.message}")

    def fields(self) -> dict[str, Any]:
        """What ``result.error`` says of it."""
        return {
            "kind": self.kind,
            "message": self.message,
            "status": self.status,
            "remedy": self.remedy,
        }

    def after(self, tries: int) -> ModelError:
        """The same, as it is told after so many tries."""
        problem = f"{self.problem} ({tries} tries.)" if tries > 1 else self.problem
        return ModelError(
            problem, self.status, kind=self.kind, remedy=self.remedy, advice=self.advice
        )


class Model(Protocol):
    """One model behind one service."""

    @property
    def name(self) -> str:
        """The id that events and the footer show."""
        ...

    @property
    def context_window(self) -> int:
        """How many tokens a request and its answer may hold together."""
        ...

    def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta]:
        """Answers ``request``: an async generator the caller closes early when interrupted.

        Raises:
            ModelError: the call failed; deltas yielded before it stay valid.
        """
        ...


def sees_images(model: Model) -> bool:
    """Whether ``model`` can be shown images; one that does not say counts as one that can."""
    return bool(getattr(model, "sees_images", True))
