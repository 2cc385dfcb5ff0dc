"""Runs a hook's command: JSON on stdin, bounded output, and an end that always comes.

The command has a process group of its own, ended whole at the timeout and when the session is
interrupted, with what left the group as far as it is found. What it prints beyond the bounds is read
and thrown away, so that it neither fills memory nor waits for us.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final

import anyio
from anyio import to_thread
from msgspec import Struct

from qwen_dual.core.failures import describe
from qwen_dual.core.tools.ports import GRACE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from qwen_dual.core.tools.ports import Ending, Process, Processes
    from qwen_dual.hooks.config import Hook

log = logging.getLogger(__name__)

MAX_STDOUT: Final = 1 << 20
MAX_STDERR: Final = 1 << 16
"""Bytes that are kept of what a hook prints."""

MOST_RUNNING: Final = 32
"""Hooks that run at a time: each takes a thread."""

PROJECT_VARIABLES: Final = ("QWEN_PROJECT_DIR", "CLAUDE_PROJECT_DIR", "GEMINI_PROJECT_DIR")


class Ran(Struct, frozen=True):
    """How a hook ended.

    Attributes:
        exit_code: minus the signal's number as in ``subprocess``; None where it has none.
        stdout: what it printed, or was answered.
        stderr: likewise.
        cut: stdout was longer than is kept.
        failure: why it came to nothing, for a person; empty where it ended by itself.
        timed_out: it took too long.
    """

    exit_code: int | None = None
    stdout: str = ""
    stderr: str = ""
    cut: bool = False
    failure: str = ""
    timed_out: bool = False


class Commands:
    """Runs the commands of hooks.

    Args:
        processes: starts them, in the sandbox where there is one.
        cwd: the folder of the session.
        env: what commands are given, now.
        shell: what a command line is put behind, given the variables.
    """

    def __init__(
        self,
        processes: Processes,
        cwd: str,
        env: Callable[[], Mapping[str, str]],
        shell: Callable[[Mapping[str, str]], Sequence[str]],
    ) -> None:
        self._processes = processes
        self._cwd = cwd
        self._env = env
        self._shell = shell
        self._limiter = anyio.CapacityLimiter(MOST_RUNNING)

    async def run(self, hook: Hook, told: bytes) -> Ran:
        """Runs a hook to its end.

        Args:
            hook: of the kind ``command``.
            told: its stdin.
        """
        execution = _Execution()
        try:
            return await to_thread.run_sync(
                execution.run, self, hook, told, abandon_on_cancel=True, limiter=self._limiter
            )
        finally:
            if not execution.over.is_set():
                execution.stop()
                with anyio.move_on_after(GRACE * 2, shield=True):
                    await to_thread.run_sync(
                        execution.over.wait,
                        GRACE * 2,
                        limiter=self._limiter,
                        abandon_on_cancel=True,
                    )

    def start(self, hook: Hook, told: bytes, errors: Callable[[bytes], object]) -> Process:
        """Starts it; blocks for some milliseconds.

        Raises:
            OSError: it cannot be started.
        """
        env = {**self._env(), **dict.fromkeys(PROJECT_VARIABLES, self._cwd), **hook.env}
        return self._processes.start(
            [*self._shell(env), hook.does], self._cwd, env, stdin=told, errors=errors
        )


class _Execution:
    """One run, in a thread; ``stop`` may come at any moment."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self._lock = threading.Lock()
        self._stopped = False
        self._process: Process | None = None

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            if self._process is not None:
                self._process.stop()

    def run(self, commands: Commands, hook: Hook, told: bytes) -> Ran:
        out, errors = _Kept(MAX_STDOUT), _Kept(MAX_STDERR)
        try:
            with self._lock:
                if self._stopped:
                    return Ran(failure="was interrupted")
                self._process = commands.start(hook, told, errors.feed)
            ending = self._process.pump(out.feed, lambda: None, hook.seconds)
        except Exception as error:  # of a sandbox too
            log.info("the hook %s was not started", hook.name, exc_info=True)
            return Ran(failure=f"could not be started: {describe(error)}")
        finally:
            self.over.set()
        return _ran(ending, out, errors, hook.seconds)


class _Kept:
    """The first bytes of a stream."""

    def __init__(self, limit: int) -> None:
        self.cut = False
        self._limit = limit
        self._data = bytearray()

    def feed(self, data: bytes) -> None:
        room = self._limit - len(self._data)
        self._data += data[:room]
        self.cut = self.cut or len(data) > room

    @property
    def text(self) -> str:
        return self._data.decode("utf-8", "replace")


def _ran(ending: Ending, out: _Kept, errors: _Kept, seconds: float) -> Ran:
    code, failure = ending.returncode, ""
    if not ending.began:
        failure = f"could not be confined: {errors.text.strip() or out.text.strip()}"
    elif ending.timed_out:
        failure = f"took longer than {seconds:g} s and was ended"
    elif ending.stopped:
        failure = "was interrupted"
    elif code is None:
        failure = "did not end"
    elif code < 0:
        failure = f"was ended by signal {-code}"
    return Ran(code, out.text, errors.text, out.cut, failure, ending.timed_out)
