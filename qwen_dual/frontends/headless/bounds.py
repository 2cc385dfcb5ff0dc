"""The bounds of a run: an observer that ends the turn which would go beyond them.

Model calls are counted by the session itself (``max_turns``). Calls of tools are counted before they
run, so that a bound is never exceeded: of an answer that asks for more than are left none runs.
Money is counted after each model call, which is when its cost is known: the call that reaches the
bound is the last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import anyio
from msgspec import Struct

from qwen_dual.core.actor import LIMIT
from qwen_dual.core.turns.stopping import Stop

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from qwen_dual.core.actor import Actor
    from qwen_dual.protocol.events import Event


class Bounds(Struct, frozen=True):
    """What a run may take at the most; None for no bound.

    Attributes:
        tool_calls: that are run or refused.
        seconds: from the moment the prompt is submitted.
        dollars: that model calls cost, those of sub-agents too.
    """

    tool_calls: int | None = None
    seconds: float | None = None
    dollars: float | None = None


class Stoppable(Protocol):
    """A session, as far as a bound needs it."""

    def interrupt(self, actor: Actor, *, why: Stop = ...) -> bool:
        """Stops the turn; ``why`` is what its ``result`` says."""
        ...


class Watch:
    """Watches over one run.

    Args:
        session: whose turns it stops.
        bounds: what they may take.
        exempt: tools whose calls do not count.
    """

    def __init__(self, session: Stoppable, bounds: Bounds, exempt: Collection[str] = ()) -> None:
        self._session = session
        self._bounds = bounds
        self._exempt = exempt
        self._calls = 0
        self._goes_on = False
        self._over = ""
        self.exceeded = False

    def __call__(self, event: Event) -> None:
        """Takes one event."""
        if self._bounds.dollars is not None:
            self._count_money(event, self._bounds.dollars)
        most = self._bounds.tool_calls
        if most is None or event["type"] != "assistant":
            return
        self._calls += sum(
            block["type"] == "tool_use" and block["name"] not in self._exempt
            for block in event["message"]["content"]
        )
        if self._calls > most:
            self._stop(f"Stopped before tool call {most + 1}: --max-tool-calls is {most}.")

    async def run(self) -> None:
        """Waits for the time to be up, where it is bounded."""
        seconds = self._bounds.seconds
        if seconds is not None:
            await anyio.sleep(seconds)
            self._stop(f"Stopped after {seconds:g} s, the bound of --max-wall-time.")

    def _count_money(self, event: Event, most: float) -> None:
        if event["type"] == "assistant":
            blocks = event["message"]["content"]
            self._goes_on = self._goes_on or any(block["type"] == "tool_use" for block in blocks)
        elif event.get("subtype") == "usage":
            self._over = self._over or _beyond(event["data"], most)
            if self._over and self._goes_on:
                self._stop(self._over)
            self._goes_on = False
        elif self._over and event.get("data", {}).get("state") == "thinking":
            # An answer that nothing follows is paid for and stays; the next one is not begun.
            self._stop(self._over)

    def _stop(self, message: str) -> None:
        if not self.exceeded:
            self.exceeded = True
            self._session.interrupt(LIMIT, why=Stop("budget", message))


def _beyond(data: Mapping[str, Any], most: float) -> str:
    """Why no further call may be made, after one of which a ``usage`` event tells; empty: it may."""
    spent = data["total"]["cost_usd"]
    if spent is None:
        return (
            f"Stopped: modelPricing has no price of {data['model']}, so the bound of --max-budget-usd "
            f"(${most:g}) cannot be kept."
        )
    if spent < most:
        return ""
    return f"Stopped after model calls for ${spent:.4f}: --max-budget-usd is ${most:g}."
