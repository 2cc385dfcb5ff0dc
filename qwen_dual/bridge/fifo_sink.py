"""A FIFO as a sink: readers come and go, and waiting for one costs no CPU.

A blocking ``open`` of the writing end returns when a reader is there; that a reader left is an error
condition on the writing end, and how much it left unread the kernel tells (``FIONREAD``) before our end
is closed. ``fifo_threads`` waits for both.
"""

from __future__ import annotations

import errno
import fcntl
import os
from typing import TYPE_CHECKING

from qwen_dual.bridge.checks import fifo_refusal
from qwen_dual.bridge.fifo_threads import ReaderWait, ReaderWatch, unread_bytes
from qwen_dual.fs.folders import ForeignFileError
from qwen_dual.fs.private import make_private, open_checked

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
        ForeignFileError: another user may have a hand in it.
        OSError: it cannot be opened for writing.
    """

    kind = "fifo"

    def __init__(self, path: str) -> None:
        self.target = path
        self.readers = 0
        self.keeps = DEFAULT_CAPACITY
        self._fd: int | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wait: ReaderWait | None = None
        self._watch: ReaderWatch | None = None
        self._check: asyncio.TimerHandle | None = None
        self._on_ready: Callable[[], None] = lambda: None
        self._on_gone: Callable[[], None] = lambda: None
        self.warnings: list[str] = []
        self._refused = ""
        done = make_private(path, fifo_refusal)
        if done is not None:
            self.warnings.append(f"{path} {done}")
        try:
            self._use(open_checked(path, os.O_WRONLY, fifo_refusal))
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
        unread = self._let_go()
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
            self._watch = ReaderWatch(self._fd, loop, self._left)

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
        self._let_go()

    def _let_go(self) -> int:
        """Closes our end; returns the bytes that its reader left unread."""
        fd, self._fd = self._fd, None
        watch, self._watch = self._watch, None
        if fd is None:
            return 0
        if self._loop is not None and not self._loop.is_closed():
            self._loop.remove_writer(fd)
        if watch is not None:
            return watch.finish()
        unread = unread_bytes(fd)
        os.close(fd)
        return unread

    def _left(self, watch: ReaderWatch) -> None:
        if watch is self._watch:
            self._on_gone()

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
        self._wait = None
        try:
            done = make_private(self.target, fifo_refusal)
            self._wait = ReaderWait(self.target, loop, self._opened)
        except ForeignFileError as error:
            if error.why != self._refused:
                self._refused = error.why
                self.warnings.append(f"{error}; events wait for another")
        except OSError:
            pass  # not there at the moment; the check looks again
        else:
            self._refused = ""
            if done is not None:
                self.warnings.append(f"{self.target} {done}")
        self._check = loop.call_later(REPLACED_CHECK, self._check_replaced)

    def _opened(self, wait: ReaderWait, fd: int) -> None:
        if wait is not self._wait:
            os.close(fd)
            return
        self._wait = None
        if self._check is not None:
            self._check.cancel()
        wait.close()
        self._use(fd)
        assert self._loop is not None
        self._watch = ReaderWatch(fd, self._loop, self._left)
        self._on_ready()

    def _check_replaced(self) -> None:
        assert self._loop is not None
        if self._wait is None or self._wait.replaced(self.target):
            if self._wait is not None:
                self._wait.release()
            self._wait_for_reader()
        else:
            self._check = self._loop.call_later(REPLACED_CHECK, self._check_replaced)
