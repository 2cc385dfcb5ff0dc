"""Foreign text as lines from which it can be read back: nothing is lost to wrapping or to the eye. Pure.

A row that goes on where the last one was broken has a mark in the gutter; a tab, a blank at the end
of a row and an empty line have marks of their own; everything else that hides is an escape
(``protocol.visible``). So two different texts never give the same rows, colours or not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.frontends.tui.text import theme
from qwen_dual.frontends.tui.text.lines import TAB, fit, width_of
from qwen_dual.protocol.regex import regex
from qwen_dual.protocol.visible import (
    BLANK_MARK,
    EMPTY_MARK,
    ESCAPED,
    TAB_MARK,
    WRAP_MARK,
    still_visible,
    visible,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.frontends.tui.text.lines import Line
    from qwen_dual.protocol.visible import Reading

    Parts = Sequence[tuple[str, str]]

# Stands for the columns behind a tab's mark while a line is broken. No visible text has it.
_PAD = "\ue000"
_TAB = TAB_MARK + _PAD * (TAB - 1)
_MARKED = regex(f"{ESCAPED.pattern}|[{TAB_MARK}{EMPTY_MARK}][{_PAD}]*|{BLANK_MARK}+")

CONTINUES = f"{WRAP_MARK} "


def exact_lines(
    text: str, width: int, style: str = theme.PLAIN, reading: Reading = "command"
) -> list[Line]:
    """``text`` in rows of at most ``width`` columns behind a gutter of two.

    Args:
        text: Anything, as it came.
        reading: How strictly to look for what is not what it looks like.
    """
    return visible_lines(visible(text, reading), width, style)


def escaped_lines(text: str, width: int, style: str = theme.PLAIN) -> list[Line]:
    """The same for a text that went through ``visible``: its escapes are not escaped again."""
    return visible_lines(still_visible(text), width, style)


def visible_lines(text: str, width: int, style: str) -> list[Line]:
    """The rows of what ``visible`` gave."""
    lines: list[Line] = []
    for part in text.split("\n"):
        for number, row in enumerate(rows_of([(style, part or EMPTY_MARK)], width)):
            gutter = (theme.DIM, CONTINUES) if number else ("", "  ")
            lines.append([gutter, *row])
    return lines


def exact_text(text: str, reading: Reading = "command") -> str:
    """``text`` for a pager: as ``exact_lines``, not broken into rows."""
    return "\n".join(
        _with_marks(part).replace(_PAD, " ") or EMPTY_MARK
        for part in visible(text, reading).split("\n")
    )


def rows_of(parts: Parts, width: int) -> list[Line]:
    """One line of visible text, in styled parts, broken into rows of at most ``width`` columns."""
    width = max(1, width)
    whole = _with_marks("".join(text for _, text in parts))
    rows: list[Line] = []
    styles = _spread(parts)
    done = 0
    for end in _breaks(whole, width):
        text = whole[done:end]
        row, skipped = text, 0
        if end < len(whole):
            row = row.rstrip(" ") + BLANK_MARK * (len(row) - len(row.rstrip(" ")))
        if done and done < len(whole):
            row = row.lstrip(_PAD)
            skipped = len(text) - len(row)
        rows.append(_styled(row, styles, done + skipped))
        done = end
    return rows


def _with_marks(text: str) -> str:
    """``text`` with its tabs and the blanks at its end as marks."""
    kept = text.rstrip(" ")
    return kept.replace("\t", _TAB) + BLANK_MARK * (len(text) - len(kept))


def _spread(parts: Parts) -> list[tuple[int, str]]:
    """Where each part ends in the marked line, and its style."""
    ends: list[tuple[int, str]] = []
    at = 0
    for style, text in parts:
        at += len(text) + text.count("\t") * (TAB - 1)
        ends.append((at, style))
    return ends


def _breaks(whole: str, width: int) -> list[int]:
    """Where the rows end: behind a blank where one is near, never inside an escape that fits."""
    ends: list[int] = []
    start = 0
    while True:
        # What takes no column is rare: a window of a few rows always holds one.
        window = whole[start : start + 4 * width + 8]
        if width_of(window) <= width and start + len(window) >= len(whole):
            return [*ends, len(whole)]
        end = fit(window, width) or 1
        blank = window.rfind(" ", end // 2, end)
        if blank >= 0:
            end = blank + 1
        opened = window.rfind("⟨", 0, end)
        if opened > 0 and "⟩" not in window[opened:end] and blank < opened:
            end = opened
        start += end
        ends.append(start)


def _styled(row: str, styles: Sequence[tuple[int, str]], at: int) -> Line:
    """``row``, which begins at ``at`` in its line, with the marks and escapes in their own styles."""
    line: Line = []
    done = 0
    for match in _MARKED.finditer(row):
        line += _pieces(row[done : match.start()], styles, at + done)
        found = match[0]
        line.append((theme.ODD if found[0] == "⟨" else theme.DIM, found.replace(_PAD, " ")))
        done = match.end()
    line += _pieces(row[done:], styles, at + done)
    if line and not line[-1][1].rstrip(" "):
        line.pop()
    elif line:
        style, text = line[-1]
        line[-1] = (style, text.rstrip(" "))
    return line


def _pieces(text: str, styles: Sequence[tuple[int, str]], at: int) -> Line:
    """``text`` cut where the style changes."""
    pieces: Line = []
    for end, style in styles:
        if not text:
            break
        if end <= at:
            continue
        piece, text = text[: end - at], text[end - at :]
        pieces.append((style, piece))
        at = end
    if text:  # what follows the last part is the mark of an empty line
        pieces.append(("", text))
    return pieces
