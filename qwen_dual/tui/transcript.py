"""Finished blocks on their way to the scrollback.

Rendering Markdown takes milliseconds a block, so each pass has a budget and the rest waits, in
order.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from qwen_dual.tui.blocks import SessionBlock
from qwen_dual.tui.lines import join
from qwen_dual.tui.spoken import spoken as in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from qwen_dual.tui.blocks import Block
    from qwen_dual.tui.lines import Line
    from qwen_dual.tui.render import BlockRenderer
    from qwen_dual.tui.scrollback import Scrollback

BUDGET = 0.012
"""Seconds of rendering in one pass; a frame at 25 a second has 40 ms."""

IDLE_BUDGET = 0.03
"""The same when no turn runs, so that what a flood left is shown soon."""


class Transcript:
    """What has been said, as far as the screen goes.

    Args:
        scrollback: takes the text.
        renderer: gives a block's lines.
        width: the columns to render for.
        spoken: words in place of symbols, for a screen reader.
    """

    def __init__(
        self,
        scrollback: Scrollback,
        renderer: BlockRenderer,
        width: Callable[[], int],
        *,
        spoken: bool = False,
    ) -> None:
        self._scrollback = scrollback
        self._renderer = renderer
        self._width = width
        self._spoken = spoken
        self._on_hold = False
        self._waiting: deque[Block] = deque()
        self._last: Block | None = None

    def add(self, blocks: Iterable[Block]) -> None:
        """Appends finished blocks."""
        self._waiting.extend(blocks)

    @property
    def waiting(self) -> bool:
        """Whether blocks were left for the next pass."""
        return bool(self._waiting) and not self._on_hold

    def hold(self) -> None:
        """Lets everything wait: what it is rendered with is not there yet."""
        self._on_hold = True

    def release(self) -> None:
        """Ends ``hold``."""
        self._on_hold = False

    def commit(self, budget: float = BUDGET) -> bool:
        """Commits what waits, as far as the budget goes; False when there was nothing."""
        if not self.waiting:
            return False
        width = self._width()
        deadline = time.monotonic() + budget
        lines: list[Line] = []
        while self._waiting:
            block = self._waiting.popleft()
            if isinstance(block, SessionBlock):
                self._begin_session(lines)
                lines = []
            lines += self._lines(block, width, self._last)
            self._last = block
            if time.monotonic() >= deadline:
                break
        self._scrollback.commit(join(lines))
        return True

    def _lines(self, block: Block, width: int, previous: Block | None) -> list[Line]:
        lines = self._renderer.render(block, width, previous)
        return in_words(block, lines) if self._spoken else lines

    def _begin_session(self, lines: list[Line]) -> None:
        if lines:
            self._scrollback.commit(join(lines))
        self._scrollback.clear()
        self._last = None
