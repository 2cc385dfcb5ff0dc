"""Waits until something may have happened to a file: by a watch where there can be one, else by time.

Knows nothing of what is read. A wake may be false; a change is never missed for longer than the
check interval, whatever the watch says.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Protocol

import anyio
import anyio.lowlevel
import anyio.to_thread

from qwen_dual.bridge.mounts import silent_file_system
from qwen_dual.fs.reasons import reason

if TYPE_CHECKING:
    from collections.abc import Callable

POLL_INTERVAL = 0.5
"""Seconds between looks where nothing can be watched."""
CHECK_INTERVAL = 5.0
"""Seconds between looks beside a watch, for what it may have missed."""
HELD_INTERVAL = 0.05
"""Seconds between looks while the program starts, when what watches is not imported yet."""
HELD_SECONDS = 5.0
"""Seconds after which it is imported in any case."""
DISTRUST_INTERVAL = 60.0
"""Seconds after which a watch that missed a change is tried again."""


class Observer(Protocol):
    """A running watch."""

    def alive(self) -> bool:
        """Whether it still tells of changes."""
        ...

    def stop(self) -> None:
        """Ends it."""
        ...


if TYPE_CHECKING:
    ObserverFactory = Callable[[frozenset[str], Callable[[], None]], Observer]


def start_observer(files: frozenset[str], wake: Callable[[], None]) -> Observer:
    """Starts a watchdog observer; imports watchdog, so call it in a thread.

    Raises:
        OSError: the system gives no watch.
    """
    from qwen_dual.fs.observer import FileObserver

    return FileObserver(files, wake)


class FileWatcher:
    """Tells when to look at the file at ``path``.

    Args:
        path: the file; a directory on the way to it may be a symbolic link.
        start: starts a watch over absolute paths; runs in a worker thread.
        silent: names the file system of a path if its watches may never fire.
        begin: no watch is begun before this is set: to import one holds up whatever the program
            does first. The file is looked at from time to time until then.
    """

    def __init__(
        self,
        path: str,
        start: ObserverFactory = start_observer,
        silent: Callable[[str], str | None] = silent_file_system,
        begin: anyio.Event | None = None,
    ) -> None:
        self._begin_when = begin
        self._held_until: float | None = None
        self._path = path
        self._start = start
        self._silent = silent
        self._unsure: str | None = None
        self._observer: Observer | None = None
        self._places: dict[str, tuple[int, int]] = {}
        self._files: frozenset[str] = frozenset()
        self._reason = "starting"
        self._next_start = 0.0
        self._event: anyio.Event | None = None
        self._pending = False
        self._distrusted = False

    @property
    def mode(self) -> str:
        """``watching``, perhaps with what makes it look from time to time too, or ``polling`` and why."""
        if self._observer is None:
            return f"polling ({self._reason})"
        return "watching" if self._unsure is None else f"watching and polling ({self._unsure})"

    async def wait(self, *, poll: bool = False) -> bool:
        """Returns when the file should be looked at: after a change, or when it is time.

        Args:
            poll: don't wait longer than the poll interval, as no change may be announced.

        Returns:
            False if it was time only, and nothing had announced a change.
        """
        if self._observer is not None and not self._in_place():
            self._end("the directory is gone or was replaced", retry_after=POLL_INTERVAL)
        if self._is_held():
            return await self._wait_for_wake(HELD_INTERVAL)
        if self._observer is None and anyio.current_time() >= self._next_start:
            await self._begin()
            # What changed before the watch began is nobody's to announce: look now.
            return True
        sure = self._unsure is None and not poll and not self._distrusted
        watching = self._observer is not None and sure
        woken = await self._wait_for_wake(CHECK_INTERVAL if watching else POLL_INTERVAL)
        if self._distrusted and self._observer is not None:
            self._distrusted = False
            if not woken:
                reason = "changes are not announced on this file system"
                self._end(reason, retry_after=DISTRUST_INTERVAL)
        return woken

    def found_unannounced(self) -> None:
        """The caller found a change that no wake told of; without one soon, the watch is given up."""
        self._distrusted = self._observer is not None

    def wake(self) -> None:
        """Ends the present or the next ``wait``; on the loop's own thread."""
        self._pending = True
        if self._event is not None:
            self._event.set()

    def stop(self) -> None:
        """Ends the watch."""
        if self._observer is not None:
            self._observer.stop()
        self._observer, self._reason = None, "stopped"

    def _is_held(self) -> bool:
        if self._begin_when is None:
            return False
        now = anyio.current_time()
        if self._held_until is None:
            self._held_until = now + HELD_SECONDS
        if self._begin_when.is_set() or now >= self._held_until:
            self._begin_when = None
        return self._begin_when is not None

    async def _wait_for_wake(self, seconds: float) -> bool:
        if not self._pending:
            self._event = anyio.Event()
            with anyio.move_on_after(seconds):
                await self._event.wait()
            self._event = None
        else:
            await anyio.lowlevel.checkpoint()
        woken, self._pending = self._pending, False
        return woken

    async def _begin(self) -> None:
        self._files = _names(self._path)
        wake = _ThreadWake(self.wake)
        try:
            self._places = _places(self._files)
            self._unsure = self._silent(self._path)
            self._observer = await anyio.to_thread.run_sync(self._start, self._files, wake)
        except FileNotFoundError:
            self._end("the directory does not exist", retry_after=CHECK_INTERVAL)
        except OSError as error:
            self._end(reason(error), retry_after=CHECK_INTERVAL)
        except RuntimeError as error:  # no thread to be had: it is looked at from time to time
            self._end(str(error), retry_after=DISTRUST_INTERVAL)

    def _in_place(self) -> bool:
        assert self._observer is not None
        try:
            same = _places(self._files) == self._places
        except OSError:
            return False
        return same and _names(self._path) == self._files and self._observer.alive()

    def _end(self, reason: str, retry_after: float) -> None:
        self.stop()
        self._reason = reason
        self._distrusted = False
        self._next_start = anyio.current_time() + retry_after


class _ThreadWake:
    """Carries a wake from any thread to the loop; many at once become one."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._loop = asyncio.get_running_loop()
        self._scheduled = False

    def __call__(self) -> None:
        if self._scheduled:
            return
        self._scheduled = True
        try:
            self._loop.call_soon_threadsafe(self._arrive)
        except RuntimeError:
            # the loop is closed: the session is over, nobody waits
            pass

    def _arrive(self) -> None:
        # Cleared first: a change from here on schedules the next wake.
        self._scheduled = False
        self._wake()


def _names(path: str) -> frozenset[str]:
    """Where changes to ``path`` show: its own name, and that of the file it is a link to."""
    directory, name = os.path.split(os.path.abspath(path))
    own = os.path.join(os.path.realpath(directory), name)
    return frozenset({own, os.path.realpath(path)})


def _places(files: frozenset[str]) -> dict[str, tuple[int, int]]:
    """Which directories the files are in, by identity; raises OSError where one is gone."""
    found = {}
    for file in files:
        directory = os.path.dirname(file)
        status = os.stat(directory)
        found[directory] = (status.st_dev, status.st_ino)
    return found
