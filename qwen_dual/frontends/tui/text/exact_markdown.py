"""Markdown as it was written, with what it means shown by styles: for what a person is to allow. Pure.

But for blanks at the ends of rows nothing is left out or put elsewhere: marks stay and are dimmed, so
that no comment, address or reference of a text can hide from who reads it (see ``exact``).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qwen_dual.frontends.tui.text import theme
from qwen_dual.frontends.tui.text.exact import CONTINUES, rows_of
from qwen_dual.protocol.visible import BLANK_MARK, visible

if TYPE_CHECKING:
    from qwen_dual.frontends.tui.text.exact import Parts
    from qwen_dual.frontends.tui.text.lines import Line

_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_HEADING = re.compile(r"( {0,3}#{1,6})(\s.*)")
_ITEM = re.compile(r"(\s*(?:[-*+]|\d{1,9}[.)])(?: \[[ xX]\])?)( .*)")
_QUOTE = re.compile(r"(\s*(?:> ?)+)(.*)")
_INLINE = re.compile(r"(?<!`)(`{1,3})(?!`)([^`]+)\1(?!`)|(\*\*|__)(\S[^*_]*)\3")

MAX_STYLED = 2_000
"""Characters of a line beyond which it is shown plain: a line of marks takes long to match."""


def plan_lines(text: str, width: int) -> list[Line]:
    """``text`` in rows of at most ``width`` columns behind a gutter of two."""
    lines: list[Line] = []
    fence = ""
    for written in visible(text, "prose").split("\n"):
        source = written.rstrip(" ")
        opened = _FENCE.match(source)
        if opened is not None and (not fence or opened[1].startswith(fence)):
            fence = "" if fence else opened[1]
            parts: Parts = [(theme.DIM, source)]
        elif fence:
            parts = [(theme.ACCENT, source)]
        else:
            parts = _styled(source)
        rows = rows_of(parts, width) if source else [[]]
        for number, row in enumerate(rows, 1):
            gutter = (theme.DIM, CONTINUES) if number > 1 else ("", "  ")
            lines.append([gutter, *(row if number == len(rows) else _without_blanks(row))])
    while lines and text.endswith("\n") and len(lines[-1]) == 1:
        lines.pop()
    return lines


def _without_blanks(row: Line) -> Line:
    """A row that goes on without the mark of the blanks that it was broken at."""
    return row[:-1] if row and not row[-1][1].strip(BLANK_MARK) else row


def _styled(line: str) -> Parts:
    if len(line) > MAX_STYLED:
        return [(theme.PLAIN, line)]
    if heading := _HEADING.fullmatch(line):
        return [(theme.DIM, heading[1]), (theme.STRONG, heading[2])]
    for block in (_ITEM, _QUOTE):
        if found := block.fullmatch(line):
            return [(theme.DIM, found[1]), *_inline(found[2])]
    return _inline(line)


def _inline(text: str) -> list[tuple[str, str]]:
    parts: list[tuple[str, str]] = []
    done = 0
    for found in _INLINE.finditer(text):
        parts.append((theme.PLAIN, text[done : found.start()]))
        mark, inner = (found[1], found[2]) if found[1] else (found[3], found[4])
        style = theme.ACCENT if found[1] else theme.STRONG
        parts += [(theme.DIM, mark), (style, inner), (theme.DIM, mark)]
        done = found.end()
    parts.append((theme.PLAIN, text[done:]))
    return [part for part in parts if part[1]]
