"""The sub-agents of a hosted session, each apart: who it is, what it said and did, what came of it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qwen_dual.host.calls import content_text, text_in
from qwen_dual.host.promise import Promise
from qwen_dual.protocol.agents import NAMELESS, AgentCall, AgentCalls

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.host.event import Event
    from qwen_dual.host.records import Request

ENDED_KEPT = 100
"""Agents that have ended and are still known."""

CALLS_KEPT = 1_000
"""Of one agent's calls, the last."""

PROMPTS_KEPT = 10_000
"""The last ones, whose agents are known no more once they are taken back."""

_COUNTED = ("input_tokens", "output_tokens", "cache_read_input_tokens")


@dataclass(frozen=True, slots=True)
class AgentToolCall:
    """A tool call of a sub-agent.

    Attributes:
        id: the call; another agent may have one of the same id.
        name: the tool's.
        input: its arguments.
        result: what it came to; None while it runs or waits.
        is_error: whether that is an error; None likewise.
    """

    id: str
    name: str
    input: dict[str, Any]
    result: str | None = None
    is_error: bool | None = None


class Agent:
    """One sub-agent; what it tells changes while the session is followed.

    Attributes:
        id: the call that it works for, which its events carry as ``parent_tool_use_id``.
        name: who it is: ``explore``, ``general-purpose`` …
        description: what it is to do, in a few words; empty where the program does not say.
        prompt: the same in full.
        caller: the agent that called it, by its id; None for the main one.
        background: whether the turn goes on without waiting for it.
        text: its latest message.
        model_calls: how many its model has answered.
        usage: tokens, over all of them: ``input_tokens``, ``output_tokens``,
            ``cache_read_input_tokens``.
        pending: its requests that wait for an answer, by their ids.
        result: what it came to, as the main agent was told; empty before.
        prompted_by: the number of the prompt in whose turn it was first heard of.
    """

    def __init__(self, agent_id: str, call: AgentCall, prompted_by: int = 0) -> None:
        self.id = agent_id
        self.prompted_by = prompted_by
        self.name = call.name
        self.description = call.description
        self.prompt = call.prompt
        self.caller = call.caller
        self.background = call.background
        self.text = ""
        self.model_calls = 0
        self.usage: dict[str, int] = dict.fromkeys(_COUNTED, 0)
        self.pending: dict[str, Request] = {}
        self.result = ""
        self._calls: OrderedDict[str, AgentToolCall] = OrderedDict()
        self._end = ""
        self._done: Promise[Agent] = Promise()
        self._open_message = False
        self.ended_by: Event | None = None

    @property
    def state(self) -> str:
        """``working`` or ``awaiting_approval``; then ``completed``, ``failed`` or ``cancelled``."""
        return self._end or ("awaiting_approval" if self.pending else "working")

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return bool(self._end)

    @property
    def calls(self) -> tuple[AgentToolCall, ...]:
        """Its tool calls in their order, those that run among them."""
        return tuple(self._calls.values())

    async def wait(self) -> Agent:
        """Waits until it has ended, and returns it.

        Raises:
            SessionExited: the program is gone before.
        """
        return await self._done.wait()

    def __repr__(self) -> str:
        return f"<Agent {self.name} {self.state}>"

    def take(self, event: Event) -> None:
        """Takes an event of its lane."""
        if event.type == "stream_event" and event.subtype == "message_start":
            self.text, self._open_message = "", True
            self.model_calls += 1
        elif event.type == "assistant":
            self._message(event)
        elif event.type == "user":
            self._results(event)

    def end(self, state: str, event: Event | None, result: str = "") -> None:
        """It has ended."""
        self._end, self.result, self.ended_by = state, result or self.result, event
        self.pending.clear()
        self._done.keep(self)

    def fail(self, error: Callable[[], Exception]) -> None:
        """The program is gone."""
        self._done.fail(error)

    def _message(self, event: Event) -> None:
        if not self._open_message:  # a program that streams nothing: one event, one message
            self.text = ""
            self.model_calls += 1
        self.text += event.text
        message = event.get("message")
        usage = message.get("usage") if isinstance(message, dict) else None
        for key in _COUNTED:
            count = usage.get(key) if isinstance(usage, dict) else None
            self.usage[key] += count if isinstance(count, int) else 0
        for block in calls_in(event):
            self._calls.pop(block["id"], None)  # a later one of the same id stands last
            self._calls[block["id"]] = AgentToolCall(
                block["id"], text_in(block, "name"), block["input"]
            )
            while len(self._calls) > CALLS_KEPT:
                self._calls.popitem(last=False)

    def _results(self, event: Event) -> None:
        for call_id, result, is_error in results_in(event):
            call = self._calls.get(call_id)
            if call is not None:
                ended = AgentToolCall(call.id, call.name, call.input, result, is_error)
                self._calls[call_id] = ended


class Agents:
    """All of a session, from its events.

    Attributes:
        known: them by their ids: those at work, and the last of those that have ended. Those of turns
            that were taken back are not among them, unless that was undone.
    """

    def __init__(self) -> None:
        self.known: OrderedDict[str, Agent] = OrderedDict()
        self._calls = AgentCalls()
        self._gone: Callable[[], Exception] | None = None
        self._prompts: OrderedDict[str, int] = OrderedDict()
        self._prompt = 0
        self._cut: dict[str, Agent] = {}  # of turns that were taken back

    def feed(self, event: Event) -> None:
        """Takes an event, of whichever agent."""
        lane = event.parent_tool_use_id
        if lane is not None and event.type in ("stream_event", "assistant", "user"):
            self._agent(lane).take(event)
        if event.type == "assistant":
            calls = calls_in(event)
            self._calls.called(calls, lane)
            for call in calls if self._cut else ():
                self._cut.pop(call["id"], None)  # a new one, of the same id
        elif event.type == "user":
            if lane is None and event.text:
                self._prompted(event)
            for call_id, result, is_error in results_in(event):
                if self._calls.answered(call_id, lane, failed=is_error):
                    self._ended(call_id, "failed" if is_error else "completed", event, result)
        elif event.type == "system":
            if event.subtype == "rewound" and event.data.get("conversation") is True:
                self._rewound(event)
            self._system(event)
        elif event.type == "result" and lane is None:
            self._calls.turn_ended()
            for agent in [one for one in self.known.values() if not one.done]:
                if not self._calls.knows(agent.id):
                    self._ended(agent.id, "cancelled", event)

    def request(self, request: Request) -> str | None:
        """The name of the sub-agent that asks; None for the main agent."""
        if request.parent_tool_use_id is None:
            return None
        agent = self._agent(request.parent_tool_use_id)
        agent.pending[request.id] = request
        return agent.name

    def resolved(self, request: Request) -> None:
        """A request waits no longer."""
        if request.parent_tool_use_id is not None:
            lane = request.parent_tool_use_id
            agent = self.known.get(lane) or self._cut.get(lane)
            if agent is not None:
                agent.pending.pop(request.id, None)

    def fail(self, error: Callable[[], Exception]) -> None:
        """The program is gone: nothing will come any more."""
        self._gone = error
        for agent in (*self.known.values(), *self._cut.values()):
            if not agent.done:
                agent.fail(error)

    def _prompted(self, event: Event) -> None:
        """A prompt begins: what was taken back by now does not come back."""
        self._cut = {key: agent for key, agent in self._cut.items() if not agent.done}
        self._prompt += 1
        self._prompts[str(event.raw.get("uuid"))] = self._prompt
        if len(self._prompts) > PROMPTS_KEPT:
            self._prompts.popitem(last=False)

    def _rewound(self, event: Event) -> None:
        """The conversation went back: agents of turns that it lost are known no more; or forth."""
        if event.data.get("undo") is True:
            self.known.update(self._cut)
            self._cut.clear()
        else:
            first = self._prompts.get(str(event.data.get("to")), 0)
            gone = [key for key, agent in self.known.items() if agent.prompted_by >= first]
            self._cut |= {key: self.known.pop(key) for key in gone}

    def _agent(self, agent_id: str) -> Agent:
        agent = self.known.get(agent_id) or self._cut.get(agent_id)
        if agent is None or (agent.done and self._calls.of(agent_id) is not NAMELESS):
            agent = Agent(agent_id, self._calls.of(agent_id), self._prompt)
            self.known.pop(agent_id, None)
            self.known[agent_id] = agent
            self._forget()
        return agent

    def _system(self, event: Event) -> None:
        data = {"status": "completed", **event.data}
        ended = self._calls.system_event(event.subtype, data)
        if event.subtype == "task_started" and isinstance(data.get("tool_use_id"), str):
            agent, call = self._agent(data["tool_use_id"]), self._calls.of(data["tool_use_id"])
            agent.name, agent.description, agent.background = call.name, call.description, True
        elif ended is not None:
            status = data["status"] if data["status"] in ("completed", "failed") else "cancelled"
            self._ended(ended, status, event)

    def _ended(self, agent_id: str, state: str, event: Event, result: str = "") -> None:
        agent = self.known.get(agent_id) or self._cut.get(agent_id)
        if agent is not None and not agent.done:
            agent.end(state, event, result)

    def _forget(self) -> None:
        ended = [key for key, agent in self.known.items() if agent.done]
        for key in ended[: max(0, len(ended) - ENDED_KEPT)]:
            del self.known[key]


def calls_in(event: Event) -> list[dict[str, Any]]:
    """The tool calls of an ``assistant`` event, those left out that are none."""
    return [
        block
        for block in event.blocks
        if block.get("type") == "tool_use"
        and isinstance(block.get("id"), str)
        and isinstance(block.get("input"), dict)
    ]


def results_in(event: Event) -> list[tuple[str, str, bool]]:
    """Call, text and failure of each result in a ``user`` event."""
    found = []
    for block in event.blocks:
        call_id = block.get("tool_use_id")
        if block.get("type") == "tool_result" and isinstance(call_id, str):
            text = content_text(block.get("content"))
            found.append((call_id, text, block.get("is_error") is True))
    return found
