"""A file of a definition that cannot be used."""

from __future__ import annotations


class DefinitionError(ValueError):
    """What is wrong with one file.

    Attributes:
        path: the file.
        line: where in it, from 1; 0 where it is the file as a whole.
        why: what is wrong, and what it should be.
    """

    def __init__(self, path: str, line: int, why: str) -> None:
        super().__init__(f"{path}:{line}: {why}" if line else f"{path}: {why}")
        self.path = path
        self.line = line
        self.why = why
