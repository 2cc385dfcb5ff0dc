"""The lanes of sub-agents as texts: which there are, who each is, which of them ended. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.protocol.agents import AgentCalls
from qwen_dual.protocol.visible import visible_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from qwen_dual.frontends.tui.whole import WholeTranscript
    from qwen_dual.protocol.agents import AgentCall
    from qwen_dual.protocol.events import Event

MAX_KEPT = 20
"""Lanes of agents that ended, of those that worked last."""


class _Lane(Struct):
    call: AgentCall
    transcript: WholeTranscript


class AgentTexts:
    """The transcripts of sub-agents, by the call that each works for.

    Args:
        make: an empty transcript for a lane.
    """

    def __init__(self, make: Callable[[], WholeTranscript]) -> None:
        self._make = make
        self._calls = AgentCalls()
        self._open: dict[str, _Lane] = {}
        self._ended: list[_Lane] = []  # of those that worked last

    def called(self, blocks: Iterable[Event], caller: str | None = None) -> None:
        """Takes the blocks of a message: who works for which call stands in the call."""
        self._calls.called(blocks, caller)

    def of(self, agent: str) -> WholeTranscript:
        """The transcript of the sub-agent that works for the call ``agent``."""
        lane = self._open.get(agent)
        if lane is None:
            if not self._open:
                self._ended.clear()
            lane = _Lane(self._calls.of(agent), self._make())
            self._open[agent] = lane
        return lane.transcript

    def told(self, subtype: str, data: Event) -> str:
        """Takes what the system tells: that an agent goes on in the background, or ended there.

        Returns:
            The text of the lane that ended.
        """
        agent = self._calls.told(subtype, data)
        if subtype == "task_started" and (lane := self._open.get(data["tool_use_id"])):
            lane.call = self._calls.of(data["tool_use_id"])
        return self._end(agent) if agent is not None else ""

    def ended(self, call_id: str, *, failed: bool, caller: str | None = None) -> str:
        """A call has its result: the text of its agent's lane; empty where none has ended.

        Args:
            call_id: the call.
            failed: the result is an error.
            caller: whose call it was; the main agent's where None.
        """
        ended = self._calls.answered(call_id, caller, failed=failed)
        return self._end(call_id) if ended else ""

    def _end(self, agent: str) -> str:
        lane = self._open.pop(agent, None)
        if lane is None:
            return ""
        self._ended = [*self._ended[1 - MAX_KEPT :], lane]
        return _text(lane)

    def settle(self) -> None:
        """A turn ended: whoever has no result by now and works for it will have none."""
        self._calls.turn_ended()
        for agent in [key for key in self._open if not self._calls.knows(key)]:
            self._end(agent)

    def close(self) -> None:
        """All have ended; what those did that worked last stays to be read."""
        self._calls.clear()
        for agent in list(self._open):
            self._end(agent)

    def clear(self) -> None:
        """Forgets all of them."""
        self._calls.clear()
        self._open.clear()
        self._ended.clear()

    @property
    def at_work(self) -> str:
        """What those have said and done that have not ended."""
        return "\n".join(map(_text, self._open.values()))

    @property
    def latest(self) -> str:
        """What those said and did that worked last, those that ended first."""
        return "\n".join(map(_text, [*self._ended, *self._open.values()]))


def _text(lane: _Lane) -> str:
    """A lane under the name of its agent, farther in than what is the main agent's."""
    call = lane.call
    title = visible_line(f"{call.name}  {' '.join(call.description.split())}".rstrip(), "prose")
    body = lane.transcript.text.rstrip("\n")
    rows = (f"  {row}".rstrip() for row in body.split("\n"))
    return f"● {title}\n" + "\n".join(rows) + "\n"
