"""Shows a person how far the reading of something large is."""

from __future__ import annotations

import os
import sys
import time

_PACE = 0.25  # seconds between two looks
_CELLS = 20
_FEWEST = 5


class ProgressBar:
    """A line on stderr, where that is a terminal; ``close`` takes it away.

    Args:
        size: how many bytes there are.
    """

    def __init__(self, size: int) -> None:
        self._size = max(size, 1)
        self._shows = os.isatty(2)
        self._last = time.monotonic()

    def __call__(self, done: int) -> None:
        """So many bytes were read."""
        if not self._shows or time.monotonic() - self._last < _PACE:
            return
        self._last = time.monotonic()
        share = min(done / self._size, 1.0)
        told = f"{share:4.0%}  {done / 1e9:,.1f} of {self._size / 1e9:,.1f} GB"
        # Wider than the terminal, each look would begin a line of its own; and a ^C has its place behind it.
        width = max(_columns() - 3, 1)
        cells = min(width - len(told) - 1, _CELLS)
        if cells >= _FEWEST:
            told = f"{'█' * round(share * cells):░<{cells}} {told}"
        sys.stderr.write(f"\r\x1b[K{told[:width]}")
        sys.stderr.flush()

    def close(self) -> None:
        """Leaves an empty line; idempotent."""
        if self._shows:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def _columns() -> int:
    """The width of the terminal that it is written to, which may change."""
    try:
        return os.get_terminal_size(2).columns or 80
    except OSError:
        return 80
