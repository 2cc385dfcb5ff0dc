"""How many live rows still stand in the window once it is half as wide. Pure.

What a terminal wraps anew it never takes back: rows for which the window has no room any more go into
its history, and once the answer that they show is finished it stands there again. So no more is
live than fits when each long row has become two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.frontends.tui.text.lines import columns_of, width_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qwen_dual.frontends.tui.text.lines import Line


class Room(Struct, frozen=True):
    """What there is besides the live rows.

    Attributes:
        rows: of the window that the rest of the region leaves, wrapped anew itself.
        columns: of the narrower window.
        above: rows that leave the window before the live ones, where that has blank rows below.
    """

    rows: int
    columns: int
    above: int

    def last(self, lines: Sequence[Line]) -> int:
        """How many of the last of ``lines`` there is room for."""
        wrapped = 0
        for count, line in enumerate(reversed(lines)):
            wrapped += rows_added([line], self.columns)
            if wrapped > self.above or count + 1 + wrapped > self.rows:
                return count
        return len(lines)


def rows_added(lines: Iterable[Line], columns: int) -> int:
    """How many more rows ``lines`` take in a window of so many columns.

    A row in which a wide character does not fit ends a column early.
    """
    added = 0
    for line in lines:
        over = max(0, columns_of(line) - 1)
        least, most = over // max(1, columns), over // max(1, columns - 1)
        added += most if most > least and any(_has_wide(text) for _, text in line) else least
    return added


def _has_wide(text: str) -> bool:
    return not text.isascii() and any(width_of(char) > 1 for char in text)
