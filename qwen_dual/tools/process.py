"""One command in a process group of its own: started, read, and ended whole.

Whole means those processes too that left the group, as far as ``family`` finds them, and in a
sandbox with a process namespace all of that.
``pump`` blocks and belongs in a thread; ``stop`` and ``keep_running`` may be called from any.
What the output means is the caller's.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING

from qwen_dual.core.tools.ports import GRACE, Ending
from qwen_dual.fs import family, proc
from qwen_dual.tools.output_watch import POLL, OutputWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from qwen_dual.sandbox.confine import Sandbox
    from qwen_dual.sandbox.confinement import Confinement
    from qwen_dual.sandbox.namespace import Namespace

QUIET = 0.1
"""Silence, in seconds, after which output is over once the shell has exited; a process that the
shell left behind may hold the pipe open for ever."""

MAX_DRAIN = 1.0
KILL_ROUNDS = 5


class ProcessGroup:
    """A running command; its stdout and stderr share one pipe, so that they keep their order.

    Args:
        argv: the program and its arguments.
        cwd: the folder it starts in.
        env: its whole environment.
        stdin: a descriptor it may read; nothing unless given.
        sandbox: what it is confined by; nothing unless given.
        errors: takes what it writes to stderr, which then has a pipe of its own.

    Attributes:
        pgid: the number of its process group.
        made: says, once it has ended, which guarded files in the workspace it made.

    Raises:
        OSError: the command cannot be started.
        SandboxUnavailable: the sandbox cannot be had.
    """

    def __init__(
        self,
        argv: Sequence[str],
        cwd: str,
        env: Mapping[str, str],
        stdin: int = subprocess.DEVNULL,
        sandbox: Sandbox | None = None,
        errors: Callable[[bytes], object] | None = None,
    ) -> None:
        self._errors = errors
        self._mark = family.new_mark()
        self._namespace: Namespace | None = None
        self.made: Callable[[], list[str]] = list
        env = {**env, family.MARK: self._mark}

        def start(
            argv: Sequence[str] = argv,
            env: Mapping[str, str] = env,
            descriptors: tuple[int, ...] = (),
        ) -> subprocess.Popen[bytes]:
            # A session of its own: no controlling terminal, so nothing can reach ours by /dev/tty.
            return subprocess.Popen(
                argv,
                cwd=cwd,
                env=env,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if errors is None else subprocess.PIPE,
                start_new_session=True,
                pass_fds=descriptors,
                bufsize=0,
            )

        if sandbox is None:
            self._popen = start()
        else:
            self._popen = self._confined(
                sandbox.confine(argv, cwd, env, has_input=stdin != subprocess.DEVNULL), start
            )
        self.pgid = self._popen.pid
        self._lock = threading.Lock()
        self._wake_read, self._wake_write = os.pipe()
        self._closed = False
        self._stop = False
        self._unlimited = False

    def stop(self) -> None:
        """Ends the group: SIGTERM, then SIGKILL; ``pump`` returns when that is done."""
        self._stop = True
        self._wake()

    def keep_running(self) -> None:
        """Lifts the timeout."""
        self._unlimited = True
        self._wake()

    def pump(
        self,
        feed: Callable[[bytes], None],
        tick: Callable[[], float | None],
        timeout: float | None,
    ) -> Ending:
        """Reads the output until the command has ended and reaps it.

        Args:
            feed: takes each piece of output.
            tick: called between pieces; returns seconds until it wants to be called again.
            timeout: seconds after which the group is ended.
        """
        watch = OutputWatch(self._popen, self._wake_read, self._errors)
        try:
            return self._run(watch, feed, tick, timeout)
        finally:
            if self._popen.returncode is None:
                self._end_all(signal.SIGKILL)
                self._reap()
            watch.close()
            with self._lock:
                self._closed = True
                os.close(self._wake_read)
                os.close(self._wake_write)

    def alive(self) -> bool:
        """Whether any process of the group still runs; right once the shell has been reaped."""
        if self._namespace is not None and self._namespace.alive():
            return True
        try:
            os.killpg(self.pgid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return not _all_dead(self.pgid)

    def end_leftovers(self, *, force: bool) -> None:
        """Sends the group SIGKILL, or SIGTERM unless ``force``."""
        self._signal(signal.SIGKILL if force else signal.SIGTERM)

    def send(self, number: signal.Signals) -> None:
        """Sends a signal to the processes of the group, as ``kill -- -PGID`` does."""
        self._signal(number)

    def _confined(
        self, confinement: Confinement, start: Callable[..., subprocess.Popen[bytes]]
    ) -> subprocess.Popen[bytes]:
        try:
            popen = confinement.start(
                lambda: start(confinement.argv, confinement.env, confinement.descriptors)
            )
        except BaseException:
            confinement.close()
            raise
        self._namespace = confinement.namespace(found=False)
        if confinement.watch is not None:
            self.made = confinement.watch.made
        return popen

    def _run(
        self,
        watch: OutputWatch,
        feed: Callable[[bytes], None],
        tick: Callable[[], float | None],
        timeout: float | None,
    ) -> Ending:
        last_output = begun = time.monotonic()
        exit_seen: float | None = None
        kill_at: float | None = None
        timed_out = False
        while True:
            now = time.monotonic()
            if exit_seen is None and watch.exited():
                exit_seen = now
            limit = None if timeout is None or self._unlimited else begun + timeout
            if kill_at is None:
                timed_out = exit_seen is None and limit is not None and now >= limit
                if timed_out or self._stop:
                    self._end_all(signal.SIGTERM)
                    kill_at = now + GRACE
            if kill_at is not None:
                if now >= kill_at:
                    self._kill_whole()
                    break
                if exit_seen is not None and not self.alive() and not self._escaped():
                    break
                limit = kill_at if exit_seen is None else min(kill_at, now + POLL)
            elif exit_seen is not None:
                limit = min(max(last_output, exit_seen) + QUIET, exit_seen + MAX_DRAIN)
                if watch.at_end or now >= limit:
                    return self._ending(timed_out=False, stopped=False)
            data = watch.wait(_soonest(limit, now, tick()))
            if self._namespace is not None:
                self._namespace.find()
            if data:
                last_output = time.monotonic()
                feed(data)
        self._reap()
        for data in watch.rest():
            feed(data)
        return self._ending(timed_out=timed_out, stopped=self._stop)

    def _ending(self, *, timed_out: bool, stopped: bool) -> Ending:
        code = self._popen.returncode
        if self._namespace is None:
            return Ending(code, timed_out, stopped)
        from qwen_dual.sandbox.confinement import returncode

        began = self._namespace.began() or timed_out or stopped
        self._namespace.close()
        return Ending(returncode(code), timed_out, stopped, began)

    def _end_all(self, number: signal.Signals) -> None:
        """Signals the group, then what left it: the first cannot miss what is being forked."""
        self._signal(number)
        if self._namespace is not None:
            return  # none can leave it
        family.send(self.pgid, self._mark, number)

    def _kill_whole(self) -> None:
        for _ in range(KILL_ROUNDS):  # what was forked in between is found in the next
            self._end_all(signal.SIGKILL)
            if not self._escaped():
                return

    def _escaped(self) -> bool:
        if self._namespace is not None:
            return self._namespace.alive()
        return bool(family.members(self.pgid, self._mark))

    def _reap(self) -> None:
        try:
            self._popen.wait(GRACE)
        except subprocess.TimeoutExpired:
            pass  # stuck in the kernel, where no signal reaches it

    def _signal(self, number: signal.Signals) -> None:
        if self._namespace is not None:
            self._namespace.send(number)
            if number is signal.SIGTERM:
                self._namespace.send(signal.SIGCONT)
            if number is not signal.SIGKILL:
                return  # not to bubblewrap's own process, which hands on how the command ends
        try:
            os.killpg(self.pgid, number)
            if number is signal.SIGTERM:
                os.killpg(self.pgid, signal.SIGCONT)  # a stopped process sees no SIGTERM
        except (ProcessLookupError, PermissionError):
            pass

    def _wake(self) -> None:
        with self._lock:
            if not self._closed:
                os.write(self._wake_write, b"!")


def _soonest(limit: float | None, now: float, other: float | None) -> float | None:
    """Seconds to the earlier of a moment and a delay; None if neither is set."""
    if limit is None:
        return other
    left = max(limit - now, 0.0)
    return left if other is None else min(left, other)


def _all_dead(pgid: int) -> bool:
    """Whether all of a group are zombies; False where the system does not tell.

    Many a container has a first process that reaps orphans late or never, and the group of a
    command that was ended in order would look alive until then.
    """
    members = 0
    for stat in filter(None, map(proc.stat_of, proc.pids())):
        if stat.group == pgid:
            if stat.state not in proc.DEAD:
                return False
            members += 1
    return members > 0
