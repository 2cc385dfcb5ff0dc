"""Keys that must never be shown: takes them out of whatever is about to be seen or kept. Pure."""

from __future__ import annotations

from typing import Any

from qwen_dual.protocol.nesting import each_text

SHORTEST = 8
"""Characters from which on a value counts as a secret; shorter ones would blot out plain words."""


class Secrets:
    """The keys in use, each with the name that is shown in its place."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def add(self, value: str | None, name: str) -> None:
        """Makes ``value`` unseen from now on; ``name`` says what it was."""
        if value and len(value) >= SHORTEST:
            self._names[value] = f"[{name}]"

    def holds(self, text: str) -> bool:
        """Whether a key is in ``text``."""
        return any(value in text for value in self._names)

    def scrub(self, text: str) -> str:
        """``text`` with the names in place of the keys."""
        for value, name in self._names.items():
            if value in text:
                text = text.replace(value, name)
        return text

    def scrub_all(self, value: Any) -> Any:
        """``value`` (of dicts, lists and scalars) with every text in it scrubbed."""
        if not self._names:
            return value
        return each_text(value, self.scrub)
