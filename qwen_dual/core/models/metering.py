"""What the model calls of a session take: their tokens, and their cost where prices are known.

Told with ``system/usage`` after each call, whoever made it. Pure: whoever makes a call publishes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.core.models.model import TokenUsage
from qwen_dual.protocol import events

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qwen_dual.core.models.model import Model
    from qwen_dual.core.models.pricing import Price
    from qwen_dual.protocol.events import Event


class Meter:
    """Counts the calls of one session.

    Args:
        turn_id: gives the turn that runs; None between turns.

    Attributes:
        prices: of models, by name.
        agents: the names of sub-agents, by the call that each works for.
        total: the tokens of all calls.
        cost: of all calls, in dollars; None once the cost of one is not known, and before the first.
    """

    def __init__(self, turn_id: Callable[[], str | None] = lambda: None) -> None:
        self.prices: Mapping[str, Price] = {}
        self.agents: dict[str, str] = {}
        self.total = TokenUsage()
        self.cost: float | None = None
        self._turn_id = turn_id
        self._calls = 0

    def count(
        self,
        model: str,
        usage: TokenUsage,
        lane: str | None = None,
        *,
        context: tuple[int, int] | None = None,
    ) -> Event:
        """Counts a call; the ``system/usage`` event that tells of it.

        Args:
            model: its name.
            usage: what it took.
            lane: the call that the agent works for which made it; None for the main agent.
            context: how much of the conversation it belongs to there is then, and how much its model
                takes; None for a call that belongs to none.
        """
        price = self.prices.get(model)
        cost = None if price is None else price.cost(usage)
        known = cost is not None and (self.cost is not None or self._calls == 0)
        self.cost = (self.cost or 0.0) + (cost or 0.0) if known else None
        self._calls += 1
        self.total = self.total.plus(usage)
        tokens, window = (None, None) if context is None else context
        data = {
            "turn_id": self._turn_id(),
            "agent": None if lane is None else self.agents.get(lane, ""),
            "model": model,
            **_tokens(usage),
            "context_tokens": tokens,
            "context_window": window,
            "cost_usd": cost,
            "total": {**_tokens(self.total), "cost_usd": self.cost},
        }
        return events.system("usage", data)

    def summary(self, tokens: int, model: Model) -> dict[str, float | int | None]:
        """What the ``result`` of a turn repeats; ``tokens`` are those of the conversation."""
        return {
            "context_tokens": tokens,
            "context_window": model.context_window,
            "total_cost_usd": self.cost,
        }


def _tokens(usage: TokenUsage) -> dict[str, int]:
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_input_tokens": usage.cache_read_input_tokens,
    }
