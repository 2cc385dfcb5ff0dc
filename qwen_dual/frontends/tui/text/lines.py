"""Lines of styled text and their widths: wrapping, clipping, joining. Pure.

A line is a list of ``(style, text)`` fragments without newlines. Widths are terminal columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prompt_toolkit.utils import get_cwidth

from qwen_dual.protocol.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prompt_toolkit.formatted_text import StyleAndTextTuples

Fragment = tuple[str, str]
Line = list[Fragment]

TAB = 4
MIN_COLUMN = 12
"""Columns in which words can still be read below one another."""

_GAP = regex(r"(\s*\S.*?)(?<! ) {2,}(?=\S)")


def width_of(text: str) -> int:
    """Columns that ``text`` takes on one line."""
    return len(text) if text.isascii() else get_cwidth(text)


def columns_of(line: Line) -> int:
    """Columns that ``line`` takes."""
    return sum(width_of(text) for _, text in line)


def fit(text: str, width: int) -> int:
    """How many leading characters of ``text`` fit into ``width`` columns."""
    if text.isascii():
        return min(len(text), width)
    used = 0
    for index, char in enumerate(text):
        used += get_cwidth(char)
        if used > width:
            return index
    return len(text)


def clip(text: str, width: int) -> str:
    """The first line of ``text`` in at most ``width`` columns; ``…`` says that more was there."""
    first, newline, _ = text.expandtabs(TAB).partition("\n")
    if width_of(first) + bool(newline) <= width:
        return first + ("…" if newline else "")
    return first[: fit(first, max(0, width - 1))] + ("…" if width > 0 else "")


def first_that_fits(texts: Sequence[str], width: int) -> str:
    """The first of several ways to say something that fits; the last one is cut."""
    return next((text for text in texts if width_of(text) <= width), clip(texts[-1], width))


def wrap(text: str, width: int) -> list[str]:
    """``text`` in lines of at most ``width`` columns, broken at spaces where there are any.

    Newlines are kept, indentation too; a line that continues gets none.
    """
    width = max(1, width)
    lines: list[str] = []
    for line in text.expandtabs(TAB).split("\n"):
        while width_of(line) > width:
            # A wide character alone may not fit in one column; it is shown all the same.
            end = max(1, fit(line, width))
            space = line.rfind(" ", 0, end + 1)
            if space > 0 and line[:space].strip():
                lines.append(line[:space].rstrip())
                line = line[space:].lstrip(" ")
            else:
                lines.append(line[:end])
                line = line[end:]
        lines.append(line.rstrip())
    return lines


def wrap_parts(text: str, width: int) -> list[str]:
    """The same, broken between the parts of ``one · two`` before it is broken elsewhere."""
    rows = [""]
    for part in text.split(" · "):
        longer = f"{rows[-1]} · {part}" if rows[-1] else part
        if width_of(longer) <= width:
            rows[-1] = longer
        else:
            rows += wrap(part, width)
    return rows if rows[0] or len(rows) == 1 else rows[1:]


def wrap_columns(text: str, width: int) -> list[str]:
    """The same for rows in columns: what does not fit goes on below the last column.

    Where that leaves it no room, it goes on in a row of its own, set in a little. A row that is set in
    has its column there.
    """
    rows: list[str] = []
    for line in map(str.rstrip, text.expandtabs(TAB).split("\n")):
        gap = _GAP.match(line)
        begin = line[: len(line) - len(line.lstrip(" "))] if gap is None else gap[0]
        if not begin or width_of(line) <= width:
            rows += wrap(line, width)
            continue
        rest, column = line[len(begin) :], width_of(begin)
        if width - column >= max(MIN_COLUMN, width // 2):
            first, *more = wrap(rest, width - column)
            rows += [begin + first, *(" " * column + row for row in more)]
        elif gap is None:
            rows += wrap(line, width)
        else:
            begin = gap[1]
            rows += wrap(begin.rstrip(), width)
            rows += ["  " + row for row in wrap(rest, max(1, width - 2))]
    return rows


def tail_lines(text: str, width: int, height: int) -> list[str]:
    """The last ``height`` lines of ``text`` once wrapped; costs no more than they do."""
    if height <= 0:
        return []
    # Enough characters for every row, however the text is broken; cut at a line where one begins.
    budget = width * (height + 1)
    if len(text) > budget:
        cut = text.rfind("\n", 0, len(text) - budget) + 1
        text = text[max(cut, len(text) - 2 * budget) :]
    return wrap(text, width)[-height:]


def gutter(lines: Sequence[Line], symbol: str, style: str) -> list[Line]:
    """``lines`` behind a two-column gutter with ``symbol`` on the first."""
    head = (style, f"{symbol} ") if symbol.strip() else ("", "  ")
    return [[head if index == 0 else ("", "  "), *line] for index, line in enumerate(lines)]


def plain(texts: Iterable[str], style: str = "") -> list[Line]:
    """One line of one style for each text."""
    return [[(style, text)] for text in texts]


def clip_line(line: Line, width: int) -> Line:
    """``line`` in at most ``width`` columns."""
    clipped: Line = []
    for style, text in line:
        if width <= 0:
            break
        part = text[: fit(text, width)]
        clipped.append((style, part))
        width -= width_of(part)
        if len(part) < len(text):
            break
    return clipped


def join(lines: Iterable[Line]) -> StyleAndTextTuples:
    """All lines as one formatted text, with a newline between them."""
    joined: StyleAndTextTuples = []
    for line in lines:
        if joined:
            joined.append(("", "\n"))
        joined.extend(line or [("", "")])
    return joined
