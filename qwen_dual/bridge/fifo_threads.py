"""The two threads of a FIFO: one waits in ``open`` for a reader, one waits for it to leave.

Neither costs CPU. They are threads because the loop may be busy for milliseconds: a reader that opens
the FIFO before our end of the last one's pipe is let go would find what that one left unread, from the
middle of a line on.
"""

from __future__ import annotations

import fcntl
import os
import select
import struct
import termios
import threading
from typing import TYPE_CHECKING

from qwen_dual.bridge.checks import fifo_refusal
from qwen_dual.fs.private import open_checked

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


RELEASE_SECONDS = 0.2
"""How long a thread may take to leave its poll; it is microseconds unless the machine is overloaded."""


class ReaderWait:
    """A thread in a blocking ``open``; holds the FIFO by a handle, whatever becomes of its name.

    Raises:
        ForeignFileError: another user may have a hand in it.
        OSError: there is none.
    """

    def __init__(
        self,
        path: str,
        loop: asyncio.AbstractEventLoop,
        opened: Callable[[ReaderWait, int], None],
    ) -> None:
        # Without O_PATH (not Linux) the name has to do: a replaced FIFO keeps its thread.
        self._handle = (
            open_checked(path, os.O_PATH, fifo_refusal) if hasattr(os, "O_PATH") else None
        )
        self._path = path if self._handle is None else f"/proc/self/fd/{self._handle}"
        found = os.stat(self._path)
        self._identity = (found.st_dev, found.st_ino)
        self._loop = loop
        self._opened = opened
        self._lock = threading.Lock()
        threading.Thread(target=self._run, name="fifo-reader", daemon=True).start()

    def replaced(self, path: str) -> bool:
        """Whether another file, or none, is at ``path`` now."""
        try:
            found = os.stat(path)
        except OSError:
            return False
        return (found.st_dev, found.st_ino) != self._identity

    def release(self) -> None:
        """Makes the thread's ``open`` return, by being its reader for a moment."""
        with self._lock:
            if self._handle is None and not os.path.exists(self._path):
                return
            try:
                os.close(os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
            except OSError:
                pass
        self._opened = _discard

    def close(self) -> None:
        """Gives up the handle."""
        with self._lock:
            if self._handle is not None:
                os.close(self._handle)
                self._handle = None

    def _run(self) -> None:
        try:
            fd = os.open(self._path, os.O_WRONLY | os.O_CLOEXEC)
        except OSError:
            self.close()
            return
        if self._opened is _discard:
            os.close(fd)
            self.close()
            return
        try:
            self._loop.call_soon_threadsafe(self._opened, self, fd)
        except RuntimeError:  # the loop is closed: the session is over
            os.close(fd)
            self.close()


def _discard(wait: ReaderWait, fd: int) -> None:
    wait.close()
    os.close(fd)


class ReaderWatch:
    """Waits until the last reader of an open FIFO has left, and lets go of our end at once.

    The descriptor then stands for a pipe that is broken for good, so that its number stays ours and
    a write that is under way fails as it should.

    Args:
        fd: the writing end; closed by ``finish``.
        loop: where ``gone`` is called.
        gone: called with this watch when the reader has left, unless ``finish`` was called first.
    """

    def __init__(
        self, fd: int, loop: asyncio.AbstractEventLoop, gone: Callable[[ReaderWatch], None]
    ) -> None:
        self._fd = fd
        self._loop = loop
        self._gone = gone
        self._lock = threading.Lock()
        self._unread: int | None = None
        self._finished = False
        self._out = threading.Event()  # of the poll
        self._stop_reader, self._stop_writer = os.pipe()
        threading.Thread(target=self._run, name="fifo-reader-left", daemon=True).start()

    def finish(self) -> int:
        """Closes the descriptor; returns the bytes that the reader left unread."""
        with self._lock:
            self._finished = True
        os.close(self._stop_writer)
        # As long as the thread polls, the kernel keeps the pipe, closed or not, and its rest.
        self._out.wait(RELEASE_SECONDS)
        unread = unread_bytes(self._fd) if self._unread is None else self._unread
        os.close(self._fd)
        return unread

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._fd, 0)  # no more than errors: the reader is gone
        poll.register(self._stop_reader, select.POLLIN)
        poll.poll()
        self._out.set()
        with self._lock:
            left = not self._finished
            if left:
                self._unread = unread_bytes(self._fd)
                reader, broken = os.pipe()
                os.close(reader)
                os.dup2(broken, self._fd, inheritable=False)
                os.close(broken)
        os.close(self._stop_reader)
        if left:
            try:
                self._loop.call_soon_threadsafe(self._gone, self)
            except RuntimeError:
                pass  # the loop is closed: the session is over


def unread_bytes(fd: int) -> int:
    """Bytes in the pipe that nobody read; 0 where the kernel does not say."""
    try:
        count: int = struct.unpack("i", fcntl.ioctl(fd, termios.FIONREAD, b"\0\0\0\0"))[0]
    except OSError:
        return 0
    return count
