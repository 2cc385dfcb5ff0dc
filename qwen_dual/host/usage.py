"""What the model calls of a hosted session take. Plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qwen_dual.host.calls import cost_in, number_in, text_in

if TYPE_CHECKING:
    from qwen_dual.host.event import Event


@dataclass(frozen=True, slots=True)
class TotalUsage:
    """All model calls of a session so far.

    Attributes:
        input_tokens: what came from a cache included.
        output_tokens: what was written.
        cache_read_input_tokens: what came from a cache.
        cost_usd: dollars; None once the cost of one call is not known.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int = 0
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class ModelUsage:
    """What a model call took, and all of them so far.

    Attributes:
        model: its name.
        input_tokens: what came from a cache included.
        output_tokens: what was written.
        cache_read_input_tokens: what came from a cache.
        total: all calls so far.
        turn_id: the turn that ran meanwhile; None for none, and where the program does not say.
        agent: the name of the sub-agent that made it; None for the main agent.
        context_tokens: how much of its conversation there is after it; None for a call of none.
        context_window: how much the model takes; None likewise.
        cost_usd: dollars; None where that is not known.
    """

    model: str
    input_tokens: int
    output_tokens: int
    cache_read_input_tokens: int
    total: TotalUsage
    turn_id: str | None = None
    agent: str | None = None
    context_tokens: int | None = None
    context_window: int | None = None
    cost_usd: float | None = None

    @classmethod
    def of(cls, event: Event) -> ModelUsage:
        """Reads a ``usage`` event."""
        data = event.data
        agent, total = data.get("agent"), data.get("total")
        return cls(
            text_in(data, "model"),
            *_tokens(data),
            total=_total(total if isinstance(total, dict) else {}),
            turn_id=text_in(data, "turn_id") or None,
            agent=agent if isinstance(agent, str) else None,
            context_tokens=number_in(data, "context_tokens"),
            context_window=number_in(data, "context_window"),
            cost_usd=cost_in(data, "cost_usd"),
        )

    @classmethod
    def derived(cls, event: Event, before: ModelUsage | None) -> ModelUsage | None:
        """The same from an ``assistant`` event, of a program that tells no more; None without numbers."""
        message = event.get("message")
        if event.type != "assistant" or not isinstance(message, dict):
            return None
        usage = message.get("usage")
        tokens = _tokens(usage) if isinstance(usage, dict) else (0, 0, 0)
        if tokens == (0, 0, 0):
            return None
        sofar = TotalUsage() if before is None else before.total
        total = TotalUsage(
            sofar.input_tokens + tokens[0],
            sofar.output_tokens + tokens[1],
            sofar.cache_read_input_tokens + tokens[2],
        )
        agent = None if event.parent_tool_use_id is None else ""
        taken = tokens[0] + tokens[1]
        model = text_in(message, "model")
        return cls(model, *tokens, total=total, agent=agent, context_tokens=taken)


def _tokens(raw: dict[str, Any]) -> tuple[int, int, int]:
    return (
        number_in(raw, "input_tokens") or 0,
        number_in(raw, "output_tokens") or 0,
        number_in(raw, "cache_read_input_tokens") or 0,
    )


def _total(raw: dict[str, Any]) -> TotalUsage:
    return TotalUsage(*_tokens(raw), cost_in(raw, "cost_usd"))
