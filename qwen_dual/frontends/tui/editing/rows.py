"""The rows of a draft, wrapped as the window wraps it, and the cursor's way from one to the next. Pure."""

from __future__ import annotations

from qwen_dual.frontends.tui.text.lines import TAB, width_of


def moved(text: str, cursor: int, width: int, step: int) -> int | None:
    """Where the cursor goes one row up or down; None where there is no such row.

    Args:
        width: columns of a row; longer lines go on in the next row.
        step: -1 for up, 1 for down.
    """
    starts = row_starts(text, width)
    row = max(index for index, start in enumerate(starts) if start <= cursor)
    target = row + step
    if not 0 <= target < len(starts):
        return None
    column = width_of(text[starts[row] : cursor])
    begin = starts[target]
    end = starts[target + 1] - 1 if target + 1 < len(starts) else len(text)
    used = 0
    for index in range(begin, end):
        used += _columns(text[index])
        if used > column:
            return index
    return end


def row_starts(text: str, width: int) -> list[int]:
    """The index at which each row begins once ``text`` is wrapped as the window does."""
    starts = [0]
    used = 0
    for index, char in enumerate(text):
        if char == "\n":
            starts.append(index + 1)
            used = 0
            continue
        columns = _columns(char)
        if used + columns > width and used:
            starts.append(index)
            used = 0
        used += columns
    return starts


def _columns(char: str) -> int:
    return TAB if char == "\t" else width_of(char)
