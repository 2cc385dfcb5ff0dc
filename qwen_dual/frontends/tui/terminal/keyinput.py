"""Keys from the terminal, as an input of prompt-toolkit.

Owns reading from the terminal's descriptor, the raw mode that this needs, and noticing that the
terminal has gone. What the bytes mean is `keyparser`'s affair.
"""

from __future__ import annotations

import asyncio
import codecs
import os
import select
import sys
import termios
import tty
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from prompt_toolkit.input.posix_utils import PosixStdinReader
from prompt_toolkit.input.vt100 import Vt100Input, raw_mode

from qwen_dual.frontends.tui.terminal.keyparser import KeyParser
from qwen_dual.runtime.typed_ahead import OWN, TypedAhead

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from typing import TextIO

    from prompt_toolkit.input import Input
    from prompt_toolkit.key_binding import KeyPress

    from qwen_dual.frontends.tui.terminal.appearance import Appearance

SILENT = ("", "dumb", "linux", "unknown")
"""Terminals that answer nothing, and of which some print what they are asked or told."""

PASTE_PAUSE = 2.0
"""Seconds without a byte after which a paste is over whose end mark has not come."""

ESCAPE_PAUSE = 0.25
"""Seconds after which an Escape is the key though a reply of the terminal is still waited for."""

_READ_SIZE = 64 * 1024
# What prompt-toolkit's raw mode takes away.
_COOKED_LOCAL = termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG
_COOKED_INPUT = termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR


class _Reader(PosixStdinReader):
    """Reads what is there, and tells a terminal that has gone from one that is silent."""

    def __init__(
        self, fd: int, encoding: str, on_gone: Callable[[], None], ahead: TypedAhead
    ) -> None:
        super().__init__(fd, errors="replace", encoding=encoding)
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._on_gone, self._ahead = on_gone, ahead
        self.watch: Callable[[str], bool] | None = None

    def read(self, count: int = _READ_SIZE) -> str:
        """Returns the text of one read; "" when there is none."""
        if self.closed:
            return ""
        try:
            if not select.select([self.stdin_fd], [], [], 0)[0]:
                return ""
            data = os.read(self.stdin_fd, count)
        except (BlockingIOError, InterruptedError):
            return ""
        except (OSError, ValueError):  # EIO: the other side of the PTY is closed
            data = b""
        if not data:
            self.closed = True
            self._on_gone()
            return ""
        text = self._decoder.decode(self._ahead.restore(data))
        if self.watch is not None and self.watch(text):
            self.watch = None
        return text


class TerminalInput(Vt100Input):
    """prompt-toolkit's VT100 input with this module's parser and reader.

    Args:
        stdin: A stream on the terminal; only its descriptor and encoding are used.
        on_gone: Called once when the terminal is gone. Unless it ends the application itself,
            prompt-toolkit ends it with EOFError then.
        ahead: What was typed before the terminal was raw, where it is so already.

    Attributes:
        on_made_raw: Called when somebody else had changed the terminal's modes and they were
            put right: what was typed meanwhile may have been echoed.
    """

    def __init__(
        self, stdin: TextIO, on_gone: Callable[[], None], ahead: TypedAhead | None = None
    ) -> None:
        super().__init__(stdin)
        self._ahead = ahead or TypedAhead()
        self._reader = _Reader(stdin.fileno(), stdin.encoding or "utf-8", on_gone, self._ahead)
        self.stdin_reader = self._reader
        self._parser = self.vt100_parser = KeyParser(self._buffer_key)
        self.on_made_raw: Callable[[], None] = lambda: None
        self._ready: Callable[[], None] = lambda: None
        self._raw = 0
        self._paste_timer: asyncio.TimerHandle | None = None
        self._escape_timer: asyncio.TimerHandle | None = None

    def listen(self, on_report: Callable[[str], object]) -> None:
        """Says who gets what the terminal tells of itself."""
        self._parser.on_report = on_report

    def collect(self, on_osc: Callable[[str], None] | None) -> None:
        """Says who gets each OSC of the terminal from now on; nobody any more with None."""
        self._parser.on_osc = on_osc

    def expect_reply(self) -> None:
        """Says that the terminal was asked something: its answer may be cut, and is no key."""
        self._parser.expect_reply()

    def attach(self, input_ready_callback: Callable[[], None]) -> AbstractContextManager[None]:
        """Calls back when there is something to read, or when waiting for more is over."""
        self._ready = input_ready_callback
        return super().attach(input_ready_callback)

    def read_keys(self) -> list[KeyPress]:
        """The keys that have come."""
        self._stop_waiting()
        if self.keep_raw():
            self.on_made_raw()
        return super().read_keys()

    def flush_keys(self) -> list[KeyPress]:
        """The keys that were held back, now that nothing has followed for a while."""
        if self._parser.in_paste and self._paste_timer is None:
            loop = asyncio.get_running_loop()
            self._paste_timer = loop.call_later(PASTE_PAUSE, self._end_paste)
        keys = super().flush_keys()
        if self._parser.holds_escape and self._escape_timer is None:
            loop = asyncio.get_running_loop()
            self._escape_timer = loop.call_later(ESCAPE_PAUSE, self._give_escape)
        return keys

    def _stop_waiting(self) -> None:
        """Something has come: what was to happen if nothing did is called off."""
        for timer in (self._escape_timer, self._paste_timer):
            if timer is not None:
                timer.cancel()
        self._escape_timer = self._paste_timer = None

    @contextmanager
    def raw_mode(self) -> Iterator[None]:
        """Has the terminal in raw mode, and keeps it there (`keep_raw`)."""
        with super().raw_mode():
            self._raw += 1
            try:
                yield
            finally:
                self._raw -= 1

    @contextmanager
    def cooked_mode(self) -> Iterator[None]:
        """Has the terminal as a shell would, for another program."""
        raw, self._raw = self._raw, 0
        try:
            with super().cooked_mode():
                yield
        finally:
            self._raw = raw

    def keep_raw(self) -> bool:
        """Sets raw mode again where somebody else has ended it; tells whether it was so."""
        if not self._raw or is_raw(self.fileno()) or not in_foreground(self.fileno()):
            return False
        with suppress(termios.error):  # the terminal is gone
            before = termios.tcgetattr(self.fileno())
            raw_mode(self.fileno()).__enter__()
            self._ahead.note(self.fileno(), before)
        return True

    def _end_paste(self) -> None:
        self._paste_timer = None
        self._parser.end_paste()
        self._ready()

    def _give_escape(self) -> None:
        self._escape_timer = None
        self._parser.flush(sure=True)
        self._ready()

    def watch(self, look: Callable[[str], bool]) -> None:
        """Shows ``look`` what is read, until it returns true; it takes nothing out."""
        self._reader.watch = look

    def _buffer_key(self, key: KeyPress) -> None:
        self._buffer.append(key)


def is_raw(fd: int) -> bool:
    """Whether a terminal gives each key as it comes, and echoes none; also of what is none."""
    try:
        modes = termios.tcgetattr(fd)
    except termios.error:
        return True
    return not (modes[tty.LFLAG] & _COOKED_LOCAL or modes[tty.IFLAG] & _COOKED_INPUT)


def in_foreground(fd: int) -> bool:
    """Whether this process may change the modes of its terminal without being stopped for it."""
    try:
        return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:  # no controlling terminal: nobody else is in the foreground
        return True


def ask_background(
    appearance: Appearance, input: Input, write: Callable[[str], object], env: Mapping[str, str]
) -> None:
    """Asks the terminal for its background, where it is one that knows what is asked.

    Args:
        appearance: gets the answer.
        input: is watched for it.
        write: writes to the terminal.
        env: says which terminal it is.
    """
    if isinstance(input, TerminalInput) and env.get("TERM", "") not in SILENT:
        input.watch(appearance.read)
        input.expect_reply()
        appearance.ask(write)


def create_input(on_gone: Callable[[], None], stdin: TextIO | None = None) -> TerminalInput:
    """Opens the UI's input.

    Args:
        on_gone: Called once when the terminal is gone (end of file, EIO); the session should end.
        stdin: A stream on the terminal; `sys.stdin` by default.
    """
    if stdin is None:
        return TerminalInput(sys.stdin, on_gone, OWN)
    return TerminalInput(stdin, on_gone)
