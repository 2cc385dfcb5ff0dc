"""The agents that are at work, each with its calls: the main one's turn, and those that calls set to work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.telemetry.operations import Agent, SpanIds, root_ids

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwen_dual.telemetry.operations import Call

MAX_LANES = 1000
MAX_CALLS = 10_000
"""Agents at work, and calls of each without a result, that are kept; a stream that has more lost some."""


class Delegation(Struct, frozen=True):
    """A call that sets an agent to work, for as long as the agent may go on.

    Attributes:
        ids: of the call's span.
        caller: the lane that made it.
        name: the agent's.
        prompt: what the agent is to do, as far as that is sent.
        background: whether the agent goes on behind the call's result.
    """

    ids: SpanIds
    caller: str | None
    name: str
    prompt: str
    background: bool


class Lanes:
    """Agents by the call that each works for; None is the main one.

    Attributes:
        main_name: the main agent's, once it is told.
    """

    def __init__(self) -> None:
        self.main_name = ""
        self._agents: dict[str | None, Agent] = {}
        self._delegations: dict[str, Delegation] = {}

    def __iter__(self) -> Iterator[tuple[str | None, Agent]]:
        """Those at work, the latest first: who works for a call stands before who made it."""
        return iter(list(reversed(self._agents.items())))

    def of(self, lane: str | None) -> Agent | None:
        """Who works there; None for nobody."""
        return self._agents.get(lane)

    def begin_turn(self, ids: SpanIds, at: int) -> Agent:
        """The main agent begins."""
        agent = self._agents[None] = Agent(ids, self.main_name, at, at)
        return agent

    def working(self, lane: str, session_id: str, at: int) -> Agent:
        """Who works for a call; begins now unless it has."""
        agent = self._agents.get(lane)
        if agent is not None:
            return agent
        delegation = self._delegations.get(lane)
        if delegation is not None:
            ids, name = delegation.ids.child("agent", lane), delegation.name
        else:  # its call was never seen
            main = self._agents.get(None)
            outer = root_ids(session_id, "agent", lane) if main is None else main.ids
            ids, name = outer.child("agent", lane), ""
        agent = self._agents[lane] = Agent(ids, name, at, at)
        if delegation is not None:
            agent.prompt = delegation.prompt
        return agent

    def called(self, agent: Agent, lane: str | None, call: Call, prompt: str = "") -> None:
        """An agent calls a tool, which may set another to work."""
        agent.calls[call.call_id] = call
        agent.made += 1
        if len(agent.calls) > MAX_CALLS:
            del agent.calls[next(iter(agent.calls))]
        if call.agent:
            self._delegations[call.call_id] = Delegation(
                call.ids, lane, call.agent, prompt, call.background
            )
            if len(self._delegations) > MAX_LANES:
                del self._delegations[next(iter(self._delegations))]

    def find(self, lane: str | None, call_id: str) -> Call | None:
        """A call without a result: that of the lane, or of any where the lane is not told."""
        agent = self._agents.get(lane)
        if agent is not None and (call := agent.calls.get(call_id)) is not None:
            return call
        found = (each.calls.get(call_id) for each in self._agents.values())
        return next((call for call in found if call is not None), None)

    def detach(self, call_id: str) -> None:
        """The agent of a call works in the background."""
        delegation = self._delegations.get(call_id)
        if delegation is not None:
            self._delegations[call_id] = Delegation(
                delegation.ids,
                delegation.caller,
                delegation.name,
                delegation.prompt,
                background=True,
            )

    def in_background(self, lane: str) -> bool:
        """Whether the agent of a call goes on behind the call's result."""
        delegation = self._delegations.get(lane)
        return delegation is not None and delegation.background

    def outlives_turn(self, lane: str) -> bool:
        """Whether an agent, or one that it works for, goes on behind the turn."""
        seen: set[str] = set()
        at: str | None = lane
        while at is not None and at not in seen:
            seen.add(at)
            delegation = self._delegations.get(at)
            if delegation is None:
                return False
            if delegation.background:
                return True
            at = delegation.caller
        return False

    def pop(self, lane: str | None) -> Agent | None:
        """Takes one out; its call sets nobody to work any more."""
        if lane is not None:
            self._delegations.pop(lane, None)
        return self._agents.pop(lane, None)

    def overflow(self) -> Iterator[str]:
        """The lanes of sub-agents that are more than can be kept."""
        for lane in list(self._agents)[: max(len(self._agents) - MAX_LANES, 0)]:
            if lane is not None:
                yield lane
