"""What is told of model calls beside their answers: further tries, calls on the side, summaries."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from qwen_dual.protocol.shapes import Envelope, Usage


class ModelRetryData(TypedDict):
    """A model call that failed before any content and is made again after ``delay_ms``.

    ``attempt`` is the try that follows, of ``attempts``; null where it is tried for ever.
    """

    attempt: int
    attempts: int | None
    delay_ms: int
    message: str


class SideCallData(TypedDict):
    """A model call outside of the conversation: for a tool, a hook, or an MCP ``server`` that asked.

    Its tokens are in no ``result``.
    """

    purpose: Literal["tool", "hook", "mcp"]
    server: NotRequired[str]
    model: str
    usage: Usage


class TotalUsage(TypedDict):
    """All model calls since the session's process began; the cost is null once one of them is not known."""

    input_tokens: int
    output_tokens: int
    cache_read_input_tokens: int
    cost_usd: float | None


class ModelUsageData(TypedDict):
    """What a model call took; ``input_tokens`` has in it what came from a cache.

    ``turn_id`` is the turn that ran meanwhile, ``agent`` the name of the sub-agent that made it, null for the
    main agent. ``context_tokens`` is how much of its conversation there is after it, ``context_window`` how
    much the model takes; null for a call that belongs to none. ``cost_usd`` is null where ``modelPricing``
    has no price for something in it.
    """

    turn_id: str | None
    agent: str | None
    model: str
    input_tokens: int
    output_tokens: int
    cache_read_input_tokens: int
    context_tokens: int | None
    context_window: int | None
    cost_usd: float | None
    total: TotalUsage


class CompactBoundaryData(TypedDict):
    """The older part of the conversation gave way to ``summary``; empty where results were cut."""

    trigger: Literal["auto", "manual"]
    tokens_before: int
    tokens_after: int
    summary: NotRequired[str]


class ModelRetry(Envelope):
    """Before each further try of a model call."""

    type: Literal["system"]
    subtype: Literal["model_retry"]
    data: ModelRetryData


class SideCall(Envelope):
    """After a model call that is none of a turn."""

    type: Literal["system"]
    subtype: Literal["side_call"]
    data: SideCallData


class ModelUsage(Envelope):
    """After each model call of which the service tells what it took, whoever made it."""

    type: Literal["system"]
    subtype: Literal["usage"]
    data: ModelUsageData


class CompactBoundary(Envelope):
    """Between what was summarised and what follows."""

    type: Literal["system"]
    subtype: Literal["compact_boundary"]
    data: CompactBoundaryData
