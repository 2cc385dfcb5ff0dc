"""Walks a folder without what is ignored, never through symlinks, within bounds of size and time."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable, Iterator

    from qwen_dual.tools.capture import Limits
    from qwen_dual.tools.ignore import Ignore

MAX_ENTRIES = 500_000
MAX_SECONDS = 20.0
_LOOK_EVERY = 256  # entries, between two looks at the clock


class Walk:
    """One pass over the files below ``base``.

    Args:
        base: where to begin.
        ignore: what to leave out.
        gone: ends the walk early when set.

    Attributes:
        note: why not everything was seen; empty if it was.
        ignored: entries left out; an ignored folder counts as one.
    """

    def __init__(self, base: str, ignore: Ignore, gone: threading.Event) -> None:
        self.note = ""
        self.ignored = 0
        self._base = base
        self._ignore = ignore
        self._gone = gone
        self._until = time.monotonic() + MAX_SECONDS
        self._seen = 0
        self._unreadable = 0

    def files(self) -> Iterator[os.DirEntry[str]]:
        """Files and symlinks, a folder's own before those below it, in the order of names."""
        folders = [self._base]
        while folders:
            below = []
            for entry in self.entries(folders.pop()):
                if entry.is_dir(follow_symlinks=False):
                    below.append(entry.path)
                else:
                    yield entry
            if self.note:
                break
            folders += reversed(below)
        if self._unreadable and not self.note:
            self.note = f"{self._unreadable} folders could not be read"

    def entries(self, folder: str) -> list[os.DirEntry[str]]:
        """What is in ``folder`` and not ignored, sorted by name."""
        if self._is_over():
            return []
        kept = []
        try:
            with os.scandir(folder) as found:
                for entry in found:
                    self._seen += 1
                    if self._seen % _LOOK_EVERY == 0 and self._is_over():
                        break
                    if self._ignore.ignores(entry.path, is_dir=entry.is_dir(follow_symlinks=False)):
                        self.ignored += 1
                    else:
                        kept.append(entry)
        except OSError:
            self._unreadable += 1
        if self._seen > MAX_ENTRIES:
            self.note = f"the search was ended after {MAX_ENTRIES:,} entries"
        return sorted(kept, key=lambda entry: entry.name)

    def _is_over(self) -> bool:
        over = self._gone.is_set() or time.monotonic() > self._until
        if over:
            self.note = f"the search was ended after {MAX_SECONDS:.0f} s"
        return over


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether ``entry`` is a folder or leads to one; a link that leads nowhere, or round, is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def bounded_lines(lines: Iterable[str], total: int, limits: Limits, noun: str) -> str:
    """As many of ``lines`` as ``limits`` allow, and how many of the ``total`` are left out."""
    kept: list[str] = []
    room = limits.chars
    for line in lines:
        room -= len(line) + 1
        if len(kept) == limits.lines or room < 0:
            break
        kept.append(line)
    if len(kept) < total:
        kept.append(f"[… {total - len(kept):,} more {noun} left out; narrow the search …]")
    return "\n".join(kept)
