"""A file of a definition that cannot be used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAX_TOLD: Final = 5
"""Broken files that are named when they are found."""


class DefinitionError(ValueError):
    """What is wrong with one file; as text in one line, in which nothing of the file hides.

    Attributes:
        path: the file.
        line: where in it, from 1; 0 where it is the file as a whole.
        why: what is wrong, and what it should be.
    """

    def __init__(self, path: str, line: int, why: str) -> None:
        told = f"{path}:{line}: {why}" if line else f"{path}: {why}"
        if not (told.isascii() and told.isprintable()):
            from qwen_dual.protocol.visible import escape, still_visible

            told = still_visible(told, "prose")  # what is wrong with a name is visible already
            for char in "\n\t":
                told = told.replace(char, escape(char))
        super().__init__(told)
        self.path = path
        self.line = line
        self.why = why

    def shortened(self, short: Callable[[str], str]) -> str:
        """The same, with the path as a person calls it.

        Args:
            short: makes it so.
        """
        return str(self).replace(self.path, short(self.path), 1)


def listed(told: Sequence[str], more: str) -> list[str]:
    """What of many broken files is said unasked.

    Args:
        told: all there is to say.
        more: where the rest is found.
    """
    rest = len(told) - MAX_TOLD
    return [*told[:MAX_TOLD], *([f"and {rest} more: {more}"] if rest > 0 else [])]
