"""The operations of a session that have not ended yet: what the parts of the reducer share. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.telemetry import conventions as names
from qwen_dual.telemetry.lanes import Lanes
from qwen_dual.telemetry.operations import Chat, root_ids
from qwen_dual.telemetry.signal_builder import MAX_CONTENT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from qwen_dual.telemetry.operations import Agent, Wait
    from qwen_dual.telemetry.signal_builder import SignalBuilder
    from qwen_dual.telemetry.signals import Signal


class OpenOperations:
    """The agents at work, the requests that wait, and the signals of those that ended.

    Args:
        builder: makes the signals of what ended.

    Attributes:
        lanes: the agents.
        waits: requests for leave without an answer, by their ids.
        signals: what ended, in its order, until ``drain`` takes it.
    """

    def __init__(self, builder: SignalBuilder) -> None:
        self.builder = builder
        self.lanes = Lanes()
        self.waits: dict[str, Wait] = {}
        self.signals: list[Signal] = []
        self._turns = 0

    def drain(self) -> list[Signal]:
        """Takes what ended since the last time."""
        signals, self.signals = self.signals, []
        return signals

    def begin(self, uuid: str, at: int) -> Agent:
        """Begins a turn; ``uuid`` is that of its prompt, empty where it has none."""
        self._turns += 1
        session_id, key = self.builder.session_id, uuid or (self._turns, at)
        outer = self.builder.parent
        ids = root_ids(session_id, key) if outer is None else outer.child(session_id, key)
        return self.lanes.begin_turn(ids, at)

    def working(self, lane: str | None, at: int) -> Agent:
        """Who works in a lane; a turn that nobody saw begin begins now."""
        if lane is not None:
            agent = self.lanes.working(lane, self.builder.session_id, at)
            for over in self.lanes.overflow():
                lost = self.lanes.of(over)
                if lost is not None and over != lane:
                    self.end_agent(over, lost, at, "")
            return agent
        return self.lanes.of(None) or self.begin("", at)

    def open_chat(self, agent: Agent, end: int = 0) -> Chat:
        """Begins a model call, asked when the agent was ready; one that has ended already has an ``end``."""
        agent.chats += 1
        agent.chat = Chat(agent.ids.child("chat", agent.chats), agent.ready, end)
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
        self.signals += self.builder.chat(chat, agent)

    def end_wait(self, request_id: str, at: int, decision: str, by: str = "") -> None:
        """Ends a request for leave; unknown ones are ignored."""
        wait = self.waits.pop(request_id, None)
        if wait is None:
            return
        call = self.lanes.find(wait.agent, wait.call_id)
        if call is not None:
            call.allowed_at, call.denied = at, decision != "allowed"
        self.signals += self.builder.wait(wait, at, decision=decision, by=by)

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
                self.signals += self.builder.call(
                    call, agent, at, error=error, result="", exit_code=None
                )
        self.lanes.pop(lane)
        main = lane is None
        self.signals += self.builder.agent(agent, at, stop_reason=stop_reason, main=main)

    def log(
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
        """Adds a log record of what is no operation; ``content`` goes to who asked for it."""
        ids = None if agent is None else agent.ids
        self.signals.append(
            self.builder.event(name, at, body, told or {}, ids=ids, failed=failed, content=content)
        )

    def count(
        self, instrument: names.Instrument, value: float, told: Mapping[str, str] | None = None
    ) -> None:
        """Adds to a counter."""
        self.signals.append(self.builder.counted(instrument, value, told or {}))

    def content(self, text: str) -> str:
        """As much of what was said as is sent; nothing where nobody asked for it."""
        return text[:MAX_CONTENT] if self.builder.wants_content else ""
