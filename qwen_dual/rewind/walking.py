"""What is below a folder, as far as it is kept: within bounds of number and time, through no link.

Left out are ``.git``, repositories within the folder (submodules too), whatever the ignore files name,
and what the caller leaves out. What was left out is told, since it may be seen the next time, and was
there before for all that.
"""

from __future__ import annotations

import stat
import time
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import os
    import threading
    from collections.abc import Collection, Iterator

    from qwen_dual.fs.tree import Tree

_LOOK_EVERY = 128  # entries, between two looks at the clock
_REPOSITORY = frozenset(("HEAD", "objects", "refs"))


class Ignores(Protocol):
    """Says what ignore files name; made anew for each walk."""

    def ignores(self, path: str, /, *, is_dir: bool) -> bool:
        """Whether ``path``, whose parents are not ignored, is."""
        ...


class Entry(NamedTuple):
    """A file, link or folder; ``folder`` is where ``name`` stands."""

    path: str
    folder: str
    name: str
    status: os.stat_result


class Walk:
    """One pass.

    Args:
        tree: the folder, with all below it.
        top: its path, absolute and without links.
        ignores: what is left out.
        left_out: paths that are, too.
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
        names = set()
        try:
            with self._tree.entries(folder) as found:
                for each in found:
                    path, is_dir = f"{prefix}/{each.name}", each.is_dir(follow_symlinks=False)
                    names.add(each.name)
                    if (
                        each.name == ".git"
                        or path in self._left_out
                        or self._ignores.ignores(path, is_dir=is_dir)
                    ):
                        hidden.append(path)
                        continue
                    try:
                        status = each.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue
                    kept.append(Entry(path, folder, each.name, status))
        except OSError:  # may not be read, or is gone by now
            self.hidden.add(folder)
            return []
        if folder != self._top and (".git" in names or names >= _REPOSITORY):
            self.hidden.add(folder)  # a repository of its own, bare ones too
            return []
        self.hidden.update(hidden)
        return kept
