"""A unified diff as lines: numbers, signs, colours, syntax. Pure.

The signs alone tell what was added and removed, so that nothing is lost without colours, and what
hides in a line is an escape or a mark (``exact``). It does not bound the diff: whoever made it did, and
the transcript shows the beginning.
"""

from __future__ import annotations

from itertools import pairwise, takewhile
from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.frontends.tui.text import theme
from qwen_dual.frontends.tui.text.exact import rows_of
from qwen_dual.protocol.previews import crlf_throughout, without_cr
from qwen_dual.protocol.regex import regex
from qwen_dual.protocol.visible import WRAP_MARK, escape, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.frontends.tui.text.lines import Line

    Parts = list[tuple[str, str]]
    Highlight = Callable[[str, str], list[Parts]]

NUMBERED = 36
"""From this many columns on, lines have numbers."""

TINY = 8
"""In fewer columns than this nothing stands between a sign and its line."""

MAX_HIGHLIGHTED = 400
"""Rows beyond which code stays plain."""

GAP = "⋯"

ALL_CRLF = f"every line ends in {escape(chr(13))}"

_HUNK = regex(r"@@ -(?P<old>\d+)(?:,\d+)? \+(?P<new>\d+)(?:,\d+)? @@")


class _Row(Struct):
    """One row of a diff; ``sign`` is empty for what is no line of either file."""

    sign: str
    text: str
    number: int = 0
    parts: Parts | None = None


def diff_lines(rows: Sequence[str], inner: int, highlight: Highlight | None = None) -> list[Line]:
    """The lines of a diff behind a gutter of two columns.

    Args:
        rows: of the diff, with or without the names of the two files, which are left out.
        inner: columns behind the gutter.
        highlight: gives the parts of each line of some code, by the code and the file's name.
    """
    name, body = _split_names(rows)
    crlf = crlf_throughout(rows)
    parsed = _parsed(without_cr(body) if crlf else body)
    if crlf:
        parsed.insert(0, _Row("", ALL_CRLF))
    if highlight is not None and name and len(parsed) <= MAX_HIGHLIGHTED:
        _highlight(parsed, name, highlight)
    digits = len(str(max((row.number for row in parsed), default=0)))
    if inner < NUMBERED or not any(row.number for row in parsed):
        digits = 0
    lines: list[Line] = []
    for row in parsed:
        lines += _lines(row, inner, digits)
    return lines


def change_counts(rows: Sequence[str]) -> str:
    """How many lines a diff adds and removes."""
    body = _split_names(rows)[1]
    return f"+{sum(row[:1] == '+' for row in body)} −{sum(row[:1] == '-' for row in body)}"


def _split_names(rows: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The file's name, from the two rows that may stand first, and the rest."""
    names = list(takewhile(lambda row: row.startswith(("--- ", "+++ ")), rows[:2]))
    paths = [row[4:].strip() for row in names]
    return next((path for path in reversed(paths) if path != "/dev/null"), ""), rows[len(names) :]


def _parsed(rows: Sequence[str]) -> list[_Row]:
    parsed: list[_Row] = []
    old = new = 0
    for row in rows:
        hunk = _HUNK.match(row)
        if hunk is not None:
            old, new = int(hunk["old"]), int(hunk["new"])
            if parsed:  # the numbers say where the first one is
                parsed.append(_Row("", GAP))
        elif row[:1] in ("+", "-", " ") and (old or new):
            sign = row[0]
            parsed.append(_Row(sign, visible(row[1:], "code"), old if sign == "-" else new))
            old += sign != "+"
            new += sign != "-"
        else:
            parsed.append(_Row("", visible(row.removeprefix("\\ "), "code")))
    return parsed


def _highlight(rows: list[_Row], name: str, highlight: Highlight) -> None:
    """Sets the parts of each row; a hunk is read once as it was and once as it will be."""
    edges = [-1, *(index for index, row in enumerate(rows) if not row.sign), len(rows)]
    for before, after in pairwise(edges):
        hunk = rows[before + 1 : after]
        for left_out in ("+", "-"):
            side = [row for row in hunk if row.sign != left_out]
            if any(row.sign != " " for row in side) or left_out == "-":
                found = highlight("\n".join(row.text for row in side), name)
                for row, parts in zip(side, found, strict=False):
                    row.parts = parts


def _lines(row: _Row, inner: int, digits: int) -> list[Line]:
    if not row.sign:
        text = f"{' ' * (digits - 1)}{row.text}" if row.text == GAP and digits else row.text
        return _behind([("", "  ")], [("", "  ")], [(theme.DIM, text)], inner)
    base = {"+": "added", "-": "removed"}.get(row.sign, "code")
    plain = {"code": theme.PLAIN}.get(base, f"class:{base}")
    head: Line = [("", "  ")]
    rest: Line = [("", "  ")]
    used = 2
    if digits:
        head.append((theme.DIM, f"{row.number:>{digits}} "))
        used += digits + 1
    if inner < TINY:
        used -= 1
    head.append((plain, row.sign.ljust(used - digits - bool(digits))))
    before = used - 2 if inner >= TINY else used - 1
    rest.append((theme.DIM, " " * before + WRAP_MARK))
    rest.append(("", " " * (used - before - 1)))
    parts: Line = [
        (f"class:{base}.{kind}" if kind else plain, text)
        for kind, text in (row.parts if row.parts is not None else [("", row.text)])
    ]
    return _behind(head, rest, parts, max(1, inner - used))


def _behind(head: Line, rest: Line, parts: Line, width: int) -> list[Line]:
    """``parts`` in rows of at most ``width`` columns, behind ``head`` and then ``rest``."""
    rows = rows_of(parts, width)
    return [_stripped([*(rest if number else head), *row]) for number, row in enumerate(rows)]


def _stripped(line: Line) -> Line:
    """``line`` without blanks at its end, which leave ghosts when a window narrows."""
    while line:
        style, text = line.pop()
        kept = text.rstrip()
        if kept:
            return [*line, (style, kept)]
    return line
