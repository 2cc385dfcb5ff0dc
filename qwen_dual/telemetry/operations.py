"""What goes on, until it has ended and becomes a span: agents, their model calls, tools, waits."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from msgspec import Struct, field

from qwen_dual.telemetry.signals import Span

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Literal

    from qwen_dual.telemetry.options import Parent
    from qwen_dual.telemetry.signals import Attributes


class SpanIds(Struct, frozen=True):
    """The ids of a span that has not ended: OpenTelemetry's span context, and its parent.

    Attributes:
        trace_id: of the turn.
        span_id: its own.
        parent_id: of the span around it; None for the outermost.
    """

    trace_id: int
    span_id: int
    parent_id: int | None = None

    def child(self, *key: object) -> SpanIds:
        """The ids of a span within this one; the same for the same ``key``."""
        return SpanIds(self.trace_id, _hashed(8, self.trace_id, self.span_id, *key), self.span_id)


def root_ids(*key: object) -> SpanIds:
    """The ids of a turn; the same for the same ``key``, so that what is sent twice is one trace."""
    trace_id = _hashed(16, *key)
    return SpanIds(trace_id, _hashed(8, trace_id))


def parent_ids(parent: Parent | None) -> SpanIds | None:
    """The ids of the span of another program, of which nothing more is known."""
    return None if parent is None else SpanIds(parent.trace_id, parent.span_id)


def _hashed(size: int, *key: object) -> int:
    text = "\0".join(map(str, key)).encode(errors="surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=size).digest(), "big") or 1


class Tokens(Struct):
    """What model calls took; None where nobody told.

    Attributes:
        cost: in US dollars.
    """

    read: int = 0
    written: int = 0
    cache_read: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None
    cost: float | None = None

    def add(self, other: Tokens) -> None:
        """Adds what another took."""
        self.read += other.read
        self.written += other.written
        if other.cost is not None:
            self.cost = (self.cost or 0.0) + other.cost


class Chat(Struct):
    """A model call.

    Attributes:
        start: when it was asked, in nanoseconds since the epoch.
        end: when its answer was there; 0 while it comes.
        first_chunk: when that began to come; 0 where nobody saw it.
        chunks: how many pieces it had; 0 where nobody counted.
        used: None until somebody told.
        error: what it failed with.
        said: what it answered, in parts of the convention's form.
    """

    ids: SpanIds
    start: int
    end: int = 0
    model: str = ""
    response_id: str = ""
    stop_reason: str = ""
    streamed: bool = False
    first_chunk: int = 0
    chunks: int = 0
    used: Tokens | None = None
    error: str = ""
    message: str = ""
    said: list[dict[str, Any]] = field(default_factory=list)


class Call(Struct):
    """A tool call.

    Attributes:
        asked: when the model asked for it.
        started: when it began to run; 0 where nobody told, and then it did once it was allowed.
        files: lines that came and went, by what is told of them.
        agent: the name of the agent that it sets to work; empty for other tools.
        background: whether that goes on behind its result.
    """

    ids: SpanIds
    tool: str
    call_id: str
    asked: int
    arguments: Mapping[str, Any]
    started: int = 0
    allowed_at: int = 0
    denied: bool = False
    added: int = 0
    removed: int = 0
    agent: str = ""
    background: bool = False


class Agent(Struct):
    """A turn of the main agent, or what a sub-agent does for a call.

    Attributes:
        name: the agent's; empty where it is not told.
        start: when it began.
        ready: since when its next model call may have been asked.
        calls: of tools, that have no result yet, by their ids.
        chats: how many model calls it made.
        made: how many tool calls.
        prompt: what it was asked.
        answer: its latest text.
    """

    ids: SpanIds
    name: str
    start: int
    ready: int
    chat: Chat | None = None
    calls: dict[str, Call] = field(default_factory=dict)
    chats: int = 0
    made: int = 0
    used: Tokens = field(default_factory=Tokens)
    model: str = ""
    turn_id: str = ""
    origin: str = ""
    prompt: str = ""
    answer: str = ""
    error: str = ""
    message: str = ""


class Wait(Struct):
    """A request for leave that nobody has answered.

    Attributes:
        agent: whose call it is: the key of its lane.
        kind: what is asked: ``command``, ``diff``, ``questions`` …
    """

    ids: SpanIds
    agent: str | None
    call_id: str
    tool: str
    start: int
    kind: str = ""


def ended(
    name: str,
    kind: Literal["internal", "client"],
    ids: SpanIds,
    times: tuple[int, int],
    attributes: Attributes,
    error: str = "",
    message: str = "",
) -> Span:
    """The span of what went on from the first to the second of ``times``; a clock set back ends it at once."""
    start, end = times
    return Span(
        name,
        kind,
        ids.trace_id,
        ids.span_id,
        ids.parent_id,
        start,
        max(start, end),
        attributes,
        error,
        message,
    )
