"""What goes on in a session, and how it ends: what the parts of the reducer share. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.telemetry import conventions as names
from qwen_dual.telemetry.finished import MAX_CONTENT
from qwen_dual.telemetry.lanes import Lanes
from qwen_dual.telemetry.operations import Chat, outermost

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from qwen_dual.telemetry.finished import Teller
    from qwen_dual.telemetry.operations import Agent, Wait
    from qwen_dual.telemetry.signals import Signal


class Course:
    """The agents at work, the requests that wait, and what is to be told of those that ended.

    Args:
        teller: says what ended.

    Attributes:
        lanes: the agents.
        waits: requests for leave without an answer, by their ids.
        out: what is to be told.
    """

    def __init__(self, teller: Teller) -> None:
        self.teller = teller
        self.lanes = Lanes()
        self.waits: dict[str, Wait] = {}
        self.out: list[Signal] = []
        self._turns = 0

    def told(self) -> list[Signal]:
        """What is to be told by now; the next look finds what came since."""
        out, self.out = self.out, []
        return out

    def begin(self, uuid: str, at: int) -> Agent:
        """Begins a turn; ``uuid`` is that of its prompt, empty where it has none."""
        self._turns += 1
        session_id, key = self.teller.session_id, uuid or (self._turns, at)
        outer = self.teller.parent
        place = outermost(session_id, key) if outer is None else outer.below(session_id, key)
        return self.lanes.begin_turn(place, at)

    def working(self, lane: str | None, at: int) -> Agent:
        """Who works in a lane; a turn that nobody saw begin begins now."""
        if lane is not None:
            agent = self.lanes.working(lane, self.teller.session_id, at)
            for over in self.lanes.overflow():
                lost = self.lanes.of(over)
                if lost is not None and over != lane:
                    self.end_agent(over, lost, at, "")
            return agent
        return self.lanes.of(None) or self.begin("", at)

    def open_chat(self, agent: Agent, end: int = 0) -> Chat:
        """Begins a model call, asked when the agent was ready; one that has ended already has an ``end``."""
        agent.chats += 1
        agent.chat = Chat(agent.place.below("chat", agent.chats), agent.ready, end)
        return agent.chat

    def end_chat(self, agent: Agent, *, counted: bool = False) -> None:
        """Tells of a model call whose answer is there, if there is one."""
        chat = agent.chat
        if chat is None:
            return
        agent.chat = None
        if not counted and chat.used is not None:
            agent.used.add(chat.used)
        agent.ready = max(agent.ready, chat.end)
        self.out += self.teller.chat(chat, agent)

    def end_wait(self, request_id: str, at: int, decision: str, by: str = "") -> None:
        """Ends a request for leave; unknown ones are ignored."""
        wait = self.waits.pop(request_id, None)
        if wait is None:
            return
        call = self.lanes.find(wait.agent, wait.call_id)
        if call is not None:
            call.allowed_at, call.denied = at, decision != "allowed"
        self.out += self.teller.wait(wait, at, decision=decision, by=by)

    def end_agent(self, lane: str | None, agent: Agent, at: int, stop_reason: str) -> None:
        """Ends an agent with all that is open in it."""
        interrupted = stop_reason if stop_reason in ("interrupted", "stopped") else ""
        if agent.chat is not None and not agent.chat.end:
            agent.chat.end = at
            agent.chat.error = agent.chat.error or interrupted
        self.end_chat(agent)
        for request_id, wait in list(self.waits.items()):
            if wait.agent == lane:
                self.end_wait(request_id, at, "cancelled")
        for call in list(agent.calls.values()):
            if not call.denied:
                error = interrupted or names.OTHER_ERROR
                self.out += self.teller.call(
                    call, agent, at, error=error, result="", exit_code=None
                )
        self.lanes.pop(lane)
        main = lane is None
        self.out += self.teller.agent(agent, at, stop_reason=stop_reason, main=main)

    def tell(
        self,
        name: str,
        at: int,
        body: str,
        told: Mapping[str, Any] | None = None,
        *,
        agent: Agent | None = None,
        failed: bool = False,
        content: Mapping[str, str] | None = None,
    ) -> None:
        """Tells of what is no operation, by a log record; ``content`` goes to who asked for it."""
        place = None if agent is None else agent.place
        self.out.append(
            self.teller.event(
                name, at, body, told or {}, place=place, failed=failed, content=content
            )
        )

    def count(
        self, instrument: names.Instrument, value: float, told: Mapping[str, str] | None = None
    ) -> None:
        """Adds to a counter."""
        self.out.append(self.teller.counted(instrument, value, told or {}))

    def kept(self, text: str) -> str:
        """As much of what was said as is sent; nothing where nobody asked for it."""
        return text[:MAX_CONTENT] if self.teller.wants_content else ""
