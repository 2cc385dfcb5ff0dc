"""What is sent, as data: finished spans, measured values, log records. Knows nothing of the SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from qwen_dual.telemetry.conventions import Instrument

Value = str | int | float | bool | tuple[str, ...]
Attributes = dict[str, Value]


class Span(Struct, frozen=True):
    """An operation from its beginning to its end.

    Attributes:
        name: of low cardinality.
        kind: whether what happened was in this program or asked of another.
        trace_id: 128 bits; the same for all of a turn.
        span_id: 64 bits.
        parent_id: the span around it; None for a turn.
        start: nanoseconds since the epoch.
        end: the same; never before ``start``.
        error: what kind of failure it ended with; empty for none.
        message: the failure in words, which may be private; empty where nobody asked for content.
    """

    name: str
    kind: Literal["internal", "client"]
    trace_id: int
    span_id: int
    parent_id: int | None
    start: int
    end: int
    attributes: Attributes
    error: str = ""
    message: str = ""


class Measured(Struct, frozen=True):
    """A value of a metric: what is added to a counter, or counted by a histogram."""

    instrument: Instrument
    value: float
    attributes: Attributes


class Logged(Struct, frozen=True):
    """A log record.

    Attributes:
        name: of the event.
        at: nanoseconds since the epoch.
        body: a line for a person.
        trace_id: of the turn that it belongs to; 0 for none.
        span_id: of the span; 0 for none.
    """

    name: str
    at: int
    body: str
    attributes: Attributes
    severity: Literal["info", "warn", "error"] = "info"
    trace_id: int = 0
    span_id: int = 0


Signal = Span | Measured | Logged
