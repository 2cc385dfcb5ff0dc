"""How one content differs from another, in lines: for previews. Bounded in time and size."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from qwen_dual.core.line_diff import MAX_COMPARED, groups, lines_of, opcodes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.rewind.records import Hunk

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
    added = removed = 0
    for tag, i1, i2, j1, j2 in opcodes(before, after, budget.lines):
        if tag != "equal":
            removed += i2 - i1
            added += j2 - j1
    return added, removed, False


def hunks_of(old: bytes, new: bytes) -> tuple[tuple[Hunk, ...], bool]:
    """The lines that differ, with some around them, and whether there are more.

    A line keeps a carriage return at its end; one without a newline is followed by a line that says so,
    as in a unified diff.
    """
    before, after = _lines(old), _lines(new)
    hunks: list[Hunk] = []
    count = size = 0
    for group in groups(opcodes(before, after)):
        lines: list[str] = []
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                lines += _shown(" ", before[i1:i2])
                continue
            lines += _shown("-", before[i1:i2])
            lines += _shown("+", after[j1:j2])
        count, size = count + len(lines), size + sum(map(len, lines))
        if count > MAX_LINES or size > MAX_CHARS:
            return tuple(hunks), True
        first, last = group[0], group[-1]
        old_lines, new_lines = last[2] - first[1], last[4] - first[3]
        hunks.append(
            {
                "old_start": first[1] + bool(old_lines),
                "old_lines": old_lines,
                "new_start": first[3] + bool(new_lines),
                "new_lines": new_lines,
                "lines": lines,
            }
        )
    return tuple(hunks), False


def _lines(data: bytes) -> list[str]:
    return lines_of(data.decode("utf-8", "replace"))


def _shown(sign: str, lines: Sequence[str]) -> list[str]:
    shown = [sign + line.removesuffix("\n") for line in lines]
    if lines and not lines[-1].endswith("\n"):
        shown.append("\\ No newline at end of file")
    return shown
