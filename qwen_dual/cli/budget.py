"""Whether the cost of a run can be bounded; loaded where that is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.runtime.in_force import prices_of
from qwen_dual.runtime.launch import StartError

if TYPE_CHECKING:
    from qwen_dual.runtime.launch import Launch


def check_budget(launch: Launch) -> None:
    """Makes sure that what the model of ``launch`` takes has a price.

    Raises:
        StartError: it has none, so that no bound of it could be kept.
    """
    model = launch.choice.first_name
    price = prices_of(launch.settings).get(model)
    if price is None or price.input is None or price.output is None:
        raise StartError(
            f"--max-budget-usd: no price of {model} is known, so its cost cannot be bounded. Give it in "
            f'your settings, "modelPricing": {{"{model}": {{"inputPerMillionTokens": …, '
            '"outputPerMillionTokens": …}}, or bound the run by --max-tool-calls, '
            "--max-session-turns or --max-wall-time"
        )
