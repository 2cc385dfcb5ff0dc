"""What was sent before: walked with Up and Down, searched with Ctrl+R. Pure, in memory.

Where earlier sessions keep theirs is ``history_keeper``'s.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_ENTRIES = 1000

MAX_QUERY = 1000
"""Characters that are searched for; of more, as when a file is pasted, the first."""


class History:
    """Entries, the oldest first, and where a walk through them stands."""

    def __init__(self) -> None:
        self._entries: list[str] = []
        self._at: int | None = None  # None: not among the entries but in the draft
        self._draft = ""

    def add(self, text: str) -> None:
        """Appends ``text`` unless it is empty or the same as the last, and ends a walk."""
        self._at = None
        if text.strip() and (not self._entries or self._entries[-1] != text):
            self._entries.append(text)
            del self._entries[:-MAX_ENTRIES]

    def add_older(self, texts: Iterable[str]) -> None:
        """Puts what was sent in earlier sessions before everything; a walk goes on where it stands."""
        older: list[str] = []
        for text in texts:
            if not older or older[-1] != text:
                older.append(text)
        if older and self._entries and older[-1] == self._entries[0]:
            older.pop()
        older = older[-max(0, MAX_ENTRIES - len(self._entries)) :]
        self._entries[:0] = older
        if self._at is not None:
            self._at += len(older)

    def back(self, current: str) -> str | None:
        """The entry before; ``current`` is kept as the draft when a walk begins."""
        at = len(self._entries) if self._at is None else self._at
        if at == 0:
            return None
        if self._at is None:
            self._draft = current
        self._at = at - 1
        return self._entries[self._at]

    def forward(self) -> str | None:
        """The entry after, and after the last one the draft; None outside a walk."""
        if self._at is None:
            return None
        self._at += 1
        if self._at == len(self._entries):
            self._at = None
            return self._draft
        return self._entries[self._at]

    def find(self, query: str, before: int | None = None) -> tuple[int, str, int] | None:
        """The newest entry before the index ``before`` that holds ``query``, in any case.

        Returns:
            Its index, its text, and where in it the query begins; None where there is none.
        """
        holds = re.compile(re.escape(query), re.IGNORECASE)
        end = len(self._entries) if before is None else before
        for index in range(end - 1, -1, -1):
            found = holds.search(self._entries[index])
            if found is not None:
                return index, self._entries[index], found.start()
        return None


class Search(Struct):
    """A reverse search that is under way.

    Attributes:
        draft: the text and cursor to go back to.
        at: the index of the entry that is shown; None before the first match.
    """

    draft: tuple[str, int]
    query: str = ""
    at: int | None = None
    failed: bool = False
