"""Tables of Markdown whose rows hold more than their head has columns for. Pure.

By the rules of Markdown what is beyond the head is left out, and a ``|`` within code counts as the end
of a cell. Models write both, so words of an answer would be gone from the screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.protocol.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.token import Token

_BAR = regex(r"(?<!\\)\|")
_HEAD = 2  # lines: the head and the rule below it


def drops_cells(tokens: Sequence[Token], text: str) -> bool:
    """Whether a table among ``tokens`` leaves out a cell of ``text``, from which they were parsed."""
    tables = list(_tables(tokens))
    lines = text.split("\n") if tables else []
    return any(
        _cells(line) > columns
        for first, end, columns in tables
        for line in lines[first + _HEAD : end]
    )


def _tables(tokens: Sequence[Token]) -> Iterator[tuple[int, int, int]]:
    """For each table its first line, the line behind it, and its columns."""
    first = end = columns = 0
    for token in tokens:
        if token.type == "table_open" and token.map:
            first, end = token.map
            columns = 0
        elif token.type == "th_open":
            columns += 1
        elif token.type == "table_close":
            yield first, end, columns


def _cells(line: str) -> int:
    """How many cells a row has; it may stand in a quote or a list."""
    row = line.lstrip(" \t>").rstrip()
    bars = len(_BAR.findall(row))
    return bars + 1 - row.startswith("|") - (bars > 0 and row.endswith("|") and row[-2:] != "\\|")
