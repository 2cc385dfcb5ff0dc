"""Markdown to the tokens that rich renders, by rules that lose no word of an answer.

Importing this module imports ``markdown_it``, so only what renders does, when it does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from qwen_dual.frontends.parsing.emphasis import use_cjk_emphasis
from qwen_dual.frontends.parsing.tables import drops_cells

if TYPE_CHECKING:
    from markdown_it.token import Token


class MarkdownParser:
    """Parses one block at a time.

    Args:
        images: whether whoever renders shows images where they stand; else they stay as written.
    """

    def __init__(self, *, images: bool) -> None:
        # Not ``html``: rich drops tags, and ``list<int>`` outside code would lose half of itself.
        self._parser = MarkdownIt().enable(["strikethrough", "table"])
        # Not ``reference``: a definition would vanish, and it seldom stands in the block that names it.
        self._parser.disable(["html_block", "html_inline", "reference"])
        if not images:  # rich would print one before its paragraph, on a row of any length
            self._parser.disable("image")
        use_cjk_emphasis(self._parser)
        # Its own check refuses file: and takes what no terminal should; whoever renders decides.
        self._parser.validateLink = lambda url: True  # type: ignore[method-assign]

    def parse(self, text: str) -> list[Token]:
        """``text`` in tokens; lines stay lines, and a table that would lose cells stays as written."""
        tokens = self._parser.parse(text)
        if drops_cells(tokens, text):
            with self._parser.reset_rules():
                self._parser.disable("table")
                tokens = self._parser.parse(text)
        for token in tokens:
            for inner in token.children or ():
                # rich makes a blank of it; models break lines where they mean it.
                if inner.type == "softbreak":
                    inner.type = "hardbreak"
        return tokens
