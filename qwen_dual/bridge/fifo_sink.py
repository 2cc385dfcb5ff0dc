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
from qwen_dual.bridge.streams import StreamSink
from qwen_dual.fs.folders import ForeignFileError
from qwen_dual.fs.private import make_private, open_checked

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

DEFAULT_CAPACITY = 65_536
KEPT_SECONDS = 0.2
"""How long the FIFO is kept open for a reader that came before the last one's end was noticed: until
the thread that waits for one has surely found it."""
REPLACED_CHECK = 5.0
"""Seconds between looks whether another FIFO took the place of the one we wait on."""


class FifoSink(StreamSink):
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
        self._wait: ReaderWait | None = None
        self._watch: ReaderWatch | None = None
        self._check: asyncio.TimerHandle | None = None
        self._on_ready: Callable[[], None] = lambda: None
        self._on_gone: Callable[[], None] = lambda: None
        self.warnings: list[str] = []
        self._kept: int | None = None  # the FIFO, from one reader to the next
        self._release: asyncio.TimerHandle | None = None
        self._torn = False
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

    def lost_reader(self) -> int | None:
        """Closes our end, so that the kernel forgets what was not read; waits for the next one."""
        unread = self._let_go(reader_left=True)
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
        if self._watch is None:
            self._wait_for_reader()
        else:  # it may have left meanwhile
            loop.call_soon(self._look, self._watch)

    def close(self) -> None:
        """Closes our end and lets the waiting thread go."""
        if self._check is not None:
            self._check.cancel()
        if self._wait is not None:
            self._wait.release()
            self._wait = None
        self._let_go(reader_left=False)
        self._give_up_kept()

    def _let_go(self, *, reader_left: bool) -> int:
        """Closes our end; returns the bytes that its reader has not read."""
        fd, self._fd = self._fd, None
        watch, self._watch = self._watch, None
        if fd is None:
            return 0
        if self._loop is not None and not self._loop.is_closed():
            self._loop.remove_writer(fd)
        if watch is not None:
            self._give_up_kept()
            unread = watch.finish(reader_left=reader_left)
            self._kept, self._torn = watch.kept, watch.torn
            return unread
        unread = unread_bytes(fd)
        os.close(fd)
        return unread

    def _give_up_kept(self) -> None:
        if self._release is not None:
            self._release.cancel()
            self._release = None
        if self._kept is not None:
            os.close(self._kept)
            self._kept = None

    def _wake(self, watch: ReaderWatch) -> None:
        """In the watch's thread; what happens before ``attach``, that looks for."""
        if self._loop is None:
            return
        try:
            self._loop.call_soon_threadsafe(self._look, watch)
        except RuntimeError:
            pass  # the loop is closed: the session is over

    def _look(self, watch: ReaderWatch) -> None:
        if watch is not self._watch:
            return
        if watch.left:
            self._on_gone()
        elif watch.changed:
            watch.changed = False
            self.readers += 1
            self._on_ready()

    def _use(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self._fd = fd
        self.readers += 1
        getter = getattr(fcntl, "F_GETPIPE_SZ", None)
        self.keeps = fcntl.fcntl(fd, getter) if getter is not None else DEFAULT_CAPACITY
        self._watch = ReaderWatch(fd, self._wake)

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
        if self._kept is not None and self._release is None:
            self._release = loop.call_later(KEPT_SECONDS, self._give_up_kept)

    def _opened(self, wait: ReaderWait, fd: int) -> None:
        if wait is not self._wait:
            os.close(fd)
            return
        self._wait = None
        if self._check is not None:
            self._check.cancel()
        wait.close()
        self._use(fd)
        if self._torn:  # so that what it has got already and what follows are not one line
            self._torn = False
            self.write(memoryview(b"\n"))
        self._give_up_kept()
        self._on_ready()

    def _check_replaced(self) -> None:
        assert self._loop is not None
        if self._wait is None or self._wait.replaced(self.target):
            if self._wait is not None:
                self._wait.release()
            self._wait_for_reader()
        else:
            self._check = self._loop.call_later(REPLACED_CHECK, self._check_replaced)
