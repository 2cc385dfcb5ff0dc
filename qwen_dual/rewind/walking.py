"""What is below a folder, as far as it is kept: within bounds of number and time, through no link.

Left out are ``.git``, repositories within the folder (submodules too), whatever the ignore files name,
and what the caller leaves out. What was left out is told, since it may be seen the next time, and was
there before for all that.
"""

from __future__ import annotations

import os
import stat
import time
from typing import TYPE_CHECKING, NamedTuple, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    import threading
    from collections.abc import Collection, Iterator

    from qwen_dual.fs.tree import Tree

IGNORE_FILES = (".gitignore", ".qwenignore")

_LOOK_EVERY = 128  # entries, between two looks at the clock
_REPOSITORY = frozenset(("HEAD", "objects", "refs"))


class Ignores(Protocol):
    """Says what ignore files name; made anew for each walk."""

    def ignores(self, path: str, /, *, is_dir: bool) -> bool:
        """Whether ``path``, whose parents are not ignored, is."""
        ...


class Entry(NamedTuple):
    """A file, link or folder; ``folder`` is where ``name`` stands, ``raw`` its path as bytes."""

    path: str
    raw: bytes
    folder: str
    name: str
    status: os.stat_result


class Before(Struct, frozen=True):
    """What a walk before came to, as far as the ignore files still say the same.

    Attributes:
        met: what it met.
        hidden: what it left out.
    """

    met: Collection[bytes] = ()
    hidden: Collection[str] = ()


class Walk:
    """One pass.

    Args:
        tree: the folder, with all below it.
        top: its path, absolute and without links.
        ignores: what is left out.
        left_out: paths that are, too.
        before: what need not be asked of ``ignores`` again, which takes most of the time.
        seconds: how long it may take, with what is done between two entries.
        most: entries at the most.
        gone: ends it early when set.

    Attributes:
        complete: whether all was seen; False until the end.
        why: why not.
        hidden: what was left out, and not what is in it.
    """

    def __init__(
        self,
        tree: Tree,
        top: str,
        ignores: Ignores,
        left_out: Collection[str],
        *,
        before: Before,
        seconds: float,
        most: int,
        gone: threading.Event,
    ) -> None:
        self.complete = False
        self.why = ""
        self.hidden: set[str] = set()
        self._tree = tree
        self._top = top
        self._ignores = ignores
        self._left_out = left_out
        self._before = before
        self._seconds = seconds
        self._until = time.monotonic() + seconds
        self._most = most
        self._gone = gone

    def entries(self) -> Iterator[Entry]:
        """All there is, a folder before what is in it; its descriptor is the tree's, for the moment."""
        folders, seen = [self._top], 0
        while folders:
            folder = folders.pop()
            below = []
            for entry in self._kept_in(folder):
                seen += 1
                if seen % _LOOK_EVERY == 0 and self.is_over():
                    return
                if seen > self._most:
                    self.why = f"it holds more than {self._most:,} files"
                    return
                if stat.S_ISDIR(entry.status.st_mode):
                    below.append(entry.path)
                yield entry
            folders += sorted(below, reverse=True)
        self.complete = not self.is_over()

    def is_over(self) -> bool:
        """Whether it has taken its time; says why."""
        if self._gone.is_set():
            self.why = "the session ended"
        elif time.monotonic() > self._until:
            self.why = f"looking at it takes longer than {self._seconds:g} s"
        return bool(self.why)

    def _kept_in(self, folder: str) -> list[Entry]:
        prefix = folder.rstrip("/")
        kept: list[Entry] = []
        hidden: list[str] = []
        try:
            with self._tree.entries(folder) as found:
                entries = list(found)
                names = {each.name for each in entries}
                if folder != self._top and (".git" in names or names >= _REPOSITORY):
                    self.hidden.add(folder)  # a repository of its own, bare ones too
                    return []
                for name in names.intersection(IGNORE_FILES):
                    if os.fsencode(f"{prefix}/{name}") not in self._before.met:
                        self._before = Before()  # what it says is news
                for each in entries:
                    path = f"{prefix}/{each.name}"
                    raw = os.fsencode(path)
                    if raw not in self._before.met and self._hides(path, each):
                        hidden.append(path)
                        continue
                    try:
                        status = each.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue
                    kept.append(Entry(path, raw, folder, each.name, status))
        except OSError:  # may not be read, or is gone by now
            self.hidden.add(folder)
            return []
        self.hidden.update(hidden)
        return kept

    def _hides(self, path: str, entry: os.DirEntry[str]) -> bool:
        if entry.name == ".git" or path in self._left_out or path in self._before.hidden:
            return True
        return self._ignores.ignores(path, is_dir=entry.is_dir(follow_symlinks=False))
