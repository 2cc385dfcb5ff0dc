"""A tree of folders that is gone through by descriptors: no link is followed on the way down.

A folder is listed in order to enter what is in it, and in between any of it may be swapped for a link.
Each folder is therefore opened in the one above, which is held open, and not by its path.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Self

from qwen_dual.fs.folders import enter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from types import TracebackType
    from typing import BinaryIO

MAX_OPEN = 64
"""Folders that are held open; of those above a deeper one the way is gone again from the top."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Tree:
    """The folder ``top`` and all below it; a context manager that closes what it holds open.

    Args:
        top: absolute and without links, as ``os.path.realpath`` gave it.

    Raises:
        ForeignFileError: a folder on the way to it is a link by now.
        OSError: there is none, or it may not be read.
    """

    def __init__(self, top: str) -> None:
        self._path = top.rstrip("/")
        above = enter("/", _names(top), top)
        try:
            self._top = os.open(".", _FOLDER, dir_fd=above)
        finally:
            os.close(above)
        self._steps: list[str] = []  # from the top to the folder that was asked for last
        self._open: list[int] = []  # the last of them

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def top(self) -> int:
        """The descriptor of the top."""
        return self._top

    def folder(self, path: str) -> int:
        """A descriptor for listing the folder at ``path``; good until the next one is asked for.

        Args:
            path: absolute, the top or below it.

        Raises:
            OSError: it is a link, or no folder, by now, is gone, or may not be read.
        """
        return self._descend(_names(path[len(self._path) :]))

    def entries(self, path: str) -> AbstractContextManager[Iterator[os.DirEntry[str]]]:
        """What is in the folder at ``path``; a context manager. Raises as ``folder`` does."""
        return os.scandir(self.folder(path))

    def open(self, path: str) -> BinaryIO:
        """The file at ``path`` for reading. Raises as ``file`` does."""
        return os.fdopen(self.file(path), "rb")

    def file(self, path: str) -> int:
        """A descriptor for reading the file at ``path``, which the caller closes.

        Raises:
            OSError: it is a link or no regular file by now, is gone, or may not be read.
        """
        *steps, name = _names(path[len(self._path) :])
        fd = os.open(name, _FILE, dir_fd=self._descend(steps))
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise OSError(errno.EINVAL, "no regular file", path)
        return fd

    def close(self) -> None:
        """Closes all that is held open."""
        self._go_up(0)
        os.close(self._top)

    def _descend(self, steps: Sequence[str]) -> int:
        same = 0
        for ours, theirs in zip(self._steps, steps, strict=False):
            if ours != theirs:
                break
            same += 1
        closed = len(self._steps) - len(self._open)
        self._go_up(same if same > closed else 0)
        for name in steps[len(self._steps) :]:
            inner = os.open(name, _FOLDER, dir_fd=self._deepest())
            self._steps.append(name)
            self._open.append(inner)
            if len(self._open) > MAX_OPEN:
                os.close(self._open.pop(0))
        return self._deepest()

    def _deepest(self) -> int:
        return self._open[-1] if self._open else self._top

    def _go_up(self, depth: int) -> None:
        while len(self._steps) > depth:
            self._steps.pop()
            if self._open:
                os.close(self._open.pop())


def _names(path: str) -> list[str]:
    return [step for step in path.split("/") if step]
