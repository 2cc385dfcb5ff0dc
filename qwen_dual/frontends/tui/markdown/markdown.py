"""Finished Markdown to lines: rich where the text needs it and rich is there, plain text else.

Owns the choice and the loading; ``rich_markdown`` does the work.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from anyio import to_thread

from qwen_dual.frontends.tui.text.lines import plain, wrap
from qwen_dual.protocol.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.frontends.tui.text.diff_view import Parts
    from qwen_dual.frontends.tui.text.lines import Line

    Rich = Callable[[str, int], list[Line]]

log = logging.getLogger(__name__)

MIN_WIDTH = 16
"""In fewer columns than this only plain text is of use."""

MAX_MARKS = 1200
"""Marks in a block beyond which it stays as it was written: what is made of nothing else (brackets
within brackets, a table of thousands of cells) takes quadratic time, between two keys."""

_MARK = regex(r"[*_`<>\[\]|~\\&!]")
# Without any of these a paragraph looks the same however it is rendered; rich takes 7 ms/kB.
_MARKUP = regex(r"[*_`#<>\[\]|~\\&]|^\s*(?:[-+=]|\d+[.)]\s)|^(?: {4}|\t)|  $", re.MULTILINE)
_FENCES = ("```", "~~~")  # code has a bound of its own

RAW_ON = "raw Markdown from here on (alt+m ends it)"
RAW_OFF = "rendered Markdown from here on"


class MarkdownRenderer:
    """Renders finished blocks; plain until ``load`` has run.

    Args:
        rich: renders text at a width; None until it is loaded.
        links: the terminal shows hyperlinks (``links.supported``).

    Attributes:
        raw: show the source instead.
    """

    def __init__(self, rich: Rich | None = None, *, links: bool = False) -> None:
        self.raw = False
        self._rich = rich
        self._links = links
        self._highlight: Callable[[str, str], list[Parts]] | None = None

    def toggle_raw(self) -> str:
        """Shows the source from now on, or no longer; returns what to say of it."""
        self.raw = not self.raw
        return RAW_ON if self.raw else RAW_OFF

    @property
    def loaded(self) -> bool:
        """Whether rich is there."""
        return self._rich is not None

    def look(self) -> tuple[bool, bool]:
        """On what the look of a text depends besides the width."""
        return self.loaded, self.raw

    def load(self) -> None:
        """Imports rich and renders once, which loads what it loads late. For a thread."""
        if self._rich is None:
            from qwen_dual.frontends.tui.markdown.rich_markdown import RichMarkdown

            rich = RichMarkdown(links=self._links)
            rich.render("`a` **b**\n\n```python\nx = 1\n```", 40)
            self._highlight = rich.highlight_file
            self._rich = rich.render

    def render(self, text: str, width: int) -> list[Line]:
        """``text`` in lines of at most ``width`` columns; never fails."""
        if self.raw:
            return plain(wrap(text, width))
        if self._rich is None or width < MIN_WIDTH or not _MARKUP.search(text):
            return plain(wrap(text, width))
        if sum(1 for _ in _MARK.finditer(text)) > MAX_MARKS and not text.startswith(_FENCES):
            return plain(wrap(text, width))
        try:
            # Marks alone (``-``, a fence that holds nothing) mean nothing, but they were said.
            return self._rich(text, width) or plain(wrap(text, width))
        except Exception:
            log.exception("rich failed on a block of %d characters", len(text))
            return plain(wrap(text, width))

    def highlight(self, code: str, path: str) -> list[Parts]:
        """For each line of ``code`` its ``(kind, text)`` parts; all plain before ``load``."""
        if self._highlight is None:
            return [[("", row)] for row in code.split("\n")]
        return self._highlight(code, path)


async def load_in_thread(renderer: MarkdownRenderer) -> None:
    """Loads it off the loop's thread; where that cannot be, answers stay plain text."""
    try:
        await to_thread.run_sync(renderer.load, abandon_on_cancel=True)
    except Exception:
        log.exception("Markdown could not be loaded")
