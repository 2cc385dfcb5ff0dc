"""Files and folders that nobody but this user may have a hand in: channels, logs, saved sessions.

Decides from what ``stat`` says whether others could have put a file there, could change it or could
take its place, and opens only what is safe of that, never through a symbolic link.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from qwen_dual.fs.folders import ForeignFileError, enter_real, is_link, open_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

LINK = "is a symbolic link, which is not followed; name the file that it leads to"

_CHECKED = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def folder_problem(found: os.stat_result) -> str | None:
    """Why others could take away what is in a folder of this status; None where they cannot.

    A sticky folder, such as ``/tmp``, is safe. Root takes a folder of any owner: in a container that
    is the person outside of it.
    """
    user = os.geteuid()
    if user not in (0, found.st_uid) and found.st_uid != 0:
        return f"belongs to another user (uid {found.st_uid})"
    shared = found.st_mode & stat.S_IWOTH or (
        found.st_mode & stat.S_IWGRP and not _is_group_of_one(found)
    )
    if not shared or found.st_mode & stat.S_ISVTX:
        return None
    mode = stat.S_IMODE(found.st_mode)
    return f"can be written to by others (mode {mode:04o}); run chmod go-w on it, or use another"


def owner_problem(found: os.stat_result, owners: Collection[int] | None = None) -> str | None:
    """Why a file of this status may be another user's doing; None where it is not.

    Args:
        owners: whose it may be; None for this user.
    """
    user = os.geteuid()
    if found.st_uid not in (owners or (user,)):
        return f"belongs to another user (uid {found.st_uid}, not {user})"
    if found.st_nlink > 1:
        return f"has {found.st_nlink} names (hard links), and others may have one of them"
    return None


def open_checked(
    path: str, flags: int, problem: Callable[[os.stat_result], str | None], *, mode: int = 0o600
) -> int:
    """Opens the file at ``path``, which is no link, in a folder that others cannot write to.

    Args:
        path: the file; links on the way to its folder are followed.
        flags: as for ``os.open``; it never waits for the other end of a FIFO.
        problem: says of a status why that file is not opened; asked before, and again of what is open.
        mode: permission bits of a file that is made.

    Raises:
        ForeignFileError: the folder, or the file, is not safe; says why.
        OSError: it cannot be opened.
    """
    parent, name = os.path.split(os.path.abspath(path))
    folder = open_folder(parent)
    try:
        shared = folder_problem(os.fstat(folder))
        if shared is not None:
            raise ForeignFileError(path, f"is in {parent}, which {shared}")
        try:
            _check(os.stat(name, dir_fd=folder, follow_symlinks=False), path, problem)
        except FileNotFoundError:
            if not flags & os.O_CREAT:
                raise
        try:
            fd = os.open(name, flags | _CHECKED, mode, dir_fd=folder)
        except OSError as error:
            if error.errno == errno.ELOOP and is_link(name, folder):
                raise ForeignFileError(path, LINK) from None
            raise
    finally:
        os.close(folder)
    try:
        _check(os.fstat(fd), path, problem)
    except ForeignFileError:
        os.close(fd)
        raise
    return fd


def make_private(path: str, problem: Callable[[os.stat_result], str | None]) -> str | None:
    """Takes away what others may do with the file at ``path``; returns what was done, if anything.

    Raises:
        ForeignFileError: it is not safe, or its mode cannot be changed.
        OSError: it cannot be opened.
    """
    if not os.stat(path, follow_symlinks=False).st_mode & 0o077:
        return None
    # For reading, since a FIFO that nobody reads cannot be opened for writing.
    fd = open_checked(path, os.O_RDONLY, problem)
    try:
        before = stat.S_IMODE(os.fstat(fd).st_mode)
        if not before & 0o077:
            return None
        try:
            os.fchmod(fd, before & 0o700)
        except OSError as error:
            raise ForeignFileError(path, f"{_open_to(before)}: {error.strerror}") from error
        after = stat.S_IMODE(os.fstat(fd).st_mode)
        if after & 0o077:
            raise ForeignFileError(path, f"{_open_to(after)}, and this file system keeps it so")
    finally:
        os.close(fd)
    return f"{_open_to(before).replace('is', 'was', 1)}; it is {after:04o} now"


def private_folder(path: str) -> None:
    """Makes, or checks, a folder that only its owner may enter.

    Raises:
        ForeignFileError: it is a link or no folder, or others could take its place.
        OSError: it cannot be made.
    """
    parent, name = os.path.split(os.path.abspath(path))
    above, name = enter_real(os.path.join(os.path.realpath(parent), name), make=0o700)
    try:
        shared = folder_problem(os.fstat(above))
        if shared is not None:
            raise ForeignFileError(path, f"is in {parent}, which {shared}")
        try:
            os.mkdir(name, 0o700, dir_fd=above)
        except FileExistsError:
            pass
        found = os.stat(name, dir_fd=above, follow_symlinks=False)
        if not stat.S_ISDIR(found.st_mode):
            raise ForeignFileError(path, "is no directory")
        if found.st_uid != os.geteuid():
            raise ForeignFileError(path, f"belongs to another user (uid {found.st_uid})")
        if found.st_mode & 0o077:
            fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | _CHECKED, dir_fd=above)
            try:
                os.fchmod(fd, 0o700)
            finally:
                os.close(fd)
    finally:
        os.close(above)


def _check(
    found: os.stat_result, path: str, problem: Callable[[os.stat_result], str | None]
) -> None:
    why = LINK if stat.S_ISLNK(found.st_mode) else problem(found)
    if why is not None:
        raise ForeignFileError(path, why)


def _open_to(mode: int) -> str:
    can = [word for bits, word in ((0o044, "readable"), (0o022, "writable")) if mode & bits]
    return f"is {' and '.join(can) or 'executable'} by others (mode {mode:04o})"


def _is_group_of_one(found: os.stat_result) -> bool:
    """Whether the group of a folder is its owner's private one, as many systems give each user."""
    if found.st_gid != found.st_uid:
        return False
    import grp
    import pwd

    try:
        members = set(grp.getgrgid(found.st_gid).gr_mem)
        return members <= {pwd.getpwuid(found.st_uid).pw_name}
    except KeyError:
        return True  # nobody is in a group that has no entry
