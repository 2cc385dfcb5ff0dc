"""How one content differs from another, in lines: for previews. Bounded in time and size."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from qwen_dual.core.text.hunks import bounded, changed_lines, hunks
from qwen_dual.core.text.line_diff import MAX_COMPARED, lines_of, opcodes

if TYPE_CHECKING:
    from qwen_dual.protocol.change_shapes import Hunk

MAX_LINES = 4_000
MAX_CHARS = 200_000
"""Of the hunks of one file."""

BINARY_BYTES = 8_000
"""In so many at its beginning a NUL makes a file a binary one, as for git."""

_SECONDS = 3.0


class Budget:
    """The time that comparing the files of one preview may take; then whole regions count as changed."""

    def __init__(self) -> None:
        self._until = time.monotonic() + _SECONDS

    @property
    def lines(self) -> int:
        """How many lines between are compared."""
        return MAX_COMPARED if time.monotonic() < self._until else 0


def is_binary(data: bytes) -> bool:
    """Whether it is no text."""
    return b"\0" in data[:BINARY_BYTES]


def counts(old: bytes, new: bytes, budget: Budget) -> tuple[int, int, bool]:
    """Lines added, lines removed, and whether one of the two is binary."""
    if is_binary(old) or is_binary(new):
        return 0, 0, True
    before, after = _lines(old), _lines(new)
    added, removed = changed_lines(opcodes(before, after, budget.lines))
    return added, removed, False


def hunks_of(old: bytes, new: bytes) -> tuple[tuple[Hunk, ...], bool]:
    """The lines that differ, with some around them, and whether there are more."""
    before, after = _lines(old), _lines(new)
    kept, cut = bounded(hunks(before, after, opcodes(before, after)), MAX_LINES, MAX_CHARS)
    return tuple(kept), cut


def _lines(data: bytes) -> list[str]:
    return lines_of(data.decode("utf-8", "replace"))
