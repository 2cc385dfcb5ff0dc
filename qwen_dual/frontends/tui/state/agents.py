"""What sub-agents do, each in its lane: who is at work, at what, and what it took so far.

Nothing of it is the main agent's: no text, no call, no count of tokens. On the screen a sub-agent is the
line of the call that it works for (``Lanes``); all that it says and does has a transcript of its own
(``AgentTexts``), which is part of the whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

from qwen_dual.frontends.tui.state.blocks import NoticeBlock, ToolBlock
from qwen_dual.frontends.tui.state.live_state import main_argument
from qwen_dual.frontends.tui.state.outcome import elapsed, taken
from qwen_dual.protocol.agents import AgentCalls, agent_call
from qwen_dual.protocol.sanitise import sanitise
from qwen_dual.protocol.visible import visible_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from qwen_dual.core.tools.tool import Display
    from qwen_dual.frontends.tui.rendering.whole import WholeTranscript
    from qwen_dual.frontends.tui.state.blocks import Block
    from qwen_dual.protocol.agents import AgentCall
    from qwen_dual.protocol.events import Event

MAX_NAME = 40

MAX_KEPT = 20
"""Lanes of agents that ended, of those that worked last."""

MAX_OPEN_CALLS = 100
"""Of one agent's calls that have no result yet."""


class AgentAtWork(Struct):
    """A sub-agent between its call and what comes of it.

    Attributes:
        call_id: the call that it works for, by which its events name it.
        name: who it is.
        title: what it is to do, in a few words; one line.
        started: the clock when it began.
        background: the turn goes on without waiting for it.
        calls: how many it has made.
        tokens: what its model was sent and has written, as far as it told.
        depth: how many agents stand between it and the main one.
        colour: of its name, one of ``theme.AGENT_COLOURS``; empty for none.
    """

    call_id: str
    name: str
    title: str = ""
    started: float = 0.0
    background: bool = False
    calls: int = 0
    tokens: int = 0
    depth: int = 0
    colour: str = ""
    thinks: str = "Starting"
    open_calls: dict[str, str] = field(default_factory=dict)

    @property
    def doing(self) -> str:
        """What it is at, in words."""
        if not self.open_calls:
            return self.thinks
        latest = next(reversed(self.open_calls.values()))
        more = len(self.open_calls) - 1
        return f"{latest} and {more} more" if more else latest


class Lanes:
    """The sub-agents that are at work.

    Args:
        display_of: how the tool with a name is called before a person.
        now: a monotonic clock in seconds.
        colour_of: the colour of the agent with a name; empty for none.

    Attributes:
        at_work: them, by the call that each works for, in the order in which they began.
    """

    def __init__(
        self,
        display_of: Callable[[str], Display],
        now: Callable[[], float],
        colour_of: Callable[[str], str],
    ) -> None:
        self._display_of = display_of
        self._colour_of = colour_of
        self._now = now
        self.at_work: dict[str, AgentAtWork] = {}
        self._calls = AgentCalls()
        self._told_ends = 0  # of agents in the background, that the main agent does not know of yet

    def called(self, blocks: Iterable[Event], caller: str | None = None) -> None:
        """Takes the blocks of a message: who works for which call stands in the call."""
        self._calls.called(blocks, caller)

    def system_event(self, subtype: str, data: Event) -> list[Block]:
        """Takes what the system tells: that an agent goes on in the background, or ended there."""
        ended = self._calls.system_event(subtype, data)
        if subtype == "task_started":
            agent = data["tool_use_id"]
            self.at_work.pop(agent, None)
            self._lane(agent)
        lane = self.at_work.pop(ended, None) if ended is not None else None
        if lane is None:
            return []
        self._told_ends += 1
        return [self._ended_apart(lane, data["status"])]

    def reported(self, text: str) -> list[Block]:
        """The main agent is told that one has ended: nothing more to show where its line says so."""
        if self._told_ends:
            self._told_ends -= 1
            return []
        return [NoticeBlock("quiet", sanitise(text))]

    def _ended_apart(self, lane: AgentAtWork, status: str) -> ToolBlock:
        notes = [*taken(lane), elapsed(self._now() - lane.started), "in the background"]
        if status != "completed":
            notes.insert(0, sanitise(status))
        state: Literal["ok", "error"] = "ok" if status == "completed" else "error"
        note = " · ".join(notes)
        return ToolBlock(lane.name, lane.title, state, note=note, colour=lane.colour)

    def name_of(self, agent: str) -> str:
        """Who works for the call ``agent``."""
        return _name(self._calls.of(agent))

    def stream(self, agent: str, inner: Event) -> None:
        """Takes the inner event of a ``stream_event`` that is no delta."""
        if inner["type"] == "content_block_start":
            kind = inner["content_block"]["type"]
            self._lane(agent).thinks = "Answering" if kind == "text" else "Thinking"

    def take(self, event: Event, agent: str) -> list[Block]:
        """Takes an event of the sub-agent ``agent``; returns what is to stand in the transcript.

        Args:
            event: any but the control events.
            agent: the call that it works for.
        """
        kind = event["type"]
        if kind == "system":
            data = event["data"]
            if event["subtype"] != "notice":
                return self.system_event(event["subtype"], data)
            return [NoticeBlock(data["level"], f"{self.name_of(agent)}: {sanitise(data['text'])}")]
        if kind not in ("assistant", "user"):
            return []
        lane = self._lane(agent)
        content = event["message"]["content"]
        if kind == "assistant":
            usage = event["message"]["usage"]
            lane.tokens += usage.get("input_tokens", 0) + usage.get("output_tokens", 0)
            self.called(content, agent)
        for block in content:
            if block["type"] == "tool_use":
                lane.calls += 1
                if len(lane.open_calls) < MAX_OPEN_CALLS:
                    lane.open_calls[block["id"]] = self._doing(block["name"], block["input"])
            elif block["type"] == "tool_result":
                lane.open_calls.pop(block["tool_use_id"], None)
                lane.thinks = "Thinking"
                self.ended(block["tool_use_id"], failed=block["is_error"], caller=agent)
        return []

    def ended(
        self, call_id: str, *, failed: bool = False, caller: str | None = None
    ) -> AgentAtWork | None:
        """A call has its result; returns the agent that worked for it until then.

        Args:
            call_id: the call.
            failed: the result is an error: then nothing goes on in the background either.
            caller: whose call it was; the main agent's where None.
        """
        if self._calls.answered(call_id, caller, failed=failed):
            return self.at_work.pop(call_id, None)
        return None

    def clear(self) -> None:
        """The turn ended: only what goes on in the background is still at work."""
        self._calls.turn_ended()
        self.at_work = {key: lane for key, lane in self.at_work.items() if self._calls.knows(key)}

    def _lane(self, agent: str) -> AgentAtWork:
        lane = self.at_work.get(agent)
        if lane is None:
            call = self._calls.of(agent)
            above = self.at_work.get(call.caller or "")
            lane = self.at_work[agent] = AgentAtWork(
                agent,
                _name(call),
                visible_line(" ".join(call.description.split()), "prose"),
                started=self._now(),
                background=call.background,
                depth=above.depth + 1 if above is not None else 0,
                colour=self._colour_of(call.name),
            )
        return lane

    def _doing(self, name: str, arguments: Event) -> str:
        named = agent_call(arguments)
        if named is not None:
            return f"Waiting for {_name(named)}"
        doing = self._display_of(sanitise(name)).doing
        return f"{doing} {visible_line(main_argument(arguments))}".rstrip()


def _name(call: AgentCall) -> str:
    return visible_line(" ".join(call.name.split()))[:MAX_NAME]


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

    def system_event(self, subtype: str, data: Event) -> str:
        """Takes what the system tells: that an agent goes on in the background, or ended there.

        Returns:
            The text of the lane that ended.
        """
        agent = self._calls.system_event(subtype, data)
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
