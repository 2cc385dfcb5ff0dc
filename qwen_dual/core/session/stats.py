"""Counts what a session did: an observer of the bus, and the text of ``/stats``."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct, field

from qwen_dual.core.tools.tool import Display

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from qwen_dual.core.tools.tool import Tool
    from qwen_dual.protocol.agents import AgentCalls
    from qwen_dual.protocol.events import Event


class Counts(Struct):
    """What one agent did, or all those of one name.

    Attributes:
        agents: how many of them there were.
        turns: those in which its model was asked.
        api_ms: milliseconds that it waited for its model.
        tools: its calls, by the tool's name.
        failed: how many of them came to an error.
    """

    agents: int = 0
    turns: int = 0
    api_ms: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    tools: Counter[str] = field(default_factory=Counter)
    failed: int = 0


class Stats:
    """What was done since it was made, each agent's apart.

    Attributes:
        main: the main agent's; its tokens are those of its turns, with what others took in them.
        agents: those of the others, by their names.
        aside: what calls outside of the conversation took.
        cost: what all of it cost in US dollars; None where that is not known.
        unpriced: the models of which no price was known.
        taken_back: prompts that the conversation has no more; what they took was taken all the same.
    """

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.main = Counts()
        self.agents: dict[str, Counts] = {}
        self._agents: AgentCalls | None = None  # once one is called
        self._lanes: dict[str, Counts] = {}
        self.aside = Counts()
        self.taken_back = 0
        self.cost: float | None = None
        self.unpriced: dict[str, None] = {}

    def __call__(self, event: Event) -> None:
        """Takes one event."""
        kind = event["type"]
        agent = event.get("parent_tool_use_id")
        counts = self.main if agent is None else self._of(agent)
        if kind == "assistant":
            blocks = event["message"]["content"]
            if any("prompt" in block.get("input", ()) for block in blocks):
                self._calls.called(blocks, agent)
            for block in event["message"]["content"]:
                if block["type"] == "tool_use":
                    counts.tools[block["name"]] += 1
            if agent is not None:  # which the turn that it works for has in its result
                _add(counts, event["message"]["usage"])
        elif kind == "result" and agent is None:
            counts.turns += event["num_turns"] > 0
            counts.api_ms += event["duration_api_ms"]
            _add(counts, event["usage"])
        elif kind == "user":
            self._results(event, counts)
        elif kind == "system" and event["subtype"] == "side_call":
            self.aside.turns += 1
            _add(self.aside, event["data"]["usage"])
        elif kind == "system" and event["subtype"] == "usage":
            self.cost = event["data"]["total"]["cost_usd"]
            if event["data"]["cost_usd"] is None:
                self.unpriced[event["data"]["model"]] = None
        elif kind == "system" and event["subtype"] == "rewound":
            data = event["data"]
            self.taken_back += -data["prompts"] if data["undo"] else data["prompts"]
        elif kind == "system" and self._agents is not None:
            ended = self._agents.system_event(event["subtype"], event["data"])
            self._lanes.pop(ended or "", None)

    def _results(self, event: Event, counts: Counts) -> None:
        caller = event.get("parent_tool_use_id")
        for block in event["message"]["content"]:
            if block["type"] == "tool_result":
                counts.failed += block["is_error"]
                if self._agents is not None and self._agents.answered(
                    block["tool_use_id"], caller, failed=block["is_error"]
                ):
                    self._lanes.pop(block["tool_use_id"], None)

    @property
    def _calls(self) -> AgentCalls:
        from qwen_dual.protocol.agents import AgentCalls

        self._agents = self._agents or AgentCalls()
        return self._agents

    def _of(self, agent: str) -> Counts:
        """What agents of the same name did as the one that works for the call ``agent``."""
        counts = self._lanes.get(agent)
        if counts is None:
            name = self._calls.of(agent).name
            counts = self._lanes[agent] = self.agents.setdefault(name, Counts())
            counts.agents += 1
        return counts

    def _cost(self, priced: Collection[str]) -> str:
        from qwen_dual.protocol.visible import visible_line

        if self.cost is not None:
            return f"${self.cost:,.4f}"
        if not priced or not self.unpriced:
            return ""
        return f"not known: no price in modelPricing for {visible_line(', '.join(self.unpriced))}"

    def describe(self, tools: Mapping[str, Tool], priced: Collection[str] = ()) -> str:
        """A few lines for a person.

        Args:
            tools: those that there are, by name.
            priced: models that have a price.
        """
        from qwen_dual.protocol.visible import visible_line

        seconds = time.monotonic() - self._began
        main = self.main
        rows = [
            f"Turns   {main.turns}" + (f", {back} taken back" if (back := self.taken_back) else ""),
            f"Tokens  {main.input_tokens} in, {main.output_tokens} out",
            f"Tools   {_calls(main.tools, tools)}; failed {main.failed}",
        ]
        head = "Agents"
        for name, one in self.agents.items():
            many = f" ×{one.agents}" if one.agents > 1 else ""
            took = f"{one.input_tokens} in, {one.output_tokens} out"
            failed = f"; failed {one.failed}" if one.failed else ""
            told = f"{visible_line(name)}{many}: {took}; tools: {_calls(one.tools, tools)}{failed}"
            rows.append(f"{head:8}{told}")
            head = ""
        if (aside := self.aside).turns:
            taken, given = aside.input_tokens, aside.output_tokens
            rows.append(
                f"Aside   {aside.turns}: {taken} in, {given} out, for tools, hooks and servers"
            )
        if told := self._cost(priced):
            rows.append(f"Cost    {told}")
        rows.append(f"Time    {_duration(seconds)}, model {_duration(main.api_ms / 1000)}")
        return "\n".join(rows)


def _add(counts: Counts, usage: Mapping[str, int]) -> None:
    counts.input_tokens += usage["input_tokens"]
    counts.output_tokens += usage["output_tokens"]


def _calls(counted: Counter[str], tools: Mapping[str, Tool]) -> str:
    words: Counter[str] = Counter()
    for name, count in counted.items():
        words[(tools[name].display if name in tools else Display.of(name)).word] += count
    return ", ".join(f"{word} {count}" for word, count in words.most_common()) or "none"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
