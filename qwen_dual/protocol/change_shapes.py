"""The shape of what changes in a file, line by line."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict


class Hunk(TypedDict):
    r"""Lines that change, with up to three around them.

    Starts count from 1; with no lines on a side, its start is the line before. ``lines`` begin with a
    blank, ``-`` or ``+`` and are exact, a ``\r`` at their end included; after the last line of a file
    that has no newline comes ``\ No newline at end of file``.
    """

    old_start: int
    old_lines: int
    new_start: int
    new_lines: int
    lines: list[str]


class FileDiff(TypedDict):
    """How one file changes; ``path`` is absolute, ``added`` and ``removed`` count its lines.

    The counts are of the whole change. With ``cut`` there is more than ``hunks`` hold: the last of them
    may end early, its counts being of what it has.
    """

    path: str
    change: Literal["add", "modify", "delete"]
    added: int
    removed: int
    hunks: list[Hunk]
    cut: bool
