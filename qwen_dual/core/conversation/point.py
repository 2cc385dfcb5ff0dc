"""A prompt as a place to go back to. Records only."""

from __future__ import annotations

from msgspec import Struct

Mark = tuple[int, int, int, int]
"""A place in a conversation: of which messages (a place in others means nothing), how many there were,
how many blocks the last of them had (what follows may have become part of it), and about how many tokens
all of it took."""


class Point(Struct, frozen=True):
    """One prompt.

    Attributes:
        uuid: of its ``user`` event.
        text: it, as that event has it.
        at: when it began to run, in seconds since the epoch; 0 where nobody told.
        mark: where in the conversation it stands; None for one of an earlier run of the program.
        draft: it as it was typed, where that is another text: a slash command that asked it, too.
    """

    uuid: str
    text: str
    at: float = 0.0
    mark: Mark | None = None
    draft: str = ""

    @property
    def label(self) -> str:
        """What a person knows it by: the command that they gave, in place of what it stands for."""
        return self.draft if self.draft.startswith("/") else self.text
