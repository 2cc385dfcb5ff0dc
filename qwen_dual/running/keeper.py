"""The record of one session: made, written anew and taken away by the process that runs it.

Beside the records of a process lies an empty file on which it holds a lock (flock) for as long as one of
its sessions runs. The kernel drops that with the process, whatever ends it, so that the lock alone says
whether they live: neither the pid, which may be another's by then, nor a time has to be believed.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import threading
from typing import TYPE_CHECKING

from qwen_dual.fs.private import private_folder
from qwen_dual.fs.replace import replace_file
from qwen_dual.running.record import LOCK, RECORD

if TYPE_CHECKING:
    from qwen_dual.running.record import Record

_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

_ATTEMPTS = 5


class _Lock:
    """A lock that is held, and how many sessions hold on to it.

    Attributes:
        stem: its path without the ending: a name that is never used again.
        holders: the sessions.
        names: how many records were named after it.
    """

    def __init__(self, folder: str) -> None:
        self.stem, self._fd = _locked(folder)
        self.holders = self.names = 0

    @property
    def is_there(self) -> bool:
        """Whether its file still is: somebody may have emptied the folder."""
        return os.fstat(self._fd).st_nlink > 0

    def close(self) -> None:
        """Takes the file away, then the lock."""
        with contextlib.suppress(OSError):
            os.unlink(self.stem + LOCK)
        os.close(self._fd)


class Locks:
    """The locks of one process: a descriptor for each folder, however many sessions it runs.

    Its methods may be called from any thread.
    """

    def __init__(self) -> None:
        self._held: dict[str, _Lock] = {}
        self._guard = threading.Lock()

    def hold(self, folder: str) -> tuple[_Lock, bool]:
        """The lock in ``folder`` for one session more, and whether it was taken just now.

        Raises:
            OSError: it cannot be made, or its file system has none.
        """
        with self._guard:
            lock = self._held.get(folder)
            new = lock is None or not lock.is_there
            if lock is None or new:
                lock = self._held[folder] = _Lock(folder)
            lock.holders += 1
            lock.names += 1
            return lock, new

    def release(self, folder: str, lock: _Lock) -> None:
        """Gives it free for one session; with the last one it goes."""
        with self._guard:
            lock.holders -= 1
            if not lock.holders:
                if self._held.get(folder) is lock:
                    del self._held[folder]
                lock.close()


class Keeper:
    """Keeps a record in a folder that only its owner may enter, from ``open`` until ``close``.

    Its methods are called one after another, from any thread.

    Args:
        folder: where; made where it is not there.
        locks: of the process.

    Attributes:
        path: where the record is; empty while there is none.
    """

    def __init__(self, folder: str, locks: Locks) -> None:
        self.path = ""
        self._folder, self._locks = folder, locks
        self._real = ""
        self._lock: _Lock | None = None

    def open(self) -> bool:
        """Takes the lock; there is no record yet. Whether no other session of the process had it.

        Raises:
            ForeignFileError: the folder is a link, another user's, or others could replace it.
            OSError: it cannot be made or written to, or its file system has no locks.
        """
        private_folder(self._folder)
        self._real = os.path.realpath(self._folder)
        self._lock, new = self._locks.hold(self._real)
        self.path = f"{self._lock.stem}.{self._lock.names}{RECORD}"
        return new

    def write(self, record: Record) -> None:
        """Makes ``record`` what is told, in one step; nothing waits for the disk.

        Raises:
            OSError: it cannot be written; what was told before still is.
        """
        if self._lock is None:
            return
        if not self._lock.is_there:
            self.close()
            self.open()
        # Nothing of it holds after a crash of the machine: the lock is gone then.
        replace_file(self.path, record.to_bytes(), mode=0o600, durable=False)

    def close(self) -> None:
        """Takes the record away, then the lock; idempotent."""
        if self._lock is None:
            return
        with contextlib.suppress(OSError):
            os.unlink(self.path)
        lock, self._lock, self.path = self._lock, None, ""
        self._locks.release(self._real, lock)


def _locked(folder: str) -> tuple[str, int]:
    """The stem of a new lock in ``folder``, and its descriptor."""
    for _ in range(_ATTEMPTS):
        stem = os.path.join(folder, f"{os.getpid()}-{os.urandom(4).hex()}")
        fd = os.open(stem + LOCK, _NEW, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Who takes away what was left may have been quicker than the lock.
            if os.fstat(fd).st_nlink:
                fd, held = -1, fd
                return stem, held
        except BlockingIOError:
            continue  # the same, and the file goes
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(stem + LOCK)
            raise
        finally:
            if fd >= 0:
                os.close(fd)
    raise OSError(errno.EAGAIN, "a lock there is taken away again and again", folder)
