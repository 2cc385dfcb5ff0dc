"""A FIFO as a sink: readers come and go, and waiting for one costs no CPU.

A blocking ``open`` of the writing end returns when a reader is there; a thread waits in it. That a
reader left is an error condition on the writing end, which the loop's selector reports by itself.
How much it left unread the kernel tells (``FIONREAD``) before our end is closed.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import termios
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

DEFAULT_CAPACITY = 65_536
REPLACED_CHECK = 5.0
"""Seconds between looks whether another FIFO took the place of the one we wait on."""


class FifoSink:
    """A FIFO at a path.

    Args:
        path: an existing FIFO.

    Raises:
        OSError: it cannot be opened for writing.
    """

    kind = "fifo"

    def __init__(self, path: str) -> None:
        self.target = path
        self.readers = 0
        self.keeps = DEFAULT_CAPACITY
        self._fd: int | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wait: _Wait | None = None
        self._check: asyncio.TimerHandle | None = None
        self._on_ready: Callable[[], None] = lambda: None
        self._on_gone: Callable[[], None] = lambda: None
        try:
            self._use(os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC))
        except OSError as error:
            if error.errno != errno.ENXIO:  # no reader yet: that is what FIFOs are like
                raise

    @property
    def ready(self) -> bool:
        """Whether there is a reader."""
        return self._fd is not None

    def write(self, data: memoryview) -> int:
        """Writes what the pipe has room for."""
        assert self._fd is not None
        try:
            return os.write(self._fd, data)
        except BlockingIOError:
            return 0

    def renewed(self) -> bool:
        """A new reader is told of by ``on_ready``."""
        return False

    def lost_reader(self) -> int | None:
        """Closes our end, so that the kernel forgets what was not read; waits for the next one."""
        fd, self._fd = self._fd, None
        if fd is None:
            return 0
        unread = _unread(fd)
        if self._loop is not None:
            self._loop.remove_reader(fd)
            self._loop.remove_writer(fd)
        os.close(fd)
        self._wait_for_reader()
        return unread

    def attach(
        self,
        loop: asyncio.AbstractEventLoop,
        on_ready: Callable[[], None],
        on_gone: Callable[[], None],
    ) -> None:
        """Begins to tell of readers."""
        self._loop = loop
        self._on_ready = on_ready
        self._on_gone = on_gone
        if self._fd is None:
            self._wait_for_reader()
        else:
            loop.add_reader(self._fd, on_gone)

    def wait_writable(self, callback: Callable[[], None] | None) -> None:
        """Asks the loop."""
        if self._loop is None or self._fd is None or self._loop.is_closed():
            return
        if callback is None:
            self._loop.remove_writer(self._fd)
        else:
            self._loop.add_writer(self._fd, callback)

    def close(self) -> None:
        """Closes our end and lets the waiting thread go."""
        if self._check is not None:
            self._check.cancel()
        if self._wait is not None:
            self._wait.release()
            self._wait = None
        if self._fd is not None:
            if self._loop is not None and not self._loop.is_closed():
                self._loop.remove_reader(self._fd)
                self._loop.remove_writer(self._fd)
            os.close(self._fd)
            self._fd = None

    def _use(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self._fd = fd
        self.readers += 1
        getter = getattr(fcntl, "F_GETPIPE_SZ", None)
        self.keeps = fcntl.fcntl(fd, getter) if getter is not None else DEFAULT_CAPACITY

    def _wait_for_reader(self) -> None:
        loop = self._loop
        if loop is None or loop.is_closed():
            return
        try:
            self._wait = _Wait(self.target, loop, self._opened)
        except OSError:
            self._wait = None  # not there at the moment; the check looks again
        self._check = loop.call_later(REPLACED_CHECK, self._check_replaced)

    def _opened(self, wait: _Wait, fd: int) -> None:
        if wait is not self._wait:
            os.close(fd)
            return
        self._wait = None
        if self._check is not None:
            self._check.cancel()
        wait.close()
        self._use(fd)
        assert self._loop is not None
        self._loop.add_reader(fd, self._on_gone)
        self._on_ready()

    def _check_replaced(self) -> None:
        assert self._loop is not None
        if self._wait is None or self._wait.replaced(self.target):
            if self._wait is not None:
                self._wait.release()
            self._wait_for_reader()
        else:
            self._check = self._loop.call_later(REPLACED_CHECK, self._check_replaced)


class _Wait:
    """A thread in a blocking ``open``; holds the FIFO by a handle, whatever becomes of its name."""

    def __init__(
        self,
        path: str,
        loop: asyncio.AbstractEventLoop,
        opened: Callable[[_Wait, int], None],
    ) -> None:
        # Without O_PATH (not Linux) the name has to do: a replaced FIFO keeps its thread.
        self._handle = os.open(path, os.O_PATH | os.O_CLOEXEC) if hasattr(os, "O_PATH") else None
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


def _discard(wait: _Wait, fd: int) -> None:
    wait.close()
    os.close(fd)


def _unread(fd: int) -> int:
    """Bytes in the pipe that nobody read; 0 where the kernel does not say."""
    try:
        count: int = struct.unpack("i", fcntl.ioctl(fd, termios.FIONREAD, b"\0\0\0\0"))[0]
    except OSError:
        return 0
    return count
