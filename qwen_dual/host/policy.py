"""The host's own answers to requests: each is asked in a task of its own, and only while it matters."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import anyio

from qwen_dual.host.errors import SessionExited
from qwen_dual.host.records import Allow, Deny

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from anyio.abc import TaskGroup

    from qwen_dual.host.commands import Commands
    from qwen_dual.host.records import Request, Verdict
    from qwen_dual.host.tracker import Tracker

    Policy = Callable[[Request], Verdict | Awaitable[Verdict]]


class PolicyRunner:
    """Asks a policy and sends its answers.

    Args:
        policy: what to ask.
        commands: where the answers go.
        group: where the tasks live.
    """

    def __init__(self, policy: Policy, commands: Commands, group: TaskGroup) -> None:
        self._policy = policy
        self._commands = commands
        self._group = group
        self._asked: dict[str, anyio.CancelScope] = {}

    def listen(self, tracker: Tracker) -> None:
        """Asks from now on what the tracker sees asked."""
        tracker.on_request = self.ask
        tracker.on_resolved = self.resolved

    def ask(self, request: Request) -> None:
        """Begins to ask; the session goes on meanwhile."""
        self._asked[request.id] = anyio.CancelScope()
        self._group.start_soon(self._ask, request)

    def resolved(self, request_id: str) -> None:
        """It has been answered, here or elsewhere: nobody needs the policy's answer any more."""
        scope = self._asked.get(request_id)
        if scope is not None:
            scope.cancel()

    async def _ask(self, request: Request) -> None:
        try:
            with self._asked[request.id]:
                verdict = self._policy(request)
                if inspect.isawaitable(verdict):
                    verdict = await verdict
                await self._answer(request, verdict)
        except SessionExited:
            pass  # whoever uses the session learns of it there
        finally:
            del self._asked[request.id]

    async def _answer(self, request: Request, verdict: Verdict) -> None:
        if isinstance(verdict, Allow):
            await self._commands.approve(request.id, verdict)
        elif isinstance(verdict, Deny):
            await self._commands.deny(request.id, verdict.reason)
        elif verdict is True:
            await self._commands.approve(request.id, Allow())
        elif verdict is False:
            await self._commands.deny(request.id, None)
        elif verdict is not None:
            raise TypeError(
                f"on_approval returned {verdict!r}; expected Allow, Deny, a bool or None"
            )
