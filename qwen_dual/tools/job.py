"""One command from start to end: a thread pumps its output, the loop follows what is new.

A job is in the foreground while a call waits for it; in the background it goes on by itself until
it ends or the session does. ``Jobs`` knows all of a session and ends them.
"""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

from qwen_dual.tools.capture import Capture, Limits, Live, Scratch
from qwen_dual.tools.process import GRACE, ProcessGroup

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from qwen_dual.tools.process import Ending

REPORT_INTERVAL = 0.05
END_TIMEOUT = 2 * GRACE + 1.0


class Job:
    """A started command.

    Args:
        group: its processes.
        capture: takes the output.
        timeout: seconds, or None.
        loop: where its output is followed; None starts it in the background.

    Attributes:
        ending: how it ended, once it has.
        detached: whether it runs in the background.
    """

    def __init__(
        self,
        group: ProcessGroup,
        capture: Capture,
        timeout: float | None,
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        self.group = group
        self.capture = capture
        self.ending: Ending | None = None
        self.detached = loop is None
        self._live = Live()
        self._fresh = False
        self._reported_at = 0.0
        self._loop = loop
        self._news = asyncio.Event()
        self._ended = threading.Event()
        self._detach_asked = False
        # Not a thread of anyio's pool: it may outlive the call, and must not hold up the exit.
        self._thread = threading.Thread(
            target=self._pump, args=(timeout,), name=f"command-{group.pgid}", daemon=True
        )
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether its output is still read."""
        return not self._ended.is_set()

    async def follow(self, report: Callable[[str], None]) -> None:
        """Reports new output until the command has ended or was detached."""
        while True:
            await self._news.wait()
            self._news.clear()
            text = self._live.take()
            if text:
                report(text)
            if self.detached or not self.running:
                return

    def detach(self) -> None:
        """Moves it to the background: ``follow`` returns, no timeout, the output goes to a file."""
        self._detach_asked = True
        self.group.keep_running()

    def stop(self) -> None:
        """Begins to end the processes; ``wait`` tells when that is done."""
        self.group.stop()

    def wait(self, seconds: float) -> bool:
        """Blocks until the job has ended; whether it has."""
        return self._ended.wait(seconds)

    def _pump(self, timeout: float | None) -> None:
        try:
            self.ending = self.group.pump(self._feed, self._tick, timeout)
        finally:
            self.capture.close()
            self._ended.set()
            self._tell()

    def _feed(self, data: bytes) -> None:
        self.capture.feed(data)
        if not self.detached:
            self._live.add(data)
            self._fresh = True

    def _tick(self) -> float | None:
        """Tells the loop of new output, at most once in an interval."""
        if self._detach_asked and not self.detached:
            self.capture.save()
            self.detached = True
            self._tell()
        if not self._fresh or self.detached:
            return None
        left = self._reported_at + REPORT_INTERVAL - time.monotonic()
        if left > 0:
            return left
        self._fresh = False
        self._reported_at = time.monotonic()
        self._tell()
        return None

    def _tell(self) -> None:
        if self._loop is not None:
            try:
                self._loop.call_soon_threadsafe(self._news.set)
            except RuntimeError:
                self._loop = None  # the loop is closed: the session is over


class Jobs:
    """All commands of a session that may still run."""

    def __init__(self, scratch: Scratch, limits: Limits) -> None:
        self._scratch = scratch
        self._limits = limits
        self._lock = threading.Lock()
        self._jobs: list[Job] = []

    def start(
        self,
        argv: Sequence[str],
        cwd: str,
        env: Mapping[str, str],
        *,
        timeout: float | None,
        loop: asyncio.AbstractEventLoop | None,
    ) -> Job:
        """Starts a command; blocks while it is executed, a few milliseconds.

        Args:
            argv: the program and its arguments.
            cwd: the folder it starts in.
            env: its whole environment.
            timeout: seconds after which a foreground command is ended.
            loop: where its output is followed; None starts it in the background.

        Raises:
            OSError: it cannot be started.
        """
        group = ProcessGroup(argv, cwd, env)
        capture = Capture(self._scratch, self._limits, save_from_start=loop is None)
        job = Job(group, capture, None if loop is None else timeout, loop)
        with self._lock:
            # A group that has died is forgotten soon, before its number can come to be another's.
            self._jobs = [known for known in self._jobs if known.running or known.group.alive()]
            self._jobs.append(job)
        return job

    def detach_all(self) -> int:
        """Moves every foreground command to the background; how many there were."""
        with self._lock:
            moved = [job for job in self._jobs if job.running and not job.detached]
        for job in moved:
            job.detach()
        return len(moved)

    def end_all(self) -> None:
        """Ends every command and what commands left behind; blocks for a few seconds at most."""
        with self._lock:
            jobs = [job for job in self._jobs if job.running or job.group.alive()]
            self._jobs = []
        for job in jobs:
            if job.running:
                job.stop()
            else:
                job.group.end_leftovers(force=False)
        until = time.monotonic() + END_TIMEOUT
        for job in jobs:
            job.wait(max(until - time.monotonic(), 0))
        until = time.monotonic() + GRACE
        left = [job for job in jobs if job.group.alive()]
        pause = threading.Event()
        while left and time.monotonic() < until:
            pause.wait(0.02)
            left = [job for job in left if job.group.alive()]
        for job in left:
            job.group.end_leftovers(force=True)
