"""Gives a file a new content: the one place that does.

In one step where that can be: a temporary file beside it, then a rename, so that a reader sees the old
content or the new one, never half of it. In place where a rename cannot be (the file is a mount point,
its folder may not be written to) or would break what the file is (one of several names, a group that
only stays so); then a copy of the old content is kept until the new one is on disk.

Everything happens relative to the open folder: a folder that is swapped for a link after its path was
checked changes nothing elsewhere.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from typing import TYPE_CHECKING

from qwen_dual.fs.folders import ForeignFileError, enter_real
from qwen_dual.fs.foreign import read_up_to

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_CHANGED = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_TEMPORARY = r"(?s)\..*\.[0-9a-f]{12}\.tmp"
_NO_RENAME = frozenset((errno.EBUSY, errno.EXDEV, errno.EROFS, errno.EACCES, errno.EPERM))
"""With these the folder cannot take a new file in place of the old one; the file itself may do."""


class _CannotRename(Exception):
    """The file can only be written in place."""


class TornFileError(OSError):
    """A write in place broke off, and the old content could not be put back.

    Attributes:
        copy: where the old content is.
    """

    def __init__(self, path: str, copy: str, cause: OSError) -> None:
        why = f"{cause.strerror}; the old content is in {copy}"
        super().__init__(cause.errno, why, path)
        self.copy = copy


def replace_file(
    path: str,
    data: bytes,
    *,
    mode: int | None = None,
    folder_mode: int = 0o777,
    copies: str | None = None,
    durable: bool = True,
) -> None:
    """Makes ``data`` the content of the file at ``path``; missing folders are made.

    Mode, group, owner and attributes of a file that is there stay, as far as the system lets us.

    Args:
        path: absolute and without links, as ``os.path.realpath`` gave it.
        data: the whole content.
        mode: permission bits that the file shall have; None keeps them, or takes those of a new file.
        folder_mode: permission bits of folders that are made.
        copies: a folder for the copy of the old content where its own cannot take one; made, private,
            when it is needed.
        durable: whether it is on disk before this returns, which may take a disk many milliseconds;
            what means nothing after a crash of the machine need not be.

    Raises:
        ForeignFileError: a link is there, or on the way, by now.
        TornFileError: the new content is there in part, and the old one in a copy.
        OSError: it cannot be written; what was there is still there.
    """
    folder, name = enter_real(path, make=folder_mode)
    try:
        found = _stat(name, folder)
        if found is None:
            _rename(folder, name, data, 0o666 if mode is None else mode, mode, None, durable)
            return
        if not stat.S_ISREG(found.st_mode):
            raise ForeignFileError(path, "is no regular file any more; nothing was written")
        with contextlib.suppress(_CannotRename):
            if found.st_nlink == 1:
                wanted = stat.S_IMODE(found.st_mode) if mode is None else mode
                _rename(folder, name, data, 0o600, wanted, found, durable)
                return
        _write_in_place(path, folder, name, data, mode, copies)
    finally:
        os.close(folder)


def _stat(name: str, folder: int) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def replace_link(path: str, target: str) -> None:
    """Makes ``path`` a symbolic link to ``target``, in one step; a file or link there gives way.

    Args:
        path: as for ``replace_file``.
        target: where it leads to; nothing need be there.

    Raises:
        ForeignFileError: a folder on the way is a link by now.
        OSError: it cannot be made; what was there is still there.
    """
    folder, name = enter_real(path, make=0o777)
    temporary = _temporary(name)
    try:
        os.symlink(target, temporary, dir_fd=folder)
        try:
            os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        except OSError:
            os.unlink(temporary, dir_fd=folder)
            raise
    finally:
        os.close(folder)


def remove_file(path: str) -> None:
    """Takes away the file or link at ``path``, which is no folder.

    Raises:
        ForeignFileError: a folder on the way is a link by now.
        OSError: there is none, or it cannot be taken away.
    """
    folder, name = enter_real(path)
    try:
        os.unlink(name, dir_fd=folder)
    finally:
        os.close(folder)


def remove_leftovers(paths: Iterable[str]) -> None:
    """Takes away what a process that was killed while it replaced one of ``paths`` has left beside it.

    To be called only where no other process replaces those files. Each folder is listed once.
    """
    folders: dict[str, set[str]] = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        folders.setdefault(folder, set()).add(name[:40])
    for folder, names in folders.items():
        _remove_leftovers(f"{folder}/.", names)


def _remove_leftovers(inside: str, names: Container[str]) -> None:
    try:
        folder, _ = enter_real(inside)
    except OSError:
        return
    try:
        listed = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    except OSError:  # may not be listed
        return
    finally:
        os.close(folder)
    try:
        for found in os.listdir(listed):
            if re.fullmatch(_TEMPORARY, found) and found[1:].rsplit(".", 2)[0] in names:
                with contextlib.suppress(OSError):
                    os.unlink(found, dir_fd=listed)
    finally:
        os.close(listed)


def _temporary(name: str) -> str:
    # The name is shortened, since a file with the longest possible name can be edited too.
    return f".{name[:40]}.{os.urandom(6).hex()}.tmp"


# -- in one step -------------------------------------------------------------------------------


def _rename(
    folder: int,
    name: str,
    data: bytes,
    made_with: int,
    mode: int | None,
    like: os.stat_result | None,
    durable: bool,
) -> None:
    """Raises ``_CannotRename``, with nothing done, for a file that has to be written in place."""
    temporary = _temporary(name)
    try:
        fd = os.open(temporary, _NEW, made_with, dir_fd=folder)
    except OSError as error:
        raise _translated(error, like) from error
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            if like is not None:
                _be_like(fd, like, name, folder)
            if mode is not None:
                os.fchmod(fd, mode)
            if durable:
                os.fsync(fd)
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError as error:
        raise _translated(error, like) from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=folder)


def _translated(error: OSError, like: os.stat_result | None) -> Exception:
    return _CannotRename() if like is not None and error.errno in _NO_RENAME else error


def _be_like(fd: int, like: os.stat_result, name: str, folder: int) -> None:
    """Gives the new file the group, owner and attributes of the old one.

    A file that would lose its group is written in place; only the superuser gives files away, so
    that the owner may well be another afterwards.
    """
    ours = os.fstat(fd)
    if (ours.st_uid, ours.st_gid) != (like.st_uid, like.st_gid):
        try:
            os.fchown(fd, like.st_uid, like.st_gid)
        except PermissionError:
            if ours.st_gid != like.st_gid:
                os.fchown(fd, -1, like.st_gid)  # EPERM: in place, then
    if not hasattr(os, "listxattr"):
        return
    # Access lists and labels; what the file system or the rights do not allow stays behind.
    with contextlib.suppress(OSError):
        old = os.open(
            name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder
        )
        try:
            for attribute in os.listxattr(old):
                with contextlib.suppress(OSError):
                    os.setxattr(fd, attribute, os.getxattr(old, attribute))
        finally:
            os.close(old)


# -- in place ----------------------------------------------------------------------------------


def _write_in_place(
    path: str, folder: int, name: str, data: bytes, mode: int | None, copies: str | None
) -> None:
    fd = os.open(name, _CHANGED, dir_fd=folder)
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise ForeignFileError(path, "is no regular file any more; nothing was written")
        old = read_up_to(fd, found.st_size)
        with _copy(path, folder, name, old, copies) as copy:
            try:
                _fill(fd, data)
            except OSError as error:
                try:
                    _fill(fd, old)
                except OSError:
                    raise TornFileError(path, copy, error) from error
                raise
        if mode is not None and stat.S_IMODE(found.st_mode) != mode:
            os.fchmod(fd, mode)
    finally:
        os.close(fd)


def _fill(fd: int, data: bytes) -> None:
    view, at = memoryview(data), 0
    while at < len(view):
        at += os.pwrite(fd, view[at:], at)
    os.ftruncate(fd, len(data))
    os.fsync(fd)


@contextlib.contextmanager
def _copy(path: str, folder: int, name: str, old: bytes, copies: str | None) -> Iterator[str]:
    """Keeps ``old`` in a file of its own meanwhile; it stays when what is done meanwhile fails badly."""
    copied = f"{name[:200]}.{os.urandom(6).hex()}.before"
    where, shown = folder, os.path.join(os.path.dirname(path), copied)
    try:
        fd = os.open(copied, _NEW, 0o600, dir_fd=folder)
    except OSError:
        if copies is None:
            raise
        where, _ = enter_real(os.path.join(os.path.realpath(copies), copied), make=0o700)
        shown = os.path.join(copies, copied)
        fd = os.open(copied, _NEW, 0o600, dir_fd=where)
    torn = False
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(old)
            file.flush()
            os.fsync(fd)
        yield shown
    except TornFileError:
        torn = True
        raise
    finally:
        if not torn:
            os.unlink(copied, dir_fd=where)
        if where != folder:
            os.close(where)
