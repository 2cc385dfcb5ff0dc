"""Finished blocks on their way to the scrollback.

Rendering Markdown takes milliseconds a block, so each pass has a budget and the rest waits, in
order.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from qwen_dual.frontends.tui.state.blocks import (
    AnswerBlock,
    MarkBlock,
    NoticeBlock,
    PersonBlock,
    PictureBlock,
    SessionBlock,
)
from qwen_dual.frontends.tui.terminal.guest import Guest
from qwen_dual.frontends.tui.text.lines import join

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from qwen_dual.frontends.tui.dialogs.preview_layout import Work
    from qwen_dual.frontends.tui.rendering.render import BlockRenderer
    from qwen_dual.frontends.tui.rendering.scrollback import Scrollback
    from qwen_dual.frontends.tui.state.blocks import Block
    from qwen_dual.frontends.tui.text.lines import Line

BUDGET = 0.012
"""Seconds of rendering in one pass; a frame at 25 a second has 40 ms."""

IDLE_BUDGET = 0.03
"""The same when no turn runs, so that what a flood left is shown soon."""

LAST_BUDGET = 0.5
"""Seconds for all that waits at the end: whoever leaves does not wait for megabytes."""

LAST_BLOCKS = 20
"""Blocks that are shown at the end however much waits before them."""

LEFT_OUT = "… {count:,} characters left out: the program ended before they were shown"

LONG_TEXT = 3_000
LONG_TABLE = 150
"""Characters of a block, and cells in it, from which on a thread renders it: a table of a hundred
rows takes 70 ms and more, and keys would wait for it."""


class Transcript:
    """What has been said, as far as the screen goes.

    Args:
        scrollback: takes the text.
        renderer: gives a block's lines.
        width: the columns to render for.
        spoken: words in place of symbols, for a screen reader.
        guest: says which marks blocks get.
    """

    def __init__(
        self,
        scrollback: Scrollback,
        renderer: BlockRenderer,
        width: Callable[[], int],
        *,
        spoken: bool = False,
        guest: Guest | None = None,
    ) -> None:
        self._guest = guest or Guest()
        self._seq = 0  # of the event that the next block came with
        self._scrollback = scrollback
        self._renderer = renderer
        self._width = width
        self._spoken = spoken
        self._in_thread: Callable[[Work], object] | None = None
        self._on_ready: Callable[[], object] = lambda: None
        self._on_hold = False
        self._waiting: deque[Block] = deque()
        self._last: Block | None = None
        self._making: tuple[Block, int] | None = None  # what a thread renders, and the width
        self._made: list[Line] | None = None

    def render_in(
        self,
        in_thread: Callable[[Work], object] | None,
        on_ready: Callable[[], object] = lambda: None,
    ) -> None:
        """Renders long blocks elsewhere from now on.

        Args:
            in_thread: runs the first callable in a thread and gives its result to the second on the
                loop; None: all is rendered at once.
            on_ready: called when what a thread rendered can be committed.
        """
        self._in_thread, self._on_ready = in_thread, on_ready

    def add(self, blocks: Iterable[Block]) -> None:
        """Appends finished blocks."""
        self._waiting.extend(blocks)

    @property
    def waiting(self) -> bool:
        """Whether there is something to do in the next pass."""
        made = self._making is None or self._made is not None or self._in_thread is None
        return bool(self._waiting) and not self._held(self._waiting[0]) and made

    def hold(self) -> None:
        """Lets answers and diffs wait, and what follows them: what renders them is not there yet."""
        self._on_hold = True

    def release(self) -> None:
        """Ends ``hold``."""
        self._on_hold = False

    def finish(self, budget: float = LAST_BUDGET) -> None:
        """Commits all that waits, at once; of what takes longer than the budget only the last."""
        self.release()
        self.render_in(None)
        deadline = time.monotonic() + budget
        while time.monotonic() < deadline and self.commit():
            pass
        if len(self._waiting) > LAST_BLOCKS:
            self._leave_out()
        while self.commit():
            pass

    def _leave_out(self) -> None:
        count = 0
        while len(self._waiting) > LAST_BLOCKS:
            count += len(getattr(self._waiting.popleft(), "text", ""))
        self._waiting.appendleft(NoticeBlock("quiet", LEFT_OUT.format(count=count)))

    def commit(self, budget: float = BUDGET) -> bool:
        """Commits what waits, as far as the budget goes; False when there was nothing."""
        if not self.waiting:
            return False
        width = self._width()
        deadline = time.monotonic() + budget
        lines: list[Line] = []
        done = False
        while self._waiting:
            block = self._waiting[0]
            if self._held(block):
                break
            if isinstance(block, MarkBlock):
                self._waiting.popleft()
                self._seq = block.seq
                continue
            rendered = self._rendered(block, width)
            if rendered is None:
                break
            self._waiting.popleft()
            done = True
            if isinstance(block, SessionBlock):
                self._begin_session(lines)
                lines = []
            lines += self._marked(block, rendered)
            self._last = block
            if time.monotonic() >= deadline:
                break
        if done:
            self._scrollback.commit(join(lines))
        return done

    def _marked(self, block: Block, lines: list[Line]) -> list[Line]:
        seq, self._seq = self._seq, 0
        return self._guest.marked(lines, seq, prompt=isinstance(block, PersonBlock))

    def _held(self, block: Block) -> bool:
        rich = isinstance(block, AnswerBlock) or getattr(block, "diff", False)
        return self._on_hold and rich

    def _rendered(self, block: Block, width: int) -> list[Line] | None:
        """The lines of the block that is next; None while a thread renders it."""
        if self._in_thread is None or not _is_long(block):
            self._making = self._made = None
            return self._lines(block, width, self._last)
        if self._made is not None and self._making == (block, width):
            made, self._making, self._made = self._made, None, None
            return made
        self._making, self._made = (block, width), None
        previous, wanted = self._last, self._making

        def take(lines: list[Line]) -> None:
            if self._making is wanted:
                self._made = lines
            self._on_ready()

        self._in_thread((lambda: self._lines(block, width, previous), take))
        return None

    def _lines(self, block: Block, width: int, previous: Block | None) -> list[Line]:
        lines = self._renderer.render(block, width, previous)
        if not self._spoken:
            return lines
        from qwen_dual.frontends.tui.rendering.spoken import spoken  # few have a screen reader

        return spoken(block, lines)

    def _begin_session(self, lines: list[Line]) -> None:
        if lines:
            self._scrollback.commit(join(lines))
        self._scrollback.clear()
        self._last = None


def _is_long(block: Block) -> bool:
    if isinstance(block, PictureBlock):
        return True
    text = getattr(block, "text", "")
    return len(text) > LONG_TEXT or text.count("|") > LONG_TABLE
