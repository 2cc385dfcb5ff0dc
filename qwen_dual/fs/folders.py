"""Folders held open by a descriptor, so that no link can take their place on the way to a file.

A path is checked at one moment and used at another. Whoever goes through its folders one by one,
each opened in the one before and none of them a link, ends where the check looked or nowhere.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# O_PATH needs no right to list the folder, only to go through it.
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC


class ForeignFileError(OSError):
    """A file that is there and is not used.

    Attributes:
        path: the file, as it was asked for.
        why: what is wrong with it: ``is a symbolic link, which is not followed``.
    """

    def __init__(self, path: str, why: str) -> None:
        super().__init__(errno.EPERM, why, path)
        self.path = path
        self.why = why

    def __str__(self) -> str:
        return f"{self.path} {self.why}"


def open_folder(path: str) -> int:
    """A descriptor of the folder at ``path``, links followed.

    Raises:
        OSError: there is none, or it may not be entered.
    """
    return os.open(path, _FOLDER)


def enter(root: str, steps: Iterable[str], shown: str, *, make: int | None = None) -> int:
    """A descriptor of the folder that is ``steps`` below ``root``, none of them a link.

    Args:
        root: where to begin; links on the way there are followed.
        steps: the names of folders, each in the one before.
        shown: the path for an error.
        make: the mode of folders that are made where there are none; None makes none.

    Raises:
        ForeignFileError: a step is a link.
        OSError: there is none, or it may not be entered or made.
    """
    folder = open_folder(root)
    for step in steps:
        try:
            inner = _step(folder, step, shown, make)
        finally:
            os.close(folder)
        folder = inner
    return folder


def enter_real(path: str, *, make: int | None = None) -> tuple[int, str]:
    """The folder that ``path`` lies in, and its name there.

    Args:
        path: absolute and without links, as ``os.path.realpath`` gave it.
        make: as in ``enter``.

    Raises:
        ForeignFileError: a folder on the way is a link by now.
        OSError: there is none, or it may not be entered or made.
    """
    *steps, name = path.split("/")[1:]
    return enter("/", [step for step in steps if step], path, make=make), name


def path_for_child(folder: int, path: str) -> str:
    """A path by which a process that is started now enters the open ``folder``.

    Where the system has none for a descriptor it is ``path``, and that may lead elsewhere by now.
    """
    own = f"/proc/self/fd/{folder}"
    return own if os.path.exists(own) else path


def is_link(name: str, folder: int) -> bool:
    """Whether ``name`` in the open ``folder`` is a symbolic link."""
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        return False


def _step(folder: int, step: str, shown: str, make: int | None) -> int:
    try:
        return os.open(step, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
    except FileNotFoundError:
        if make is None:
            raise
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR) and is_link(step, folder):
            raise ForeignFileError(
                shown, f"is reached through {step}, a symbolic link, which is not followed"
            ) from None
        raise
    try:
        os.mkdir(step, make, dir_fd=folder)
    except FileExistsError:
        pass  # another was quicker; what it is shows when it is opened
    return _step(folder, step, shown, None)
