"""How a person saw the prompts that they sent: with placeholders for what was pasted. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


class SentPrompts:
    """Those that were seen in another way than they are sent, in the order in which they were sent."""

    def __init__(self) -> None:
        self._shown: dict[str, str] = {}

    def add(self, whole: str, shown: str) -> None:
        """Notes how a prompt was seen."""
        self._shown[whole] = shown

    def reword(self, before: str, whole: str, shown: str) -> None:
        """Notes that one that waits has other words now; it keeps its place."""
        self._shown.setdefault(before, before)
        changed = (
            (whole, shown) if was == before else (was, seen) for was, seen in self._shown.items()
        )
        self._shown = {was: seen for was, seen in changed if was != seen}

    def seen(self, whole: str) -> str:
        """How a prompt that waits was seen: all of it where nothing else is known."""
        return self._shown.get(whole, whole)

    def take(self, whole: str) -> str:
        """How a prompt was seen, which is told of now; empty where that was all of it."""
        return self._shown.pop(whole, "")

    def clear(self) -> None:
        """Forgets them."""
        self._shown.clear()

    def among(self, waiting: Sequence[Mapping[str, Any]]) -> list[str]:
        """How each of those that wait was seen (``queue_shapes.WaitingPrompt``).

        Of a long one only the beginning is told, which several may share, as where two questions
        are put about the same paste: these wait in the order in which they were sent.
        """
        left = dict(self._shown)
        found = []
        for prompt in waiting:
            told = prompt["text"]
            fits = str.startswith if prompt.get("cut") else str.__eq__
            whole = next((whole for whole in left if fits(whole, told)), None)
            found.append(told if whole is None else left.pop(whole))
        return found
