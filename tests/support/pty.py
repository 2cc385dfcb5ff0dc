"""The tests' one host of PTYs: what runs a program in one, and what is a bare pair of ends.

Owns spawning (by the library's own ``host.pty``), the screen with its scrollback, and waiting with a
deadline. It does not know any program. Nothing is read from the PTY unless a method here is called,
so a test that wants a host that has stopped reading only has to leave it alone for a while.
"""

from __future__ import annotations

import os
import select
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyte

from qwen_dual.host.pty import Child
from tests.support.screen import Screen
from tests.support.waiting import PACE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Self

ROOT = Path(__file__).resolve().parents[2]
_HISTORY_LINES = 200_000
_SETTLE = 0.05  # how often a predicate about something outside the terminal is asked again
_HALF_SECONDS = 1.0  # what is left of a frame comes within it, unless the program has been killed


def terminal_environment(env: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """Builds a child's environment that does not depend on where the tests run.

    Args:
        env: Changes to it; None takes a variable out.
    """
    result = dict(os.environ)
    for name in (
        *("CI", "NO_COLOR", "COLORTERM", "COLUMNS", "LINES", "PROMPT_TOOLKIT_COLOR_DEPTH"),
        *("TMUX", "STY", "ZELLIJ", "TERM_PROGRAM", "WT_SESSION", "KITTY_WINDOW_ID", "VTE_VERSION"),
    ):
        result.pop(name, None)
    inherited = result.get("PYTHONPATH")
    result["PYTHONPATH"] = f"{ROOT}{os.pathsep}{inherited}" if inherited else str(ROOT)
    result |= {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
    for name, value in (env or {}).items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = value
    return result


def start(
    argv: Sequence[str],
    env: Mapping[str, str | None] | None = None,
    cwd: str | Path | None = None,
    rows: int = 24,
    cols: int = 80,
    pass_fds: Sequence[int] = (),
) -> Child:
    """Starts a program as the leader of a session on a new PTY, which whoever asks reads himself.

    The arguments are those of ``Terminal.spawn``.
    """
    where = None if cwd is None else os.fspath(cwd)
    environment = terminal_environment(env)
    return Child(argv, cwd=where, env=environment, columns=cols, rows=rows, pass_fds=pass_fds)


class Pair:
    """Both ends of a PTY that no program runs in.

    Attributes:
        host: the end of whoever shows the terminal.
        side: the end of the program.
    """

    def __init__(self) -> None:
        self.host, self.side = os.openpty()
        self._hung_up = False

    def hang_up(self) -> None:
        """The terminal is gone, for whoever has the program's end."""
        if not self._hung_up:
            self._hung_up = True
            os.close(self.host)


@contextmanager
def pair() -> Iterator[Pair]:
    """A pair whose ends are closed behind the block."""
    made = Pair()
    try:
        yield made
    finally:
        os.close(made.side)
        made.hang_up()


class Terminal:
    """A program in a PTY, and the screen it has painted.

    Use it as a context manager: leaving it kills what still runs and closes the PTY.

    Attributes:
        pid: The program's process id; it leads a session and a process group of that id.
        raw: Every byte read so far, in order.
        eof: The program's side of the PTY is closed.
    """

    def __init__(self, child: Child, rows: int, cols: int) -> None:
        self._child = child
        self._fd = child.fd
        self.pid = child.pid
        self._closed = False
        self._heard = 0.0
        self.raw = bytearray()
        self.eof = False
        # An emulator wants at least one cell, the program may be told of none (0x0).
        self._screen = Screen(cols or 80, rows or 24, history=_HISTORY_LINES)
        self._stream = pyte.ByteStream(self._screen)
        self._history: list[str] = []

    @classmethod
    def spawn(
        cls,
        argv: Sequence[str],
        env: Mapping[str, str | None] | None = None,
        cwd: str | Path | None = None,
        rows: int = 24,
        cols: int = 80,
        pass_fds: Sequence[int] = (),
    ) -> Self:
        """Starts a program as the leader of a session on a new PTY.

        Args:
            argv: The program and its arguments.
            env: Changes to the environment that `terminal_environment` builds.
            cwd: Where it starts; the tests' own folder by default.
            rows: The height of the window.
            cols: The width of the window.
            pass_fds: File descriptors that the program inherits under the same numbers.

        Raises:
            SpawnFailed: There is no such program.
        """
        return cls(start(argv, env, cwd, rows, cols, pass_fds), rows, cols)

    @property
    def screen(self) -> list[str]:
        """The rows of the window from the top, without trailing blanks."""
        return [row.rstrip() for row in self._screen.display]

    @property
    def history(self) -> list[str]:
        """The rows that have scrolled off the top, the oldest first."""
        return list(self._scrolled())

    def _scrolled(self) -> list[str]:
        """``history`` itself; each row is turned into text once."""
        top = self._screen.history.top
        if len(top) < len(self._history):
            self._history.clear()
        # The end of a deque is near, its middle is not: what is new is taken from the right.
        fresh = [
            row for row, _ in zip(reversed(top), range(len(top) - len(self._history)), strict=False)
        ]
        for row in reversed(fresh):
            width = max(row, default=-1) + 1
            self._history.append("".join(row[x].data for x in range(width)).rstrip())
        return self._history

    def _finder(self, text: str) -> Callable[[Terminal], bool]:
        """Tells whether ``text`` is in history or on the screen, and looks at no row of it twice."""
        if "\n" in text:
            return lambda terminal: text in terminal.text
        seen = 0

        def find(_: Terminal) -> bool:
            nonlocal seen
            rows = self._scrolled()
            fresh = rows[seen if seen <= len(rows) else 0 :]
            seen = len(rows)
            return any(text in row for row in fresh) or any(text in row for row in self.screen)

        return find

    @property
    def lines(self) -> list[str]:
        """History and screen, without the blank rows at the end."""
        rows = self.history + self.screen
        while rows and not rows[-1]:
            rows.pop()
        return rows

    @property
    def text(self) -> str:
        """History and screen as one string."""
        return "\n".join(self.lines)

    @property
    def cursor(self) -> tuple[int, int]:
        """Row and column of the cursor, from 0."""
        return self._screen.cursor.y, self._screen.cursor.x

    @property
    def cursor_hidden(self) -> bool:
        """The program has hidden the cursor."""
        return bool(self._screen.cursor.hidden)

    def cell(self, row: int, col: int) -> pyte.screens.Char:
        """The character at a place in the window, with its colours and attributes."""
        return self._screen.buffer[row][col]

    def wait_for(self, what: str | Callable[[Terminal], object], timeout: float = 30) -> None:
        """Reads until something has come true.

        Args:
            what: A text that has to be in the history or on the screen, or a predicate; a
                predicate is asked after every read that leaves no frame half-way, and often
                while nothing comes.
            timeout: Seconds before it gives up.

        Raises:
            AssertionError: It did not come true in time, or cannot any more because the program
                has closed its side; the message holds the screen.
        """

        holds = self._finder(what) if isinstance(what, str) else what
        deadline = time.monotonic() + timeout
        while self._is_half() or not holds(self):
            left = deadline - time.monotonic()
            if self.eof or left <= 0:
                why = "the program is gone" if self.eof else f"not within {timeout} s"
                if self.eof and left > 0 and not isinstance(what, str):
                    time.sleep(PACE)
                    continue
                shown = what if isinstance(what, str) else getattr(what, "__name__", repr(what))
                raise AssertionError(f"waited for {shown!r}: {why}\n{self.dump()}")
            self.read(min(left, _SETTLE))

    def _is_half(self) -> bool:
        """The rest of a frame is still to come."""
        lately = time.monotonic() - self._heard < _HALF_SECONDS
        return self._screen.updating and lately and not self.eof

    def read(self, timeout: float = 0) -> bool:
        """Reads once, what there is by then; tells whether anything came."""
        if self.eof or not select.select([self._fd], [], [], timeout)[0]:
            return False
        data = self._child.read()
        if not data:
            self.eof = data is not None
            return False
        self._heard = time.monotonic()
        self.raw += data
        self._stream.feed(data)
        return True

    def dump(self) -> str:
        """The last rows of history and screen in a frame, for messages."""
        rows = self.lines[-60:]
        return "\n".join(["+" + "-" * 40, *("|" + row for row in rows), "+" + "-" * 40])

    def send(self, text: str | bytes) -> None:
        """Types something, reading meanwhile so that neither side can block the other."""
        data = memoryview(text.encode() if isinstance(text, str) else text)
        while data:
            readable, writable, _ = select.select([self._fd], [self._fd], [])
            if readable and not self.read():
                raise AssertionError(f"the program is gone, nothing can be sent\n{self.dump()}")
            if writable:
                try:
                    data = data[os.write(self._fd, data[:4096]) :]
                except BlockingIOError:
                    pass

    def resize(self, rows: int, cols: int) -> None:
        """Changes the size of the window; the kernel sends SIGWINCH."""
        while self.read():
            pass
        self._screen.resize(rows or 24, cols or 80)
        self._child.resize(cols, rows)

    def signal(self, number: int) -> None:
        """Sends a signal to the program alone."""
        os.kill(self.pid, number)

    def hang_up(self) -> None:
        """Closes the host's side of the PTY while the program runs."""
        if not self._closed:
            self._closed = True
            self._child.close()
        self.eof = True

    def wait_exit(self, timeout: float = 30) -> int:
        """Reads on until the program has ended.

        Returns:
            Its exit status, or the negative number of the signal that killed it.

        Raises:
            AssertionError: It still runs; the message holds the screen.
        """
        deadline = time.monotonic() + timeout
        while (ended := self._child.poll()) is None:
            if time.monotonic() > deadline:
                raise AssertionError(f"still running after {timeout} s\n{self.dump()}")
            if not self.read(_SETTLE) and self.eof:
                time.sleep(PACE)
        while self.read():
            pass
        return -ended.signal if ended.signal is not None else ended.status or 0

    def close(self) -> None:
        """Kills what still runs and closes the PTY; may be called again."""
        self._child.kill()
        while self._child.poll() is None:
            time.sleep(PACE)
        self.hang_up()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
