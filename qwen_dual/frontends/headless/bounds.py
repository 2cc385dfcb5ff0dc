"""The bounds of a run: an observer that ends the turn which would go beyond them.

Model calls are counted by the session itself (``max_turns``). Calls of tools are counted before they
run, so that a bound is never exceeded: of an answer that asks for more than are left none runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import anyio
from msgspec import Struct

from qwen_dual.core.actor import LIMIT
from qwen_dual.core.stopping import Stop

if TYPE_CHECKING:
    from collections.abc import Collection

    from qwen_dual.core.actor import Actor
    from qwen_dual.protocol.events import Event


class Bounds(Struct, frozen=True):
    """What a run may take at the most; None for no bound.

    Attributes:
        tool_calls: that are run or refused.
        seconds: from the moment the prompt is submitted.
    """

    tool_calls: int | None = None
    seconds: float | None = None


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
        self.exceeded = False

    def __call__(self, event: Event) -> None:
        """Takes one event."""
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

    def _stop(self, message: str) -> None:
        if not self.exceeded:
            self.exceeded = True
            self._session.interrupt(LIMIT, why=Stop("budget", message))
