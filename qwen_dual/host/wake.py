"""Ends a wait when a file may have changed: a watch in threads of its own, where the system has one.

A wake may be false, and where watches never fire none comes: whoever waits looks from time to time too.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Self

import anyio

if TYPE_CHECKING:
    from qwen_dual.fs.observer import FileObserver


class FileWake:
    """A watch of one path; ``begin`` starts it, since most waits are over before it would be there.

    Args:
        path: a regular file, or where one may come to be.

    Attributes:
        proven: it has told of something, so it works.
    """

    def __init__(self, path: str) -> None:
        self.proven = False
        self._path = path
        self._observer: FileObserver | None = None
        self._lock = threading.Lock()
        self._begun = self._closed = self._pending = False
        self._reader, self._writer = os.pipe()

    def begin(self) -> None:
        """Starts the watch, in a thread, as its library takes a while to import."""
        if not self._begun:
            self._begun = True
            try:
                threading.Thread(target=self._start, name="file-wake", daemon=True).start()
            except RuntimeError:  # no thread to be had: it is looked at from time to time
                return

    async def wait(self, seconds: float) -> None:
        """Waits for a change, or for so long."""
        with anyio.move_on_after(seconds):
            await anyio.wait_readable(self._reader)
        self.clear()

    def clear(self) -> None:
        """Forgets a change; call it before the file is looked at."""
        with self._lock:
            if self._pending:
                self._pending = False
                os.read(self._reader, 1)

    def now(self) -> None:
        """Ends the present or the next wait; from any thread."""
        with self._lock:
            if not self._closed and not self._pending:
                self._pending = True
                os.write(self._writer, b"x")

    def close(self) -> None:
        """Ends the watch."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            observer, self._observer = self._observer, None
            os.close(self._reader)
            os.close(self._writer)
        if observer is not None:
            observer.stop()  # outside the lock: the watch's own lock is held while it calls _wake

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> None:
        from qwen_dual.fs.observer import FileObserver

        directory, name = os.path.split(os.path.abspath(self._path))
        own = os.path.join(os.path.realpath(directory), name)
        try:
            observer = FileObserver(frozenset({own, os.path.realpath(self._path)}), self._wake)
        except (OSError, RuntimeError):
            return
        with self._lock:
            late = self._closed
            if not late:
                self._observer = observer
        if late:
            observer.stop()
        self.now()  # what changed before the watch began is nobody's to announce

    def _wake(self) -> None:
        self.proven = True
        self.now()
