"""Which lines of an input file were read, so that what comes back with a rewritten file is not run again.

An editor, ``sed -i`` or ``rsync`` writes the whole file anew to add a line: by a new file in place of the
old one, or by cutting it to nothing first. Lines are known by a hash of eight bytes each.
"""

from __future__ import annotations

import time
from array import array
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_LINES = 1 << 18
"""Lines that are remembered: 2 MiB. What is older is recognised by how the file begins."""
RETURN_SECONDS = 2.0
"""How long lines may take to come back; a file that stays empty for longer begins anew."""


class SeenLines:
    """The lines of the present file, in the order in which they were read.

    Args:
        max_lines: how many are remembered.
        now: a clock, in seconds.
    """

    def __init__(
        self, max_lines: int = MAX_LINES, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._block = max_lines // 4
        self._now = now
        self._lines = array("q")
        self._marks: list[int] = []  # where each block of lines begins in the file
        self._first: int | None = None
        self._begin = 0
        self._returning: Counter[int] = Counter()
        self._pass_over_to = 0
        self._until = 0.0

    def add(self, line: bytes, offset: int) -> None:
        """Remembers a line that was read at a byte of the file."""
        if self._first is None:
            self._first = hash(line)
        if len(self._lines) % self._block == 0:
            self._marks.append(offset)
        self._lines.append(hash(line))
        if len(self._lines) > 4 * self._block:
            del self._lines[: self._block]
            del self._marks[0]
            self._begin = self._marks[0]

    def begin_at(self, offset: int, first: bytes) -> None:
        """Notes that the lines before a byte of the file are not known, except for the first."""
        self._first, self._begin = hash(first), offset

    def expect(self, count: int | None = None) -> None:
        """The file is read again: lines that come back within a while are known.

        Args:
            count: how many of the last lines will be read again; None for all.
        """
        if self._now() > self._until:
            self._returning.clear()
        kept = 0 if count is None else max(0, len(self._lines) - count)
        self._returning.update(self._lines[kept:])
        del self._lines[kept:]
        del self._marks[-(-kept // self._block) :]
        if not kept:
            self._pass_over_to, self._begin = self._begin, 0
        self._until = self._now() + RETURN_SECONDS

    def returned(self, line: bytes, offset: int) -> bool:
        """Whether a line that was read now is one that came back; it is remembered either way."""
        number = hash(line)
        if not self._lines:
            if number != self._first:
                self._pass_over_to = 0
            self._first = None
        known = (bool(self._returning) or bool(self._pass_over_to)) and self._consume(
            number, offset
        )
        self.add(line, offset)
        return known

    def clear(self) -> None:
        """Forgets all: what comes is new."""
        self._lines = array("q")
        self._marks.clear()
        self._first, self._begin, self._pass_over_to = None, 0, 0
        self._returning.clear()

    def _consume(self, number: int, offset: int) -> bool:
        if self._now() > self._until:
            self._returning.clear()
            self._pass_over_to = 0
            return False
        if offset >= self._pass_over_to:
            self._pass_over_to = 0
            if number not in self._returning:
                return False
            self._returning[number] -= 1
            if not self._returning[number]:
                del self._returning[number]
        self._until = self._now() + RETURN_SECONDS
        return True
