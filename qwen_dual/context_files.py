"""The context files: what a person and a project want the model to know before the first prompt.

``QWEN.md`` of the user, then ``QWEN.md`` and ``AGENTS.md`` from the root of the repository down to the
folder. Reads, never writes.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NAMES = ("QWEN.md", "AGENTS.md")

MAX_CHARS = 40_000
"""Of one file; a longer one is cut, and says so."""


@dataclass(frozen=True, slots=True)
class ContextFile:
    """One file in force.

    Attributes:
        text: what the model gets of it.
        cut: characters that it does not get.
    """

    path: str
    text: str
    cut: int = 0


def context_files(folder: str, home: str, names: Sequence[str] = NAMES) -> list[ContextFile]:
    """The files in force for ``folder``, in the order in which the model gets them.

    Args:
        folder: the workspace.
        home: the user's settings folder; only the first of ``names`` counts there.
        names: what the files are called.
    """
    found: list[ContextFile] = []
    seen: set[str] = set()
    for path in _candidates(folder, home, names):
        real = os.path.realpath(path)
        if real not in seen and os.path.isfile(real):
            seen.add(real)
            file = _read(path)
            if file is not None:
                found.append(file)
    return found


def as_prompt(files: Sequence[ContextFile]) -> str:
    """The files as a part of the system prompt; empty where there are none."""
    return "".join(f"\n\n--- {file.path} ---\n{file.text}" for file in files)


def _candidates(folder: str, home: str, names: Sequence[str]) -> Iterator[str]:
    for name in names[:1]:
        yield os.path.join(home, name)
    for level in _levels(os.path.realpath(folder)):
        for name in names:
            yield os.path.join(level, name)


def _levels(folder: str) -> list[str]:
    """From the root of the repository down to ``folder``; only itself outside of one."""
    levels = [folder]
    while not os.path.exists(os.path.join(levels[-1], ".git")):
        above = os.path.dirname(levels[-1])
        if above == levels[-1]:
            return [folder]
        levels.append(above)
    return levels[::-1]


def _read(path: str) -> ContextFile | None:
    try:
        with open(path, encoding="utf-8-sig", errors="replace") as file:
            text = file.read(MAX_CHARS)
            rest = len(file.read())
    except OSError:
        return None
    text = text.strip()
    if rest:
        text += f"\n[… {rest} characters of this file are left out …]"
    return ContextFile(path, text, rest) if text else None
