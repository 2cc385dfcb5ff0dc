"""Walks a folder without what is ignored, never through symlinks, within bounds of size and time.

Not even through one that takes the place of a folder while it is on its way (``fs.tree``).
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from qwen_dual.fs.folders import ForeignFileError
from qwen_dual.tools.calls import failed
from qwen_dual.tools.textfile import missing
from qwen_dual.tools.workspace import ToolFailure

if TYPE_CHECKING:
    import os
    import threading
    from collections.abc import Iterable, Iterator

    from qwen_dual.core.tools.ports import Files
    from qwen_dual.fs.tree import Tree
    from qwen_dual.tools.capture import Limits
    from qwen_dual.tools.ignore import Ignore

MAX_ENTRIES = 500_000
MAX_SECONDS = 20.0
_LOOK_EVERY = 256  # entries, between two looks at the clock


class Entry(NamedTuple):
    """What a folder holds under one name; good until the walk goes on to the next folder.

    Attributes:
        path: absolute.
        inner: what the system says of it; its own path is no more than the name.
    """

    path: str
    inner: os.DirEntry[str]

    @property
    def name(self) -> str:
        """Its name in its folder."""
        return self.inner.name

    def leads_to_folder(self) -> bool:
        """Whether it is a folder or a link to one; a link that leads nowhere, or round, is none."""
        try:
            return self.inner.is_dir()
        except OSError:
            return False


class Walk:
    """One pass over the files below a folder.

    Args:
        tree: the folder to begin in, with all below it.
        base: its path, absolute and without links.
        ignore: what to leave out.
        gone: ends the walk early when set.

    Attributes:
        note: why not everything was seen; empty if it was.
        ignored: entries left out; an ignored folder counts as one.
    """

    def __init__(self, tree: Tree, base: str, ignore: Ignore, gone: threading.Event) -> None:
        self.note = ""
        self.ignored = 0
        self._tree = tree
        self._base = base
        self._ignore = ignore
        self._gone = gone
        self._until = time.monotonic() + MAX_SECONDS
        self._seen = 0
        self._unreadable = 0

    def files(self) -> Iterator[Entry]:
        """Files and symlinks, a folder's own before those below it, in the order of names."""
        folders = [self._base]
        while folders:
            below = []
            for entry in self.entries(folders.pop()):
                if entry.inner.is_dir(follow_symlinks=False):
                    below.append(entry.path)
                else:
                    yield entry
            if self.note:
                break
            folders += reversed(below)
        if self._unreadable and not self.note:
            self.note = f"{self._unreadable} folders could not be read"

    def entries(self, folder: str) -> list[Entry]:
        """What is in ``folder`` and not ignored, sorted by name."""
        if self._is_over():
            return []
        kept = []
        prefix = folder.rstrip("/")
        try:
            with self._tree.entries(folder) as found:
                for entry in found:
                    self._seen += 1
                    if self._seen % _LOOK_EVERY == 0 and self._is_over():
                        break
                    path = f"{prefix}/{entry.name}"
                    if self._ignore.ignores(path, is_dir=entry.is_dir(follow_symlinks=False)):
                        self.ignored += 1
                    else:
                        kept.append(Entry(path, entry))
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


@contextmanager
def opened_tree(files: Files, real: str, shown: str) -> Iterator[Tree]:
    """The folder ``real``, held open while it is searched.

    Args:
        files: has it.
        real: as it was checked: absolute and without links.
        shown: its path for errors.

    Raises:
        ToolFailure: it is missing, is no folder, may not be read, or is reached through a link by now.
    """
    try:
        tree = files.tree(real)
    except FileNotFoundError:
        raise ToolFailure(missing(files, real, shown)) from None
    except ForeignFileError as error:
        raise ToolFailure(f"{error}; nothing was read.") from None
    except NotADirectoryError:
        raise ToolFailure(f"{shown} is no folder.", "read_file reads files.") from None
    except OSError as error:
        raise failed("read the folder", shown, error) from error
    with tree:
        yield tree


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
