"""The size of a terminal that several pages show: that of the page that was used last. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.web.terminal_log import Size

if TYPE_CHECKING:
    from collections.abc import Hashable

COLUMNS = (10, 1000)
ROWS = (2, 500)


class Window:
    """Who shows a terminal, in the order in which they were used.

    Attributes:
        giver: whose size the terminal has; None where it was nobody's that is still there.
    """

    def __init__(self) -> None:
        self.giver: Hashable = None
        self._sizes: dict[Hashable, Size] = {}
        self._used: dict[Hashable, None] = {}  # the last one at the end

    def fits(self, page: Hashable, columns: int, rows: int) -> Size | None:
        """Notes what fits in a page; the size to take, None to leave it as it is."""
        self._sizes[page] = Size(_within(columns, COLUMNS), _within(rows, ROWS))
        if not self._used:
            self._used[page] = None
        return self._used_size()

    def used(self, page: Hashable) -> Size | None:
        """Notes that a person uses a page; the size to take, None to leave it as it is."""
        self._used.pop(page, None)
        self._used[page] = None
        return self._used_size()

    def left(self, page: Hashable) -> Size | None:
        """Notes that a page is gone; the size to take, None to leave it as it is."""
        self._sizes.pop(page, None)
        self._used.pop(page, None)
        if self.giver is page:
            self.giver = None
        if not self._used and self._sizes:
            self._used[next(reversed(self._sizes))] = None
        return self._used_size() if self._used else None

    def _used_size(self) -> Size | None:
        last = next(reversed(self._used))
        size = self._sizes.get(last)
        if size is not None:
            self.giver = last
        return size


def _within(value: int, bounds: tuple[int, int]) -> int:
    return max(bounds[0], min(value, bounds[1]))
