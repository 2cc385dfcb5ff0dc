"""The files of this machine, for the tools: opened by descriptors, so that no link is followed."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import TYPE_CHECKING

from qwen_dual.core.tools.ports import NotRegular
from qwen_dual.fs.folders import enter_real
from qwen_dual.fs.tree import Tree

if TYPE_CHECKING:
    from typing import BinaryIO

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class LocalFiles:
    """``core.tools.ports.Files`` for the disk."""

    def exists(self, path: str) -> bool:
        """Whether there is anything at ``path``, if only a link that leads nowhere."""
        return os.path.lexists(path)

    def open(self, path: str) -> BinaryIO:
        """The regular file at ``path``, unbuffered; raises as the port says."""
        folder, name = enter_real(path)
        try:
            # The kind is checked before, since opening a device can do things, and again after.
            _require_regular(os.stat(name, dir_fd=folder, follow_symlinks=False), path)
            fd = os.open(name, _READ, dir_fd=folder)
        finally:
            os.close(folder)
        try:
            _require_regular(os.fstat(fd), path)
            return os.fdopen(fd, "rb", buffering=0)
        except BaseException:
            os.close(fd)
            raise

    def may_write(self, path: str) -> bool:
        """Whether the file that is there may be written."""
        return os.access(path, os.W_OK)

    def check_new(self, path: str) -> None:
        """Whether a file can be made at ``path``, and the folders that it needs."""
        folder = os.path.dirname(path)
        try:
            os.lstat(path)  # tells names that are too long, and files in place of folders
        except FileNotFoundError:
            while not os.path.lexists(folder):
                folder = os.path.dirname(folder)
            for name in path.removeprefix(folder).split("/"):
                with contextlib.suppress(FileNotFoundError):
                    os.lstat(os.path.join(folder, name))
        if not os.access(folder, os.W_OK | os.X_OK):
            read_only = os.statvfs(folder).f_flag & os.ST_RDONLY
            number = errno.EROFS if read_only else errno.EACCES
            raise OSError(number, os.strerror(number), folder)

    def write(self, path: str, data: bytes, *, copies: str | None = None) -> None:
        """Replaces the file, or writes it in place where it cannot be replaced."""
        from qwen_dual.fs.replace import replace_file

        replace_file(path, data, copies=copies)

    def names(self, folder: str) -> list[str]:
        """What is in a folder."""
        return os.listdir(folder)

    def tree(self, top: str) -> Tree:
        """The folder ``top`` and all below it."""
        return Tree(top)


def _require_regular(status: os.stat_result, path: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise NotRegular(path, status.st_mode)
