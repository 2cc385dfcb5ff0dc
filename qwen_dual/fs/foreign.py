"""Opens a file that somebody else may have put there: a repository, another user, another program.

The one place that does. No symbolic link is followed unless asked for, nothing but a regular file of
a known owner is opened, and neither a FIFO nor a huge file can hold up or fill the process. What the
file holds is the affair of whoever reads it.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from qwen_dual.fs.folders import ForeignFileError, enter, open_folder

__all__ = [
    "ForeignFileError",
    "inside",
    "open_foreign",
    "owners_in",
    "read_foreign",
    "read_up_to",
]

if TYPE_CHECKING:
    from collections.abc import Collection

_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def read_foreign(
    path: str | os.PathLike[str],
    *,
    limit: int,
    root: str | os.PathLike[str] | None = None,
    owners: Collection[int] | None = None,
    follow: bool = False,
) -> bytes:
    """The whole content of the regular file at ``path``.

    Args:
        path: the file; relative to ``root`` where that is given.
        limit: bytes that it may hold.
        root: a folder that it lies in: no step below it may be a symbolic link or ``..``. Links on
            the way to ``root`` itself are followed.
        owners: user ids that it may belong to; None for the user and root (``owners_in`` says
            what else holds for root).
        follow: whether it may be a symbolic link, for a file of the person's own; not with ``root``.

    Raises:
        ForeignFileError: it is a link, no regular file, of another owner, or larger.
        FileNotFoundError, NotADirectoryError: there is none.
        OSError: it cannot be read.
    """
    fd = open_foreign(path, root=root, owners=owners, follow=follow)
    try:
        if os.fstat(fd).st_size > limit:
            raise ForeignFileError(os.fspath(path), f"is larger than {limit:,} bytes")
        data = read_up_to(fd, limit + 1)
    finally:
        os.close(fd)
    if len(data) > limit:  # it grew, or is one of those in /proc that have no size
        raise ForeignFileError(os.fspath(path), f"is larger than {limit:,} bytes")
    return data


def inside(path: str | os.PathLike[str], root: str | os.PathLike[str]) -> tuple[str, str]:
    """``path`` and ``root`` without symbolic links, for a file that may be a link within ``root``.

    Raises:
        ForeignFileError: it leads out of ``root``.
    """
    shown, top = os.fspath(path), os.path.realpath(root)
    if "\0" in shown:
        raise ForeignFileError(shown, "is no path")
    real = os.path.realpath(shown)
    if not real.startswith(top.rstrip("/") + "/"):
        raise ForeignFileError(shown, f"is a symbolic link that leads out of {top}")
    return real, top


def open_foreign(
    path: str | os.PathLike[str],
    *,
    root: str | os.PathLike[str] | None = None,
    owners: Collection[int] | None = None,
    follow: bool = False,
) -> int:
    """A descriptor for reading the regular file at ``path``; the checks of ``read_foreign``.

    Raises:
        ForeignFileError: it is a link, no regular file, or of another owner.
        FileNotFoundError, NotADirectoryError: there is none.
        OSError: it cannot be opened.
    """
    shown = os.fspath(path)
    if "\0" in shown:
        raise ForeignFileError(shown, "is no path")
    if root is None:
        parent, name = os.path.split(os.path.abspath(shown))
        folder = open_folder(parent)
    else:
        if follow:
            raise ValueError("a file beneath a root is never a link: root and follow exclude")
        *steps, name = _steps(shown, os.fspath(root))
        folder = enter(os.fspath(root), steps, shown)
    try:
        if owners is None:
            owners = owners_in(os.fstat(folder))
        # A device does things when it is opened: looked at before, and again once it is open.
        _check(os.stat(name, dir_fd=folder, follow_symlinks=follow), shown, owners)
        flags = _READ if follow else _READ | os.O_NOFOLLOW
        fd = os.open(name, flags, dir_fd=folder)
    finally:
        os.close(folder)
    try:
        _check(os.fstat(fd), shown, owners)
    except ForeignFileError:
        os.close(fd)
        raise
    return fd


def owners_in(folder: os.stat_result) -> frozenset[int]:
    """Who may own what is taken from ``folder``: the user and root.

    For root it is the owner of the folder too: a container runs as root on a checkout, or a home,
    that belongs to the person outside of it.
    """
    user = os.geteuid()
    return frozenset((user, 0, folder.st_uid) if user == 0 else (user, 0))


def read_up_to(fd: int, size: int) -> bytes:
    """The next ``size`` bytes of ``fd``; fewer where the file ends before."""
    pieces: list[bytes] = []
    while size > 0 and (piece := os.read(fd, min(size, 1 << 20))):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _steps(shown: str, root: str) -> list[str]:
    inner = shown
    if os.path.isabs(shown):
        above = os.path.abspath(root).rstrip("/") + "/"
        if not shown.startswith(above):
            raise ForeignFileError(shown, f"is not beneath {root}")
        inner = shown[len(above) :]
    steps = [step for step in inner.split("/") if step not in ("", ".")]
    if not steps or ".." in steps:
        raise ForeignFileError(shown, f"is not beneath {root}")
    return steps


def _check(found: os.stat_result, shown: str, owners: Collection[int]) -> None:
    kind = stat.S_IFMT(found.st_mode)
    if kind != stat.S_IFREG:
        not_followed = ", which is not followed" if kind == stat.S_IFLNK else ", not a regular file"
        raise ForeignFileError(shown, f"is {_KINDS.get(kind, 'something else')}{not_followed}")
    if found.st_uid not in owners:
        raise ForeignFileError(shown, f"belongs to another user (uid {found.st_uid})")
