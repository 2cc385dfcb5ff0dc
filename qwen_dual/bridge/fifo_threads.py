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
import sys
import termios
import threading
from contextvars import copy_context
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
        # In the session's context: what comes of it belongs there.
        run = copy_context().run
        threading.Thread(target=run, args=(self._run,), name="fifo-reader", daemon=True).start()

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
    a write that is under way fails as it should. What was left unread is taken out of the FIFO, which
    stays open by another descriptor: a reader that is there before this thread gets to run would find
    the rest of a line otherwise, and then its end.

    Where the next reader is faster still, the kernel knows of no moment without one: only the closing
    itself tells, and the pipe goes on, from the middle of a line perhaps.

    Args:
        fd: the writing end; closed by ``finish``.
        tell: called in the thread, after ``left`` or ``changed`` was set, unless ``finish`` was first.

    Attributes:
        left: nobody reads any more.
        changed: a reader has left, and another reads what it left.
        torn: the next one has read some of the rest already.
        kept: keeps the FIFO open; the caller closes it, after ``finish``.
    """

    def __init__(self, fd: int, tell: Callable[[ReaderWatch], object]) -> None:
        self.left = False
        self.changed = False
        self.torn = False
        self.kept = os.dup(fd)
        self._fd = fd
        self._tell = tell
        self._lock = threading.Lock()
        self._unread: int | None = None
        self._finished = False
        self._out = threading.Event()  # of the poll
        self._stop_reader, self._stop_writer = os.pipe()
        reader, self._broken = os.pipe()
        os.close(reader)
        self._closings = watch_closings(f"/proc/self/fd/{fd}")
        try:
            threading.Thread(
                target=copy_context().run, args=(self._run,), name="fifo-reader-left", daemon=True
            ).start()
        except RuntimeError:  # no thread to be had: a write finds out
            self._out.set()
            self._close_own()

    def finish(self, *, reader_left: bool) -> int:
        """Closes the descriptor; returns the bytes that were not read.

        Args:
            reader_left: nobody is to read them any more.
        """
        with self._lock:
            self._finished = True
        os.close(self._stop_writer)
        # As long as the thread polls, the kernel keeps the pipe, closed or not, and its rest.
        self._out.wait(RELEASE_SECONDS)
        if self._unread is None:
            self._unread = unread_bytes(self._fd)
            if reader_left:
                self._take_rest()
        os.close(self._fd)
        return self._unread

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._fd, 0)  # no more than errors: the reader is gone
        poll.register(self._stop_reader, select.POLLIN)
        if self._closings is not None:
            poll.register(self._closings, select.POLLIN)
        while [fd for fd, _ in poll.poll()] == [self._closings]:
            assert self._closings is not None
            os.read(self._closings, 4096)
            self.changed = True
            self._tell(self)
        with self._lock:
            left = not self._finished
            if left:
                os.dup2(self._broken, self._fd, inheritable=False)
                self._unread = unread_bytes(self.kept)
                self._take_rest()
        self._out.set()
        self._close_own()
        if left:
            self.left = True
            self._tell(self)

    def _take_rest(self) -> None:
        """Empties the FIFO; notes whether somebody else has read of it meanwhile."""
        taken = 0
        try:
            reader = os.open(
                f"/proc/self/fd/{self.kept}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
            )
        except OSError:  # not Linux
            return
        try:
            while data := os.read(reader, 1 << 20):
                taken += len(data)
        except BlockingIOError:
            pass
        finally:
            os.close(reader)
        self.torn = taken != self._unread

    def _close_own(self) -> None:
        os.close(self._stop_reader)
        os.close(self._broken)
        if self._closings is not None:
            os.close(self._closings)


def watch_closings(path: str) -> int | None:
    """A descriptor that can be read when somebody who read ``path`` has closed it (inotify).

    None where the system has none to give.
    """
    if sys.platform != "linux":
        return None
    import ctypes

    close_nowrite = 0x10
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        fd = int(libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK))
    except (AttributeError, OSError):
        return None
    if fd >= 0 and libc.inotify_add_watch(fd, os.fsencode(path), close_nowrite) < 0:
        os.close(fd)
        return None
    return fd if fd >= 0 else None


def unread_bytes(fd: int) -> int:
    """Bytes in the pipe that nobody read; 0 where the kernel does not say."""
    try:
        count: int = struct.unpack("i", fcntl.ioctl(fd, termios.FIONREAD, b"\0\0\0\0"))[0]
    except OSError:
        return 0
    return count
