"""One command from start to end: a thread pumps its output, the loop follows what is new.

A job is in the foreground while a call waits for it; in the background it goes on by itself until
it ends or the session does, and is shown as a ``Task``. ``jobs`` knows all of a session.
"""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from contextvars import copy_context
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from qwen_dual.core.tools.ports import GRACE

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.core.tools.ports import Ending, Process
    from qwen_dual.tools.capture import Capture

REPORT_INTERVAL = 0.05
END_TIMEOUT = 2 * GRACE + 1.0


class Task(Struct, frozen=True):
    """A command in the background, as it is at one moment.

    Attributes:
        id: the number of its process group.
        command: the command line.
        started: seconds since the epoch.
        ended: likewise; None while it runs.
        state: ``stopped`` when somebody ended it.
        exit_code: minus the signal's number as in ``subprocess``; None while it runs.
        output: the file that takes its output; None if it could not be made.
        last_line: of the output so far.
    """

    id: int
    command: str
    started: float
    ended: float | None
    state: Literal["running", "exited", "stopped"]
    exit_code: int | None
    output: str | None
    last_line: str

    @property
    def outcome(self) -> str:
        """Whether it runs, or how it ended, for a person: ``exit 3``, ``SIGKILL``, ``stopped``."""
        if self.state != "exited" or self.exit_code is None:
            return self.state
        return f"exit {self.exit_code}" if self.exit_code >= 0 else signal_name(-self.exit_code)


class Job:
    """A started command.

    Args:
        group: its processes.
        command: the command line.
        capture: takes the output.
        timeout: seconds, or None.
        loop: where its output is followed.
        background: whether it starts there.
        on_end: called in the job's thread once it has ended, before anybody is told.
        afterwards: likewise, when whoever waited knows.

    Attributes:
        ending: how it ended, once it has.
        detached: whether it runs in the background.
        given_up: whether it is ended with the session, so that nobody is told.
    """

    def __init__(
        self,
        group: Process,
        command: str,
        capture: Capture,
        timeout: float | None,
        loop: asyncio.AbstractEventLoop,
        *,
        background: bool,
        on_end: Callable[[Job], object],
        afterwards: Callable[[], object],
    ) -> None:
        self.group = group
        self.capture = capture
        self.ending: Ending | None = None
        self.detached = background
        self.given_up = False
        self._command = command
        self._on_end = on_end
        self._afterwards = afterwards
        self._started = time.time()
        self._ended_at: float | None = None
        self._latest = ""
        self._fresh = False
        self._reported_at = 0.0
        self._loop: asyncio.AbstractEventLoop | None = loop
        self._news = asyncio.Event()
        self._ended = threading.Event()
        self._detach_asked = False
        # Not a thread of anyio's pool: it may outlive the call, and must not hold up the exit. In the
        # session's context, so that what is logged there is the session's.
        self._thread = threading.Thread(
            target=copy_context().run,
            args=(self._pump, timeout),
            name=f"command-{group.pgid}",
            daemon=True,
        )
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether its output is still read."""
        return not self._ended.is_set()

    async def follow(self, report: Callable[[str], object]) -> None:
        """Reports new output until the command has ended or was detached."""
        reported = ""
        while True:
            await self._news.wait()
            self._news.clear()
            if self._latest != reported:
                reported = self._latest
                report(reported)
            if self.detached or not self.running:
                return

    async def over(self) -> None:
        """Waits until the command has ended; for one that nobody follows."""
        while self.running:
            await self._news.wait()
            self._news.clear()

    def detach(self) -> None:
        """Moves it to the background: ``follow`` returns, no timeout, the output goes to a file."""
        self._detach_asked = True
        self.group.keep_running()

    def stop(self) -> None:
        """Begins to end the processes; ``wait`` tells when that is done."""
        self.group.stop()

    def task(self) -> Task:
        """How it is doing, as a command in the background."""
        ending = self.ending
        state: Literal["running", "exited", "stopped"] = "running"
        if not self.running:
            state = "stopped" if ending is not None and ending.stopped else "exited"
        return Task(
            self.group.pgid,
            self._command,
            self._started,
            self._ended_at,
            state,
            None if ending is None else ending.returncode,
            self.capture.path,
            self.capture.last_line(),
        )

    def wait(self, seconds: float) -> bool:
        """Blocks until the job has ended; whether it has."""
        return self._ended.wait(seconds)

    def _pump(self, timeout: float | None) -> None:
        try:
            self.ending = self.group.pump(self._feed, self._tick, timeout)
        finally:
            self._latest = self.capture.latest()
            self.capture.close()
            self._ended_at = time.time()
            self._ended.set()
            self._on_end(self)
            self._wake()
            self._afterwards()

    def _feed(self, data: bytes) -> None:
        self.capture.feed(data)
        if not self.detached:
            self._fresh = True

    def _tick(self) -> float | None:
        """Tells the loop of new output, at most once in an interval."""
        if self._detach_asked and not self.detached:
            self.capture.save()
            self.detached = True
            self._wake()
        if not self._fresh or self.detached:
            return None
        left = self._reported_at + REPORT_INTERVAL - time.monotonic()
        if left > 0:
            return left
        self._fresh = False
        self._latest = self.capture.latest()
        self._reported_at = time.monotonic()
        self._wake()
        return None

    def _wake(self) -> None:
        if self._loop is not None:
            try:
                self._loop.call_soon_threadsafe(self._news.set)
            except RuntimeError:
                self._loop = None  # the loop is closed: the session is over


def signal_name(number: int) -> str:
    """Such as ``SIGTERM``; the number itself where it has no name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
