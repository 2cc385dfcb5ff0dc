"""A program in a pseudo-terminal: spawning, its window, its end. The one user of ptyprocess.

Spawning is done on the loop's own thread, some milliseconds: what is done in one go cannot be
cancelled half-way and leave a process that nobody knows. Everything else never blocks.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import termios
import traceback
import warnings
from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.host.errors import SpawnFailed
from qwen_dual.host.records import Exit
from qwen_dual.protocol.osc import TERMINAL_READ

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PIECE = 65536
_RESET = (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM, signal.SIGPIPE)
_OF_TERMINALS = (
    *("TERM_PROGRAM", "TERM_PROGRAM_VERSION", "TMUX", "TMUX_PANE", "STY", "ZELLIJ"),
    *("KITTY_WINDOW_ID", "VTE_VERSION", "WT_SESSION", "ConEmuANSI"),
)
TERM = "xterm-256color"
"""What hosts can show, unless they say otherwise."""

_POLL = 0.02  # seconds between looks where the system has no pidfd


class Child:
    """A running program, leader of a session of its own on a new PTY.

    Args:
        command: the program and its arguments.
        cwd: where it starts; None for here.
        env: its whole environment; None for this one's.
        columns: the width of the window.
        rows: the height of the window.
        pass_fds: descriptors that it inherits under the same numbers.
        status_read: it is told that what it tells its terminal of itself is read.

    Raises:
        SpawnFailed: there is no such program, or no such folder, or no process or PTY to be had.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: str | None,
        env: Mapping[str, str] | None,
        columns: int,
        rows: int,
        pass_fds: Sequence[int] = (),
        status_read: bool = False,
    ) -> None:
        from ptyprocess import PtyProcess

        variables = terminal_environment() if env is None else dict(env)
        variables.setdefault("TERM", TERM)
        if status_read:
            variables[TERMINAL_READ] = "1"
        found = shutil.which(command[0], path=variables.get("PATH", os.defpath))
        if found is None:
            raise SpawnFailed(command, "there is no such program, or it may not be run")
        path = os.path.abspath(found)
        arguments = [os.fsencode(part) for part in (path, *command[1:])]
        environment = {os.fsencode(name): os.fsencode(value) for name, value in variables.items()}

        def become() -> None:
            # All that can fail is done here: ptyprocess tells of an exception of this function, while
            # one of its own chdir or exec may escape into the copy of this program.
            if cwd is not None:
                os.chdir(cwd)
            # What the host ignores or blocks, the program must not.
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            for number in _RESET:
                signal.signal(number, signal.SIG_DFL)
            for fd in pass_fds:
                os.set_inheritable(fd, True)
            os.execve(path, arguments, environment)

        self._exit: Exit | None = None
        self._pidfd: int | None = None
        with warnings.catch_warnings():
            # Python 3.12 warns of a fork beside threads; what runs before exec takes no lock.
            warnings.simplefilter("ignore", DeprecationWarning)
            try:
                self._process: Any = PtyProcess.spawn(
                    [path],
                    dimensions=(rows, columns),
                    preexec_fn=become,
                    pass_fds=tuple(pass_fds),
                )
            except (OSError, ValueError) as error:
                # A child that could not become the program is in the locals there: with them it is
                # reaped, and its terminal closed.
                traceback.clear_frames(error.__traceback__)
                raise SpawnFailed(command, str(error)) from error
        self.pid: int = self._process.pid
        self.fd: int = self._process.fd
        os.set_blocking(self.fd, False)
        if hasattr(os, "pidfd_open"):
            try:
                self._pidfd = os.pidfd_open(self.pid)
            except OSError:
                pass  # an old kernel or a sandbox: looked at from time to time instead

    @property
    def pidfd(self) -> int | None:
        """A descriptor that can be read once it has ended; None where the system has none."""
        return self._pidfd

    def read(self) -> bytes | None:
        """What it has painted: empty when it never will again, None when there is nothing now."""
        try:
            return os.read(self.fd, _PIECE)
        except BlockingIOError:
            return None
        except OSError as error:
            if error.errno == errno.EIO:  # the last descriptor of the other side was closed
                return b""
            raise

    async def write(self, data: bytes) -> None:
        """Types something; waits while the program does not take it.

        Raises:
            OSError: its side is closed.
        """
        rest = memoryview(data)
        while rest:
            try:
                # The kernel takes no more than this in one go, in a terminal's line mode.
                rest = rest[os.write(self.fd, rest[:4096]) :]
            except BlockingIOError:
                await anyio.wait_writable(self.fd)

    def resize(self, columns: int, rows: int) -> None:
        """Changes the window; the kernel sends SIGWINCH."""
        termios.tcsetwinsize(self.fd, (rows, columns))

    def poll(self) -> Exit | None:
        """How it ended, reaping it; None while it runs."""
        if self._exit is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:  # SIGCHLD is ignored here, or somebody waits for all
                self._exit = Exit()
                return self._exit
            if pid:
                code = os.waitstatus_to_exitcode(status)
                self._exit = Exit(signal=-code) if code < 0 else Exit(status=code)
        return self._exit

    async def wait(self) -> Exit:
        """Waits for its end and reaps it."""
        while (ended := self.poll()) is None:
            if self._pidfd is not None:
                await anyio.wait_readable(self._pidfd)
            else:
                await anyio.sleep(_POLL)
        return ended

    def terminate(self) -> None:
        """Asks it to end in order."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """Ends it and what it started in its own process group."""
        # Before it is reaped nobody else can have its number.
        if self.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Lets go of the terminal; what still runs is hung up."""
        self._process.fileobj.close()
        self._process.closed = True  # or its destructor would wait and kill
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None


def terminal_environment(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment for a program in a terminal of its own, without what describes another one.

    Args:
        env: it; this program's unless given, which may have been started in a terminal itself.
    """
    result = dict(os.environ if env is None else env)
    for name in ("COLUMNS", "LINES", "TERM", *_OF_TERMINALS):
        result.pop(name, None)
    result["TERM"] = TERM
    return result
