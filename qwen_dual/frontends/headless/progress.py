"""One line on stderr that says what a run is at, redrawn in place while nothing else is written.

For a person at a terminal: it is made only where stderr is one.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import anyio

from qwen_dual.protocol.sanitise import sanitise

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.protocol.events import Event

REDRAW_SECONDS = 0.25
CLEAR = "\r\x1b[K"

_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_WORDS = {
    "thinking": "thinking",
    "responding": "answering",
    "compacting": "making room",
    "awaiting_approval": "waits for leave",
}


class Progress:
    """The line of one run: an observer, and a task that redraws it.

    Args:
        write: takes text for the terminal.
        columns: its width.
        may_draw: whether the cursor is at the beginning of a line.
        now: seconds, of a clock that only goes forward.
    """

    def __init__(
        self,
        write: Callable[[str], object],
        columns: Callable[[], int],
        may_draw: Callable[[], bool] = lambda: True,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write = write
        self._columns = columns
        self._may_draw = may_draw
        self._now = now
        self._began = now()
        self._doing = ""
        self._tools: dict[str, str] = {}
        self._tokens = 0
        self._frame = 0
        self._drawn = False

    def __call__(self, event: Event) -> None:
        """Takes one event; of a sub-agent's, the call that it works for says enough."""
        if event.get("parent_tool_use_id") is not None:
            return
        kind, data = event["type"], event.get("data", {})
        if kind == "assistant":
            self._tokens += event["message"]["usage"].get("output_tokens", 0)
        elif kind == "user":
            for block in event["message"]["content"]:
                self._tools.pop(block.get("tool_use_id", ""), None)
        elif event.get("subtype") == "state":
            self._doing = _WORDS.get(data["state"], "")
        elif event.get("subtype") == "tool_progress" and data["status"] == "started":
            title = sanitise(data["text"]).partition("\n")[0]
            self._tools[data["tool_use_id"]] = f"{data['tool_name']} {title}".strip()
        elif event.get("subtype") == "model_retry":
            self._doing = f"tries again: {sanitise(data['message'])}"

    async def run(self) -> None:
        """Redraws until cancelled, and leaves nothing behind."""
        try:
            while True:
                await anyio.sleep(REDRAW_SECONDS)
                self.draw()
        finally:
            self.clear()

    def draw(self) -> None:
        """Shows how things are."""
        doing = next(reversed(self._tools.values()), self._doing)
        if not doing or not self._may_draw():
            return
        self._frame += 1
        end = f" · {self._now() - self._began:.0f} s"
        if self._tokens:
            end += f" · {self._tokens:,} tokens"
        room = max(0, self._columns() - len(end) - 3)
        if len(doing) > room:
            doing = doing[: max(0, room - 1)] + "…"
        self._write(f"{CLEAR}{_FRAMES[self._frame % len(_FRAMES)]} {doing}{end}")
        self._drawn = True

    def clear(self) -> None:
        """Takes the line away, before something else is written there."""
        if self._drawn:
            self._write(CLEAR)
            self._drawn = False
