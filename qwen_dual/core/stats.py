"""Counts what a session did: an observer of the bus, and the text of ``/stats``."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from qwen_dual.core.tool import Display

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.core.tool import Tool
    from qwen_dual.protocol.events import Event


class Stats:
    """Turns, tokens, tool calls and time since it was made."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._api_ms = 0
        self.turns = 0
        self.input_tokens = 0
        self.output_tokens = 0
        self.tools: Counter[str] = Counter()
        self.failed_tools = 0

    def __call__(self, event: Event) -> None:
        """Takes one event."""
        kind = event["type"]
        if kind == "assistant":
            for block in event["message"]["content"]:
                if block["type"] == "tool_use":
                    self.tools[block["name"]] += 1
        elif kind == "result":
            self.turns += event["num_turns"] > 0
            self._api_ms += event["duration_api_ms"]
            self.input_tokens += event["usage"]["input_tokens"]
            self.output_tokens += event["usage"]["output_tokens"]
        elif kind == "user":
            for block in event["message"]["content"]:
                self.failed_tools += block.get("is_error", False)

    def describe(self, tools: Mapping[str, Tool]) -> str:
        """A few lines for a person; ``tools`` are those that there are, by name."""
        seconds = time.monotonic() - self._began
        words: Counter[str] = Counter()
        for name, count in self.tools.items():
            words[(tools[name].display if name in tools else Display.of(name)).word] += count
        calls = ", ".join(f"{word} {count}" for word, count in words.most_common()) or "none"
        return "\n".join(
            (
                f"Turns   {self.turns}",
                f"Tokens  {self.input_tokens} in, {self.output_tokens} out",
                f"Tools   {calls}; failed {self.failed_tools}",
                f"Time    {_duration(seconds)}, model {_duration(self._api_ms / 1000)}",
            )
        )


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
