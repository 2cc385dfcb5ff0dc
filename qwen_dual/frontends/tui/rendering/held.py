"""Finished text that waits until the terminal can be written to. Bounded."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prompt_toolkit.formatted_text import StyleAndTextTuples

MAX_HELD = 4 * 1024 * 1024
"""Characters; of more the oldest texts are dropped, and a line says so."""


class Held:
    """Text in the order in which it came; false while there is none."""

    def __init__(self) -> None:
        self._texts: deque[StyleAndTextTuples] = deque()
        self._size = 0
        self._lines_left_out = 0

    def __bool__(self) -> bool:
        return bool(self._texts)

    def add(self, fragments: StyleAndTextTuples) -> None:
        """Holds one more; the newest is held whatever its size."""
        self._texts.append(fragments)
        self._size += _size(fragments)
        while self._size > MAX_HELD and len(self._texts) > 1:
            dropped = self._texts.popleft()
            self._size -= _size(dropped)
            self._lines_left_out += sum(fragment[1].count("\n") for fragment in dropped)

    def take(self) -> StyleAndTextTuples:
        """All of it, which is held no longer."""
        fragments: StyleAndTextTuples = []
        if self._lines_left_out:
            note = f"… {self._lines_left_out} lines left out: too many came while none could be shown\n"
            fragments.append(("italic", note))
            self._lines_left_out = 0
        for text in self._texts:
            fragments.extend(text)
        self._texts.clear()
        self._size = 0
        return fragments


def _size(fragments: StyleAndTextTuples) -> int:
    return sum(len(fragment[1]) for fragment in fragments)
