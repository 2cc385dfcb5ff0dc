"""The file of one chat: created or reopened under a lock, appended to record by record.

Knows nothing of what a record holds. Every error is an OSError but ``ChatBusy``.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from typing import TYPE_CHECKING

from qwen_dual.chats.partial import holder
from qwen_dual.chats.paths import make_folder

if TYPE_CHECKING:
    from pathlib import Path


class ChatBusy(Exception):
    """Another process has the chat open.

    Attributes:
        path: the chat.
        pid: the process, where it is known.
    """

    def __init__(self, path: Path, pid: int | None) -> None:
        who = "another process" if pid is None else f"process {pid}"
        super().__init__(
            f"session {path.stem} is open in {who}; close it there, start a new session, or go on in a copy of it (--fork-session)"
        )
        self.path = path
        self.pid = pid


class Journal:
    """A chat that this process may append to, until ``close``.

    Args:
        path: the file.
        new: it must not exist yet, or be empty, and its folders are made; otherwise it must exist.

    Raises:
        ChatBusy: another process has it open.
        OSError: it cannot be created or opened.
    """

    def __init__(self, path: str | Path, *, new: bool) -> None:
        self.path = path = os.fspath(path)
        flags = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        if new:
            make_folder(os.path.dirname(path))
            flags |= os.O_CREAT
        self._fd = os.open(path, flags, 0o600)
        try:
            if not stat.S_ISREG(os.fstat(self._fd).st_mode):
                raise OSError(errno.EINVAL, "it is no regular file", path)
            self._lock()
            if new and os.fstat(self._fd).st_size:
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
            self._torn = _is_torn(self._fd)
        except BaseException:
            os.close(self._fd)
            raise

    def append(self, line: bytes | bytearray) -> None:
        """Appends one record, which ends with a newline, in one write; or one part after another."""
        view = memoryview(b"\n" + line if self._torn else line)
        while view:
            view = view[os.write(self._fd, view) :]
        self._torn = False

    def close(self) -> None:
        """Gives the chat free; idempotent."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _lock(self) -> None:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            from pathlib import Path

            raise ChatBusy(Path(self.path), holder(self.path)) from None
        except OSError:
            # A file system without locks: a chat that cannot be guarded is better than none.
            return


def _is_torn(fd: int) -> bool:
    size = os.fstat(fd).st_size
    return size > 0 and os.pread(fd, 1, size - 1) != b"\n"
