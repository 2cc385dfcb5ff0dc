"""Where in the scrollback what was said stands: which event each finished block came with. Pure.

For hosts that lead from a message to its line (``--screen-marks``, OSC 7502), and, as shells do for theirs
(OSC 133), for a terminal that leads from prompt to prompt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.frontends.tui.state.blocks import AnswerBlock, MarkBlock, ThoughtBlock
from qwen_dual.frontends.tui.state.view import View
from qwen_dual.frontends.tui.text.links import ESCAPE
from qwen_dual.protocol.osc import ST, screen_mark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.frontends.tui.state.blocks import Block
    from qwen_dual.frontends.tui.text.lines import Fragment, Line
    from qwen_dual.protocol.events import Event

PROMPT: Fragment = (ESCAPE, f"\x1b]133;A{ST}")
OUTPUT: Fragment = (ESCAPE, f"\x1b]133;B{ST}\x1b]133;C{ST}")


class MarkedView(View):
    """A view that puts a ``MarkBlock`` before each block that is finished.

    What the model writes belongs to the event that began it (``content_block_start``): when its first
    lines are shown, the one that will hold all of it is not there yet. All else belongs to the event at
    which it was finished.
    """

    _begun_by = 0  # the event that began what the model writes
    _marked = 0  # blocks of ``_finished``, with their marks

    def __call__(self, event: Event) -> None:
        """Takes one event."""
        super().__call__(event)
        self._mark(event.get("seq", 0))
        if event["type"] == "stream_event" and event.get("parent_tool_use_id") is None:
            begins = event["event"]["type"] == "content_block_start"
            self._begun_by = event.get("seq", 0) if begins else self._begun_by

    def take(self) -> list[Block]:
        """What was finished since the last call, in order, each with its mark before it."""
        self._drain()
        self._mark(self._begun_by)
        self._marked = 0
        return super().take()

    def put_back(self, blocks: Sequence[Block]) -> None:
        """Gives back what ``take`` gave, without marks where there are to be none."""
        super().put_back(blocks)
        self._marked += len(blocks)

    def _mark(self, seq: int) -> None:
        while self._marked < len(self._finished):
            by_model = isinstance(self._finished[self._marked], AnswerBlock | ThoughtBlock)
            self._finished.insert(self._marked, MarkBlock(self._begun_by if by_model else seq))
            self._marked += 2


def with_marks(lines: list[Line], seq: int | None, *, prompt: bool) -> list[Line]:
    """``lines`` of a block with its marks, which take no room.

    Args:
        lines: of one block; those above its first text only set it apart.
        seq: of its event, 0 where it came with none; None for no such mark.
        prompt: it is what somebody entered, and prompts are marked.
    """
    if not lines:
        return lines
    marks: Line = [] if seq is None else [(ESCAPE, screen_mark(seq))]
    if prompt:
        marks.append(PROMPT)
    first = next((index for index, line in enumerate(lines) if line), 0)
    marked = [*lines]
    marked[first] = [*marks, *lines[first]]
    if prompt:
        marked[-1] = [*marked[-1], OUTPUT]
    return marked
