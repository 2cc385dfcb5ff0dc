"""A regular file as a sink: appended to, whole lines only, reopened when somebody takes it away."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from qwen_dual.bridge.checks import file_refusal
from qwen_dual.fs.folders import ForeignFileError
from qwen_dual.fs.private import make_private, open_checked

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT
_NEWLINE = b"\n"[0]


class FileSink:
    """A file at a path, or one that was inherited open.

    Args:
        target: the path, or what to call the descriptor.
        fd: the inherited descriptor; None opens the path, private to the user if it is new.

    Raises:
        ForeignFileError: another user may have a hand in what is at the path.
        OSError: the path cannot be opened.
    """

    kind = "file"
    keeps = 0
    ready = True

    def __init__(self, target: str, fd: int | None = None) -> None:
        self.target = target
        self.readers = 1
        self._path = target if fd is None else None
        self.warnings: list[str] = []
        self._refused = ""
        self._fd = self._open(target) if fd is None else fd
        if fd is not None:
            os.set_inheritable(fd, False)
        self._end = os.fstat(self._fd).st_size
        self._begun = 0  # bytes of the last line, while that has no end

    def write(self, data: memoryview) -> int:
        """Writes all of it, which may be a part of a line only.

        Raises:
            OSError: it could not; a line written in part is cut off again.
        """
        done = 0
        try:
            while done < len(data):
                count = os.write(self._fd, data[done:])
                if count == 0:
                    raise OSError(errno.EIO, os.strerror(errno.EIO))
                done += count
        except OSError:
            self._cut(data[:done])
            raise
        self._end = os.lseek(self._fd, 0, os.SEEK_CUR)
        if data and data[-1] == _NEWLINE:
            self._begun = 0
        else:
            self._begun = self._torn(data)
        return done

    def renewed(self) -> bool:
        """Whether the file was deleted, renamed or truncated; then a new one is open by now."""
        if self._path is None:
            return False
        try:
            here = os.stat(self._path, follow_symlinks=False)
            ours = os.fstat(self._fd)
        except FileNotFoundError:
            return self._reopen()
        except OSError:
            return False
        if (here.st_dev, here.st_ino) != (ours.st_dev, ours.st_ino):
            return self._reopen()
        if ours.st_size < self._end:
            self._end, self._begun = ours.st_size, 0
            self.readers += 1
            return True
        return False

    def lost_reader(self) -> int | None:
        """Whoever reads a file cannot be told from nobody."""
        return None

    def attach(
        self,
        loop: asyncio.AbstractEventLoop,
        on_ready: Callable[[], None],
        on_gone: Callable[[], None],
    ) -> None:
        """Nothing to wait for."""

    def wait_writable(self, callback: Callable[[], None] | None) -> None:
        """A file never asks to wait."""

    def close(self) -> None:
        """Closes what was opened here."""
        if self._path is not None:
            os.close(self._fd)

    def _reopen(self) -> bool:
        assert self._path is not None
        try:
            fd = self._open(self._path)
        except ForeignFileError as error:
            if error.why != self._refused:
                self._refused = error.why
                self.warnings.append(f"{error}; events go on to the file that was there before")
            return False
        except OSError:
            return False  # its folder is gone, say: the old file still takes everything
        self._refused = ""
        os.close(self._fd)
        self._fd = fd
        self._end, self._begun = os.fstat(fd).st_size, 0
        self.readers += 1
        return True

    def _open(self, path: str) -> int:
        """Opens the file at ``path``, private to the user from now on."""
        fd = open_checked(path, _FLAGS, file_refusal)
        try:
            done = make_private(path, file_refusal) if os.fstat(fd).st_mode & 0o077 else None
        except OSError:
            os.close(fd)
            raise
        if done is not None:
            self.warnings.append(f"{path} {done}")
        return fd

    def _torn(self, written: memoryview) -> int:
        """Bytes of the line that has no end once ``written`` stands behind what was written before."""
        end = bytes(written).rfind(b"\n") + 1
        return len(written) - end + (0 if end else self._begun)

    def _cut(self, written: memoryview) -> None:
        """Takes back the part after the last newline, unless somebody wrote behind it."""
        torn = self._torn(written)
        try:
            end = os.lseek(self._fd, 0, os.SEEK_CUR)
            if torn and os.fstat(self._fd).st_size == end:
                os.ftruncate(self._fd, end - torn)
        except OSError:
            pass  # the error that brought us here is the one to tell
