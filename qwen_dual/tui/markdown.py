"""Finished Markdown to lines: rich where the text needs it and rich is there, plain text else.

Owns the choice and the loading; ``rich_markdown`` does the work.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from qwen_dual.tui.lines import plain, wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.tui.lines import Line

    Rich = Callable[[str, int], list[Line]]

log = logging.getLogger(__name__)

MIN_WIDTH = 16
"""In fewer columns than this only plain text is of use."""

# Without any of these a paragraph looks the same however it is rendered; rich takes 7 ms/kB.
_MARKUP = re.compile(r"[*_`#<>\[\]|~\\&]|^\s*(?:[-+=]|\d+[.)]\s)|^(?: {4}|\t)|  $", re.MULTILINE)


class MarkdownRenderer:
    """Renders finished blocks; plain until ``load`` has run.

    Args:
        rich: renders text at a width; None until it is loaded.
    """

    def __init__(self, rich: Rich | None = None) -> None:
        self._rich = rich

    @property
    def loaded(self) -> bool:
        """Whether rich is there."""
        return self._rich is not None

    def load(self) -> None:
        """Imports rich and renders once, which loads what it loads late. For a thread."""
        if self._rich is None:
            from qwen_dual.tui.rich_markdown import RichMarkdown

            render = RichMarkdown().render
            render("`a` **b**\n\n```python\nx = 1\n```", 40)
            self._rich = render

    def render(self, text: str, width: int) -> list[Line]:
        """``text`` in lines of at most ``width`` columns; never fails."""
        if self._rich is None or width < MIN_WIDTH or not _MARKUP.search(text):
            return self._plain(text, width)
        try:
            return self._rich(text, width)
        except Exception:
            log.exception("rich failed on a block of %d characters", len(text))
            return self._plain(text, width)

    def _plain(self, text: str, width: int) -> list[Line]:
        if _MARKUP.search(text):
            return plain(wrap(text, width))
        # A line break inside a Markdown paragraph is a space.
        return plain(wrap(" ".join(text.split("\n")), width))
