"""Stopping and going on, as a shell with job control wants it.

Owns SIGTSTP and SIGCONT while the front end has the terminal. What is drawn is the scrollback's
affair, what the modes are the input's.
"""

from __future__ import annotations

import asyncio
import os
import signal
import termios
import tty
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from qwen_dual.frontends.tui.terminal.keyinput import TerminalInput, in_foreground, is_raw
from qwen_dual.runtime.process import is_ignored, on_signal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qwen_dual.frontends.tui.rendering.scrollback import Scrollback


class Suspension:
    """Gives the terminal to the shell while the process is stopped, and takes it back.

    Args:
        keys: the terminal's input.
        scrollback: what is drawn.
        lent: tells that another program, such as an editor, has the terminal; it copes by itself.
    """

    def __init__(
        self, keys: TerminalInput, scrollback: Scrollback, lent: Callable[[], bool]
    ) -> None:
        self._keys = keys
        self._scrollback = scrollback
        self._lent = lent
        self._stop_no_more: Callable[[], None] = lambda: None

    @contextmanager
    def handled(self) -> Iterator[None]:
        """Handles both signals within. On the running loop's thread.

        A SIGTSTP that the parent ignores, as a host without job control may, stays ignored.
        """
        with ExitStack() as stack:
            if not is_ignored(signal.SIGTSTP):
                self._stop_later()
                stack.callback(lambda: self._stop_no_more())
            go_on = on_signal(asyncio.get_running_loop(), signal.SIGCONT, self._continued)
            stack.callback(go_on)
            yield

    def _stop_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._stop_no_more = on_signal(loop, signal.SIGTSTP, self._stop, os.getpid())

    def suspend(self) -> None:
        """Ctrl+Z: stops the whole process group, as the terminal would; nothing without a shell."""
        if not is_ignored(signal.SIGTSTP):
            self._stop(0)

    def _stop(self, target: int) -> None:
        """Stops ``target`` (0: the group); returns once it goes on."""
        lent = self._lent()
        fd = self._keys.fileno()
        before = None
        if not lent:
            self._scrollback.leave()
            before = _make_cooked(fd)
        self._stop_no_more()
        try:
            # In an orphaned group (a host's PTY, nobody to continue it) the kernel drops this.
            os.kill(target, signal.SIGTSTP)
        finally:
            self._stop_later()
        if before is not None:
            # In the background this stops the process once more, until the shell says `fg`.
            with suppress(termios.error):
                termios.tcsetattr(fd, termios.TCSANOW, before)
        if not lent:
            self._scrollback.come_back()

    def _continued(self) -> None:
        """After SIGSTOP, of which nothing is told before."""
        fd = self._keys.fileno()
        if self._lent() or not in_foreground(fd):
            return
        if is_raw(fd):
            self._scrollback.redraw(whole=True)
            return
        self._keys.keep_raw()
        self._scrollback.come_back()


def _make_cooked(fd: int) -> list[int | list[bytes | int]] | None:
    """Sets the modes that a shell expects; returns those there were."""
    try:
        before = termios.tcgetattr(fd)
        modes = termios.tcgetattr(fd)
        modes[tty.LFLAG] |= termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG
        modes[tty.IFLAG] |= termios.ICRNL | termios.IXON
        termios.tcsetattr(fd, termios.TCSANOW, modes)
    except termios.error:
        return None
    return before
