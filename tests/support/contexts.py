"""What reaches a tool's call where there is no session: nobody asks, answers or is told."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio

from qwen_dual.core.actor import POLICY
from qwen_dual.core.models.model import ModelError
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.core.tools.tool_context import Services, ToolContext

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from qwen_dual.core.models.model import Model
    from qwen_dual.core.tools.tool import Call
    from qwen_dual.core.turns.hooks import Hooks
    from qwen_dual.protocol.events import Event


def nothing(_: object) -> None:
    """Takes what is told."""


async def refuse(call: Call) -> Decision:
    """Allows nothing."""
    return Decision(allowed=False, by=POLICY)


async def no_model(system: str, prompt: str) -> str:
    """Answers nothing."""
    raise ModelError("there is no model")


def context(
    report: Callable[[str], object] = nothing,
    *,
    ask: Callable[[Call], Awaitable[Decision]] = refuse,
    ask_model: Callable[[str, str], Awaitable[str]] = no_model,
    publish: Callable[[Event], object] = nothing,
    spawn: Callable[[Callable[[], Awaitable[object]]], object] = nothing,
    hooks: Hooks | None = None,
) -> ToolContext:
    """The context of one call."""
    return ToolContext("call_1", None, report, publish, ask, ask_model, spawn, hooks)


class Around:
    """What is around calls whose work goes on after them: as much of a session as that takes."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.services = Services(_no_model, lambda event: None)
        self._told = anyio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While this is entered, work goes on."""
        async with self.services.running():
            yield

    def context(self, report: Callable[[str], object] = nothing) -> ToolContext:
        """The context of one call."""
        return context(report, publish=self._publish, spawn=self.services.spawn)

    async def notice(self) -> str:
        """The text of the first notice, waiting for it."""
        with anyio.fail_after(30):
            await self._told.wait()
        return str(self.events[0]["data"]["text"])

    def _publish(self, event: Event) -> None:
        self.events.append(event)
        self._told.set()


def _no_model() -> Model:
    raise ModelError("there is no model")
