"""What sub-agents do, each apart: rows below the call that they work for, while it runs.

Nothing of it is the main agent's: no text, no call, no count of tokens. What a sub-agent comes to is
the result of its call, which stands in the transcript as every other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.frontends.tui.blocks import NoticeBlock
from qwen_dual.frontends.tui.live_state import OUTPUT_LINES, telling_argument
from qwen_dual.protocol.sanitise import sanitise
from qwen_dual.protocol.visible import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.core.tool import Display
    from qwen_dual.frontends.tui.blocks import Block
    from qwen_dual.frontends.tui.live_state import RunningTool
    from qwen_dual.protocol.events import Event


class _Call(Struct):
    """A call of a sub-agent: what it is, and how it ended."""

    what: str
    ended: str = ""

    @property
    def row(self) -> str:
        return f"{self.what} {self.ended}".rstrip()


class Lanes:
    """The sub-agents that are at work, by the call that each works for.

    Args:
        display_of: how the tool with a name is called before a person.
    """

    def __init__(self, display_of: Callable[[str], Display]) -> None:
        self._display_of = display_of
        # Each agent's calls by their ids: models count from the same number in every lane.
        self._calls: dict[str, dict[str, _Call]] = {}

    def take(self, event: Event, agent: str, running: RunningTool | None) -> list[Block]:
        """Takes an event of the sub-agent ``agent``; returns what is to stand in the transcript.

        Args:
            event: any but the control events.
            agent: the call that it works for.
            running: that call, which shows the rows; None where the main agent made no such call.
        """
        kind = event["type"]
        if kind == "system" and event["subtype"] == "notice":
            data = event["data"]
            who = f"{running.display.word} (sub-agent): " if running is not None else "Sub-agent: "
            return [NoticeBlock(data["level"], who + sanitise(data["text"]))]
        if kind not in ("assistant", "user"):
            return []
        calls = self._calls.setdefault(agent, {})
        for block in event["message"]["content"]:
            if block["type"] == "tool_use":
                calls.pop(block["id"], None)  # a later one of the same id stands last
                calls[block["id"]] = _Call(self._named(block["name"], block["input"]))
                while len(calls) > OUTPUT_LINES:
                    del calls[next(iter(calls))]
            elif block["type"] == "tool_result" and block["tool_use_id"] in calls:
                calls[block["tool_use_id"]].ended = "✗" if block["is_error"] else "✓"
        if running is not None and calls:
            running.show_output("\n".join(call.row for call in calls.values()))
        return []

    def ended(self, agent: str) -> None:
        """The call that ``agent`` worked for has its result."""
        self._calls.pop(agent, None)

    def clear(self) -> None:
        """None of them is at work any more."""
        self._calls.clear()

    def _named(self, name: str, arguments: Event) -> str:
        word = self._display_of(sanitise(name)).word
        return f"{word}  {visible(telling_argument(arguments))}".rstrip()
