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


class CompactBoundary(Envelope):
    """Between what was summarised and what follows."""

    type: Literal["system"]
    subtype: Literal["compact_boundary"]
    data: CompactBoundaryData
