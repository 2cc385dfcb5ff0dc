"""Waits for what a process prints, for its exit, and for a wake-up, all at once. Blocks."""

from __future__ import annotations

import os
import selectors
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from typing import IO

CHUNK = 1 << 18
MAX_REST = 16

POLL = 0.05
"""Seconds after which an exit is asked for where the system does not tell of it."""


class OutputWatch:
    """The pipes of one process.

    Args:
        popen: the process, whose output and errors are piped.
        wake: a pipe's end that ends a wait once something is in it.
        errors: takes what comes of stderr, where that has a pipe of its own.
    """

    def __init__(
        self,
        popen: subprocess.Popen[bytes],
        wake: int,
        errors: Callable[[bytes], object] | None = None,
    ) -> None:
        self._popen = popen
        self._takes_errors = errors
        self._pipes = [pipe for pipe in (popen.stdout, popen.stderr) if pipe is not None]
        self._open = list(self._pipes)
        self._wake = wake
        self._selector = selectors.DefaultSelector()
        for pipe in self._open:
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe, selectors.EVENT_READ)
        os.set_blocking(wake, False)
        self._selector.register(wake, selectors.EVENT_READ)
        # Linux tells of the exit through a descriptor; elsewhere it is asked for now and then.
        self._pidfd: int | None = None
        if hasattr(os, "pidfd_open"):
            try:
                self._pidfd = os.pidfd_open(popen.pid)
                self._selector.register(self._pidfd, selectors.EVENT_READ)
            except OSError:
                self._pidfd = None

    @property
    def at_end(self) -> bool:
        """Whether nobody can write to the pipes any more."""
        return not self._open

    def exited(self) -> bool:
        """Whether the process has exited; reaps it."""
        if self._popen.poll() is None:
            return False
        self._drop_pidfd()
        return True

    def wait(self, seconds: float | None) -> bytes:
        """The next piece of output; empty on a timeout, a wake-up, an exit or the end."""
        if self._pidfd is None and self._popen.returncode is None:
            seconds = POLL if seconds is None else min(seconds, POLL)
        data = b""
        for key, _ in self._selector.select(seconds):
            if key.fd == self._wake:
                os.read(self._wake, 64)
            for pipe in [pipe for pipe in self._open if pipe is key.fileobj]:
                data += self._read(pipe)
        return data

    def rest(self) -> Iterator[bytes]:
        """What is still in the pipe, without waiting."""
        for _ in range(MAX_REST):
            data = b"".join(self._read(pipe) for pipe in tuple(self._open))
            if not data:
                return
            yield data

    def close(self) -> None:
        """Closes the pipes of the process, and leaves ``wake`` alone."""
        self._drop_pidfd()
        self._selector.close()
        for pipe in self._pipes:
            pipe.close()

    def _read(self, pipe: IO[bytes]) -> bytes:
        """What is in a pipe; nothing of stderr where that is taken apart from the rest."""
        try:
            data = os.read(pipe.fileno(), CHUNK)
        except BlockingIOError:
            return b""
        if not data:
            self._open.remove(pipe)
            self._selector.unregister(pipe)
        if pipe is self._popen.stderr and self._takes_errors is not None:
            self._takes_errors(data)
            return b""
        return data

    def _drop_pidfd(self) -> None:
        if self._pidfd is not None:
            self._selector.unregister(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = None
