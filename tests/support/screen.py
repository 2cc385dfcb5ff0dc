"""The screen of a terminal, emulated by pyte."""

from __future__ import annotations

import pyte

_UPDATING = 2026 << 5
"""The mode of a synchronized update, as pyte keeps private ones."""


class Screen(pyte.HistoryScreen):
    """pyte's screen with the resize of a real terminal: lines that go off the top are kept."""

    # pyte looks at each use of an attribute, for its pages of history: half of its time.
    __getattribute__ = object.__getattribute__

    @property
    def updating(self) -> bool:
        """What is there is half of a frame, which a real terminal shows nothing of."""
        return _UPDATING in self.mode

    def resize(self, lines: int | None = None, columns: int | None = None) -> None:
        lines, columns = lines or self.lines, columns or self.columns
        excess = max(0, self.lines - lines)
        # xterm and its kin give up blank rows below the cursor first, then scroll.
        scrolled = max(0, excess - (self.lines - 1 - self.cursor.y))
        for _ in range(scrolled):
            self.history.top.append(self.buffer[0])
            for y in range(self.lines - 1):
                self.buffer[y] = self.buffer[y + 1]
            self.buffer.pop(self.lines - 1, None)
        for y in range(lines, self.lines):
            self.buffer.pop(y, None)
        for row in self.buffer.values():
            for x in [x for x in row if x >= columns]:
                del row[x]
        self.lines, self.columns = lines, columns
        self.set_margins()
        self.cursor.y = min(max(0, self.cursor.y - scrolled), lines - 1)
        self.cursor.x = min(self.cursor.x, columns - 1)
