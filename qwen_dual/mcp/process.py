"""A server that is a program: started in a group of its own, and ended with all of it, also with what of
it has left the group, as far as ``fs.family`` finds that.

When this process is killed and can end nothing any more, the server sees the end of its stdin; one that
goes on all the same is ended by a small shell that waits for just that.
"""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING, Protocol

import anyio
from anyio import to_thread

from qwen_dual.fs import family

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GRACE = 0.5
"""Seconds that a server has to end by itself once its stdin has ended, and again after SIGTERM."""

POLL = 0.02

KILL_ROUNDS = 5

WATCH = 'trap "" HUP INT TERM; read -r _; sleep 2; kill -s KILL -- "-$0"'
"""What the shell does: stdin ends with this process, and ``$0`` is the group."""


class Started(Protocol):
    """What ``Start`` returns: a process, and a way to end what is not in its group."""

    popen: subprocess.Popen[bytes]

    def kill(self) -> None:
        """Ends all of it at once."""
        ...


class Start(Protocol):
    """Starts a program with three pipes, as the leader of a session; called in a thread."""

    def __call__(self, argv: Sequence[str], cwd: str, env: Mapping[str, str]) -> Started:
        """Starts it.

        Raises:
            OSError: it cannot be started.
        """
        ...


class Plain:
    """A program with all of the person's rights."""

    def __init__(self, argv: Sequence[str], cwd: str, env: Mapping[str, str]) -> None:
        self.popen = open_pipes(argv, cwd, env)

    def kill(self) -> None:
        """Ends the group at once."""
        send(self.popen.pid, signal.SIGKILL)


def open_pipes(
    argv: Sequence[str], cwd: str, env: Mapping[str, str], descriptors: tuple[int, ...] = ()
) -> subprocess.Popen[bytes]:
    """A process with pipes for all three of its streams, which leads a session of its own."""
    return subprocess.Popen(
        argv,
        cwd=cwd,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        pass_fds=descriptors,
        bufsize=0,
    )


class Child:
    """A running program and its pipes, which are read and written without blocking.

    Args:
        started: the program.
        guard: the shell that ends it after a death of ours; None where there is none.
        mark: what its processes have in their environment.
    """

    def __init__(self, started: Started, guard: subprocess.Popen[bytes] | None, mark: str) -> None:
        self._started = started
        self._guard = guard
        self._mark = mark
        self.popen = started.popen
        for pipe in (self.popen.stdin, self.popen.stdout, self.popen.stderr):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)

    @classmethod
    async def start(
        cls, start: Start, argv: Sequence[str], cwd: str, env: Mapping[str, str]
    ) -> Child:
        """Starts a program.

        Raises:
            OSError: it cannot be started.
        """

        def begin() -> Child:
            mark = family.new_mark()
            started = start(argv, cwd, {**env, family.MARK: mark})
            return cls(started, _guard(started.popen.pid), mark)

        # Not given up when cancelled: nobody would end what was started.
        with anyio.CancelScope(shield=True):
            child = await to_thread.run_sync(begin)
        return child

    async def receive(self, error: bool = False) -> bytes:
        """The next piece of its stdout, or of its stderr; empty at the end."""
        pipe = self.popen.stderr if error else self.popen.stdout
        assert pipe is not None
        while True:
            try:
                return os.read(pipe.fileno(), 1 << 16)
            except BlockingIOError:
                await anyio.wait_readable(pipe)
            except OSError:
                return b""

    async def send(self, data: bytes) -> None:
        """Writes all of ``data`` to its stdin.

        Raises:
            OSError: it has closed that.
        """
        pipe, view = self.popen.stdin, memoryview(data)
        assert pipe is not None
        while view:
            try:
                view = view[os.write(pipe.fileno(), view) :]
            except BlockingIOError:
                await anyio.wait_writable(pipe)

    async def ended(self) -> int:
        """Waits until the first process has ended; its status, minus a signal's number."""
        if hasattr(os, "pidfd_open") and self.popen.poll() is None:
            try:
                descriptor = os.pidfd_open(self.popen.pid)
            except OSError:
                pass  # it has ended, or there are no more descriptors
            else:
                try:
                    await anyio.wait_readable(descriptor)
                finally:
                    os.close(descriptor)
        while self.popen.poll() is None:  # noqa: ASYNC110 - other systems do not tell
            await anyio.sleep(POLL)
        return self.popen.returncode

    async def end(self) -> None:
        """Ends all of it: by the end of its stdin, then with SIGTERM, then with SIGKILL."""
        with anyio.CancelScope(shield=True):
            assert self.popen.stdin is not None
            self.popen.stdin.close()
            if not await self._ends_within(GRACE):
                send(self.popen.pid, signal.SIGTERM)
                await self._ends_within(GRACE)
            await to_thread.run_sync(self._kill_all)  # what it had started, too
            await self._ends_within(GRACE)
            for pipe in (self.popen.stdout, self.popen.stderr):
                assert pipe is not None
                pipe.close()
            if self._guard is not None:
                self._guard.kill()
                assert self._guard.stdin is not None
                self._guard.stdin.close()
                await to_thread.run_sync(self._guard.wait)

    def _kill_all(self) -> None:
        self._started.kill()
        family.send_marked(self._mark, signal.SIGKILL, KILL_ROUNDS)

    async def _ends_within(self, seconds: float) -> bool:
        with anyio.move_on_after(seconds):
            await self.ended()
        return self.popen.poll() is not None


def send(group: int, number: signal.Signals) -> None:
    """Sends a signal to a process group, if there is one of that number."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        pass


def _guard(group: int) -> subprocess.Popen[bytes] | None:
    """The shell that waits for the end of this process; None where none can be had."""
    try:
        return subprocess.Popen(
            ["/bin/sh", "-c", WATCH, str(group)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.defpath},
            cwd="/",
            start_new_session=True,
        )
    except OSError:
        return None


def plain(argv: Sequence[str], cwd: str, env: Mapping[str, str]) -> Started:
    """``Start`` without a sandbox."""
    return Plain(argv, cwd, env)
