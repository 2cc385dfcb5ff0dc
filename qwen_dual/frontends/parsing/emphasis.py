"""Emphasis beside Chinese, Japanese and Korean text, which has no blanks around its marks. Pure.

CommonMark takes ``**`` between a letter and a punctuation mark for no boundary of emphasis, so in
``**注意：**请看`` nothing closes. Here East Asian punctuation counts as a letter and an East Asian letter
as a boundary, as in the extension "CJK-friendly emphasis" that GitHub's and others' readers have.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from markdown_it.common.utils import isMdAsciiPunct, isPunctChar, isWhiteSpace
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_inline.state_inline import Scanned, StateInline

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token
    from markdown_it.utils import EnvType

_FIRST_EMOJI = 0x1F000


class _State(StateInline):
    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:
        """Whether a run of marks can open and close emphasis, and how long it is."""
        mark, stop = self.src[start], start
        while stop < self.posMax and self.src[stop] == mark:
            stop += 1
        before = self.src[start - 1] if start > 0 else " "
        after = self.src[stop] if stop < self.posMax else " "
        left = _flanking(after, before)
        right = _flanking(before, after)
        # ``_`` opens and closes no emphasis within a word.
        opens = left and (canSplitWord or not right or _is_punctuation(before))
        closes = right and (canSplitWord or not left or _is_punctuation(after))
        return Scanned(opens, closes, stop - start)


class _Inline(ParserInline):
    def parse(self, src: str, md: MarkdownIt, env: EnvType, tokens: list[Token]) -> list[Token]:
        """Parses one paragraph's text."""
        state = _State(src, md, env, tokens)
        self.tokenize(state)
        for rule in self.ruler2.getRules(""):
            rule(state)
        return state.tokens


def use_cjk_emphasis(parser: MarkdownIt) -> None:
    """Has ``parser``, whose rules are chosen by now, read emphasis so."""
    inline = _Inline()
    inline.ruler, inline.ruler2 = parser.inline.ruler, parser.inline.ruler2
    parser.inline = inline


def _flanking(inner: str, outer: str) -> bool:
    """Whether marks between these two belong to what is on the side of ``inner``."""
    if isWhiteSpace(ord(inner)):
        return False
    if not _is_punctuation(inner) or _is_cjk(inner):
        return True
    return isWhiteSpace(ord(outer)) or _is_punctuation(outer) or _is_cjk(outer)


def _is_punctuation(char: str) -> bool:
    return isMdAsciiPunct(ord(char)) or isPunctChar(char)


def _is_cjk(char: str) -> bool:
    if ord(char) >= _FIRST_EMOJI and unicodedata.category(char) == "So":
        return False
    return unicodedata.east_asian_width(char) in ("W", "F", "H")
