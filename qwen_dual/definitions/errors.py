"""A file of a definition that cannot be used."""

from __future__ import annotations


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
