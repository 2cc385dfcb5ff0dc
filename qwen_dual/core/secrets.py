"""Keys that must never be shown: takes them out of whatever is about to be seen or kept. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.protocol.long_json import LONG
from qwen_dual.protocol.nesting import each_text

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTEST = 8
"""Characters from which on a value counts as a secret; shorter ones would blot out plain words."""

STEP = 1 << 18
"""Characters that are looked at in one step: less than a millisecond's work."""


class Secrets:
    """The keys in use, each with the name that is shown in its place."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._known: list[tuple[str, str]] = []  # long texts that were looked through, and as what

    def add(self, value: str | None, name: str) -> None:
        """Makes ``value`` unseen from now on; ``name`` says what it was."""
        if value and len(value) >= SHORTEST:
            self._names[value] = f"[{name}]"
            self._known.clear()

    def holds(self, text: str) -> bool:
        """Whether a key is in ``text``."""
        return any(value in text for value in self._names)

    def scrub(self, text: str) -> str:
        """``text`` with the names in place of the keys."""
        if len(text) > LONG:
            for known, clean in self._known:
                if known is text:
                    return clean
        for value, name in self._names.items():
            if value in text:
                text = text.replace(value, name)
        return text

    def scrub_all(self, value: Any) -> Any:
        """``value`` (of dicts, lists and scalars) with every text in it scrubbed."""
        if not self._names:
            return value
        return each_text(value, self.scrub)

    def look_through(self, text: str) -> Iterator[None]:
        """Scrubs a long text in as many steps as are taken; then ``scrub`` knows what it becomes.

        Of the last such texts only, and of the very same object: an answer is told, saved and told
        once more in the ``result``.
        """
        if len(text) <= LONG or any(known is text for known, _ in self._known):
            return
        clean: str | None = None  # as long as there is no key in it no copy is made
        begin = 0
        while begin < len(text):
            end = self._between(text, begin + STEP)
            piece = text[begin:end]
            scrubbed = self.scrub(piece)
            if clean is None and scrubbed != piece:
                clean = text[:begin]
            if clean is not None:
                clean += scrubbed
            begin = end
            yield
        self._known = [(text, text if clean is None else clean), *self._known[:1]]

    def _between(self, text: str, at: int) -> int:
        """``at``, or the end of the key that it would cut."""
        for value in self._names:
            found = text.find(value, max(0, at - len(value) + 1), at + len(value) - 1)
            if found >= 0:
                return self._between(text, found + len(value))
        return at
