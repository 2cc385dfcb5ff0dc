"""Pending permission requests, as a registry in which the first answer wins.

Whoever answers (keyboard, channel, policy, an interrupt, the end) calls ``resolve``; it runs on the
loop's own thread and is synchronous, so that two answers can never both win.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
from msgspec import Struct, field

from qwen_dual.protocol import events

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.core.actor import Actor
    from qwen_dual.protocol.events import Event


class Decision(Struct, frozen=True):
    """How a request was resolved.

    Attributes:
        by: who decided.
        message: a denial's reason, for the model.
        updated_input: arguments to run instead of those asked for.
        remember: ``session``, ``project`` or ``user``: how long an answer lasts.
        stop: nothing else of this turn is to be asked or run.
        mode: of a plan that is allowed: the approval mode to go on in, or ``previous``.
    """

    allowed: bool
    by: Actor
    message: str | None = None
    updated_input: dict[str, Any] | None = None
    remember: str | None = None
    stop: bool = False
    mode: str | None = None


class Pending(Struct):
    """A request that waits for its answer.

    Attributes:
        undecided: hooks may still answer it, so that it is not refused for want of anybody else.
        fallback: the refusal that holds if they do not.
    """

    request_id: str
    request: dict[str, Any]
    agent: str | None = None
    decision: Decision | None = None
    undecided: bool = False
    fallback: Decision | None = None
    _resolved: anyio.Event = field(default_factory=anyio.Event)

    async def wait(self) -> Decision:
        """The decision, once somebody has made it."""
        await self._resolved.wait()
        assert self.decision is not None
        return self.decision

    def settle(self, decision: Decision) -> None:
        """Wakes who waits; only the registry calls this."""
        self.decision = decision
        self._resolved.set()


class Approvals:
    """All pending requests of a session, in the order of asking.

    Args:
        publish: takes the event bodies (``control_request``, ``control_response``) and the agent
            that asked: the call it works for, None for the main one.
        on_change: called after the set of pending requests changed.

    Attributes:
        pending: those that wait, by their ids.
        beside: the agents that work beside the turns: what stops a turn denies nothing of theirs.
    """

    def __init__(
        self,
        publish: Callable[[Event, str | None], object],
        on_change: Callable[[], object] = lambda: None,
    ) -> None:
        self.pending: dict[str, Pending] = {}
        self.beside: set[str] = set()
        self._publish = publish
        self._on_change = on_change

    def ask(
        self, request: dict[str, Any], agent: str | None = None, *, undecided: bool = False
    ) -> Pending:
        """Publishes ``request`` (a ``shapes.PermissionRequest``) and returns what to wait on.

        Args:
            request: what is asked.
            agent: who wants to know.
            undecided: hooks are asked too, until ``decided`` is called.
        """
        pending = Pending(events.new_uuid(), request, agent, undecided=undecided)
        self.pending[pending.request_id] = pending
        self._on_change()
        # The observer may resolve it at once, so it is registered by now.
        self._publish(events.control_request(pending.request_id, request), agent)
        return pending

    def resolve(self, request_id: str, decision: Decision) -> bool:
        """Settles a request; False when it is not pending (any more)."""
        pending = self.pending.get(request_id)
        if pending is None:
            return False
        if pending.undecided and decision.by.kind == "policy" and not decision.allowed:
            pending.fallback = decision
            return True
        del self.pending[request_id]
        self._publish(
            events.control_response(
                request_id,
                allowed=decision.allowed,
                resolved_by=str(decision.by),
                message=None if decision.allowed else decision.message,
            ),
            pending.agent,
        )
        pending.settle(decision)
        self._on_change()
        if decision.stop and pending.agent in self.beside:
            self.deny(decision.by, lambda other: other.agent == pending.agent)
        elif decision.stop:
            self.deny_all(decision.by)
        return True

    def decided(self, pending: Pending) -> None:
        """Hooks have had their say about a request; where nobody else can answer, it is refused."""
        pending.undecided = False
        if pending.fallback is not None:
            self.resolve(pending.request_id, pending.fallback)

    def deny_all(self, by: Actor) -> None:
        """Resolves all that is pending as not allowed, but for what goes on beside the turn."""
        spared = self.beside if by.kind != "shutdown" else ()
        self.deny(by, lambda pending: pending.agent not in spared)

    def deny(self, by: Actor, which: Callable[[Pending], bool]) -> None:
        """Resolves what is pending and meant as not allowed."""
        for request_id, pending in tuple(self.pending.items()):
            if which(pending):
                self.resolve(request_id, Decision(allowed=False, by=by))
