"""The terminal as a device: its modes, its colours, its signals, and the output to it.

Owns saving and restoring the terminal's state, reading what it can show from the environment,
and turning signals into calls. It neither draws nor reads keys.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
import termios
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from prompt_toolkit.output import ColorDepth

from qwen_dual.frontends.tui.terminal.tty_output import (
    KEYS_OFF,
    TerminalOutput,
    TtyWriter,
    open_own_description,
)
from qwen_dual.runtime.process import TerminalFromBackground, is_ignored, on_signal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType
    from typing import Self, TextIO

# End synchronized output, reset the style, wrap lines, end bracketed paste, show the cursor. It
# starts with ESC, so a sequence that was cut off before it is aborted.
RESTORE = b"\x1b[?2026l\x1b[0m\x1b[?7h\x1b[?2004l\x1b[?25h"
# The cursor's shape as the person has set the terminal up (DECSCUSR).
CURSOR = b"\x1b[0 q"
_RESTORE_TIMEOUT = 0.5  # seconds

# All that a handler can still do something about; by itself each would end the process at once.
_ENDING = (
    "SIGTERM",
    "SIGHUP",
    "SIGQUIT",
    "SIGABRT",
    "SIGALRM",
    "SIGVTALRM",
    "SIGPROF",
    "SIGXCPU",
    "SIGPWR",
    "SIGPOLL",
)
ENDING = tuple(signal.Signals[name] for name in _ENDING if name in signal.Signals.__members__)
"""Signals that end the session in order."""

IGNORED = (signal.SIGUSR1, signal.SIGUSR2)
"""Signals that mean nothing here, and would end the process too."""

_256_COLOURS = ("256color", "kitty", "alacritty", "foot", "wezterm", "ghostty", "iterm")


def color_depth(env: Mapping[str, str]) -> ColorDepth:
    """Tells how many colours the terminal shows, from COLORTERM, TERM and NO_COLOR.

    Args:
        env: The environment.
    """
    term = env.get("TERM", "").lower()
    if env.get("NO_COLOR") or term in ("", "dumb", "unknown"):
        return ColorDepth.DEPTH_1_BIT
    if env.get("COLORTERM", "").lower() in ("truecolor", "24bit") or term.endswith("-direct"):
        return ColorDepth.DEPTH_24_BIT
    if any(name in term for name in _256_COLOURS):
        return ColorDepth.DEPTH_8_BIT
    return ColorDepth.DEPTH_4_BIT


def create_output(
    on_gone: Callable[[], None], env: Mapping[str, str], stdout: TextIO | None = None
) -> TerminalOutput:
    """Opens the UI's output.

    Args:
        on_gone: Called once when the terminal is gone (EIO, EPIPE); the session should end.
        env: The session's environment, which says which terminal it is.
        stdout: A stream on the terminal; `sys.stdout` by default.
    """
    stdout = sys.stdout if stdout is None else stdout
    stdout.flush()
    fd = stdout.fileno()
    own = open_own_description(fd)
    writer = TtyWriter(fd if own is None else own, on_gone)
    return TerminalOutput(
        stdout,
        writer,
        size_fd=fd,
        color_depth=color_depth(env),
        term=env.get("TERM", ""),
        own_fd=own,
    )


class TerminalGuard:
    """Puts the terminal back as it was found, whatever happened in between.

    It belongs outside everything that touches the terminal. Restoring never raises and takes half
    a second at most, also when the terminal is gone or its host has stopped reading.

    Args:
        fd: A descriptor of the terminal; one that is no terminal is left alone.

    Attributes:
        keys: It was asked for keys with their modifiers (`KEYS_ON`), which has to be ended too.
        cursor: The cursor's shape was changed.
        further: Gives what else has to be written.
    """

    def __init__(self, fd: int) -> None:
        self.keys = False
        self.cursor = False
        self.further: Callable[[], str] = lambda: ""
        self._fd = fd
        self._modes: list[int | list[bytes | int]] | None = None
        self._own: int | None = None

    def __enter__(self) -> Self:
        try:
            self._modes = termios.tcgetattr(self._fd)
        except termios.error:
            return self
        self._own = open_own_description(self._fd)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.restore()
        if self._own is not None:
            os.close(self._own)
            self._own = None

    def restore(self) -> None:
        """Restores modes, cursor and style now; may be called more than once."""
        if self._modes is None:
            return
        with TerminalFromBackground():
            try:
                # First the modes: they do not depend on whether anybody reads. Not TCSADRAIN, which
                # waits for the reader, and not TCSAFLUSH, which drops what was typed ahead.
                termios.tcsetattr(self._fd, termios.TCSANOW, self._modes)
            except termios.error:
                pass
            finally:
                self._write_restore()

    def _write_restore(self) -> None:
        fd = self._fd if self._own is None else self._own
        deadline = time.monotonic() + _RESTORE_TIMEOUT
        asked = (KEYS_OFF.encode() if self.keys else b"") + (CURSOR if self.cursor else b"")
        left = memoryview(RESTORE + asked + self.further().encode("utf-8", "replace"))
        poll = select.poll()
        poll.register(fd, select.POLLOUT)
        while left and (seconds := deadline - time.monotonic()) > 0:
            if not poll.poll(seconds * 1000):
                return
            try:
                left = left[os.write(fd, left) :]
            except BlockingIOError:
                continue
            except OSError:
                return


@contextmanager
def handle_signals(
    on_terminate: Callable[[int], None], on_interrupt: Callable[[], None]
) -> Iterator[None]:
    """Turns signals into calls on the running event loop, for as long as the context lasts.

    SIGWINCH is left to prompt-toolkit, which must not take SIGINT as well
    (`run_async(handle_sigint=False)`). SIGUSR1 and SIGUSR2 do nothing. Afterwards the handlers are
    as they were.

    Args:
        on_terminate: Called with the number of a signal that ends a program (`ENDING`), at each
            one. A SIGHUP that the parent had ignored (nohup) stays ignored.
        on_interrupt: Called at SIGINT.

    Raises:
        RuntimeError: No loop is running, or not in the main thread.
    """
    loop = asyncio.get_running_loop()
    handlers: dict[int, tuple[Callable[..., None], tuple[int, ...]]] = {
        signal.SIGINT: (on_interrupt, ()),
        # Not SIG_IGN, which the programs that tools run would inherit.
        **{number: (lambda: None, ()) for number in IGNORED},
    }
    for number in ENDING:
        if number != signal.SIGHUP or not is_ignored(number):
            handlers[number] = (on_terminate, (number,))
    with ExitStack() as stack:
        for handled, (callback, arguments) in handlers.items():
            stack.callback(on_signal(loop, handled, callback, *arguments))
        yield
