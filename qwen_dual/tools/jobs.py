"""All commands of a session: started, moved to the background, listed as tasks, and ended with it."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from qwen_dual.core.tools.ports import GRACE
from qwen_dual.tools.capture import Capture, Limits, Scratch
from qwen_dual.tools.job import END_TIMEOUT, Job

if TYPE_CHECKING:
    import asyncio
    import signal
    from collections.abc import Mapping, Sequence

    from qwen_dual.core.tools.ports import Processes
    from qwen_dual.sandbox.confine import Sandbox
    from qwen_dual.tools.job import Task

MAX_ENDED_TASKS = 50


class Jobs:
    """All commands of a session that may still run, and those that ran in the background.

    Args:
        scratch: where output is saved.
        limits: of a result.
        processes: start the commands.
        sandbox: what commands are confined by; nothing unless given.
        confined: start those that are.

    Attributes:
        sandbox: as given.
        detached_at: when ``detach_all`` was called last, by ``time.monotonic``: a command that was told
            to run and had not started then is not among those that it moved.
    """

    def __init__(
        self,
        scratch: Scratch,
        limits: Limits,
        processes: Processes,
        sandbox: Sandbox | None = None,
        confined: Processes | None = None,
    ) -> None:
        self.sandbox = sandbox
        self._processes = processes
        self._confined = confined
        self.detached_at = 0.0
        self._scratch = scratch
        self._limits = limits
        self._lock = threading.Lock()
        self._jobs: list[Job] = []
        self._ended_tasks: deque[Task] = deque(maxlen=MAX_ENDED_TASKS)
        self._closing = False

    def start(
        self,
        argv: Sequence[str],
        cwd: str,
        env: Mapping[str, str],
        *,
        command: str,
        timeout: float | None,
        loop: asyncio.AbstractEventLoop,
        background: bool,
        confined: bool = True,
    ) -> Job:
        """Starts a command; blocks while it is executed, a few milliseconds.

        Args:
            argv: the program and its arguments.
            cwd: the folder it starts in.
            env: its whole environment.
            command: the command line, as tasks show it.
            timeout: seconds after which a foreground command is ended.
            loop: where its output is followed.
            background: whether nobody waits for it.
            confined: whether it runs in the sandbox, if there is one.

        Raises:
            OSError: it cannot be started.
            SandboxUnavailable: the sandbox that was asked for cannot be had.
        """
        sandbox = self.sandbox if confined else None
        inside = self._confined if confined else None
        group = (inside or self._processes).start(argv, cwd, env)
        capture = Capture(self._scratch, self._limits, save_from_start=background)

        def afterwards() -> None:
            if sandbox is not None:
                sandbox.look_again()
                sandbox.keep_ready()

        with self._lock:
            job = Job(
                group,
                command,
                capture,
                None if background else timeout,
                loop,
                background=background,
                on_end=self._ended_one,
                afterwards=afterwards,
            )
            # A group that has died is forgotten soon, before its number can come to be another's.
            self._jobs = [known for known in self._jobs if known.running or known.group.alive()]
            self._jobs.append(job)
        return job

    def tasks(self) -> list[Task]:
        """The commands in the background: those that run, then those that ended, latest first."""
        with self._lock:
            running = [job.task() for job in self._jobs if job.detached and job.running]
            return running + list(reversed(self._ended_tasks))

    def idle(self) -> bool:
        """Whether there is no command that would have to be ended."""
        with self._lock:
            return not self._jobs

    def running_tasks(self) -> int:
        """How many commands run in the background."""
        with self._lock:
            return sum(job.detached and job.running for job in self._jobs)

    def stop_task(self, task_id: int) -> bool:
        """Begins to end a command in the background; False when none with this id runs."""
        with self._lock:
            found = [job for job in self._jobs if job.detached and job.running]
        for job in found:
            if job.group.pgid == task_id:
                job.stop()
                return True
        return False

    def signal(self, group: int, number: signal.Signals) -> bool:
        """Sends a signal to a command that still runs, or to what it left; False if none is so."""
        with self._lock:
            found = [job for job in self._jobs if job.group.pgid == group and job.group.alive()]
        for job in found:
            job.group.send(number)
        return bool(found)

    def _ended_one(self, job: Job) -> None:
        with self._lock:
            if job.detached and not self._closing:
                self._ended_tasks.append(job.task())

    def detach_all(self) -> int:
        """Moves every foreground command to the background; how many there were."""
        self.detached_at = time.monotonic()
        with self._lock:
            moved = [job for job in self._jobs if job.running and not job.detached]
        for job in moved:
            job.detach()
        return len(moved)

    def end_all(self) -> None:
        """Ends every command and what commands left behind; blocks for a few seconds at most."""
        with self._lock:
            self._closing = True
            jobs = [job for job in self._jobs if job.running or job.group.alive()]
            self._jobs = []
        for job in jobs:
            job.given_up = True
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
