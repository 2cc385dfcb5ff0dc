"""What a model costs, as the settings say it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from qwen_dual.core.models.model import TokenUsage

MILLION = 1_000_000


class Price(Struct, frozen=True):
    """What a model costs, in US dollars for a million tokens; None where nobody said.

    Attributes:
        input: of what it is sent.
        output: of what it writes.
        cached: of what it is sent and has in a cache; None takes ``input``.
    """

    input: float | None = None
    output: float | None = None
    cached: float | None = None

    def cost(self, usage: TokenUsage) -> float | None:
        """Dollars; None where the price of something in it is not known."""
        cached = min(usage.cache_read_input_tokens, usage.input_tokens)
        parts = (
            (usage.input_tokens - cached, self.input),
            (cached, self.input if self.cached is None else self.cached),
            (usage.output_tokens, self.output),
        )
        total = 0.0
        for tokens, price in parts:
            if tokens and price is None:
                return None
            total += tokens * (price or 0.0)
        return total / MILLION
