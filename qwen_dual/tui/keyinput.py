"""Keys from the terminal, as an input of prompt-toolkit.

Owns reading from the terminal's descriptor and noticing that the terminal has gone. What the bytes
mean is `keyparser`'s affair.
"""

from __future__ import annotations

import codecs
import os
import select
import sys
from typing import TYPE_CHECKING

from prompt_toolkit.input.posix_utils import PosixStdinReader
from prompt_toolkit.input.vt100 import Vt100Input

from qwen_dual.tui.keyparser import KeyParser

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from prompt_toolkit.key_binding import KeyPress

_READ_SIZE = 64 * 1024


class _Reader(PosixStdinReader):
    """Reads what is there, and tells a terminal that has gone from one that is silent."""

    def __init__(self, fd: int, encoding: str, on_gone: Callable[[], None]) -> None:
        super().__init__(fd, errors="replace", encoding=encoding)
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._on_gone = on_gone

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
        return self._decoder.decode(data)


class TerminalInput(Vt100Input):
    """prompt-toolkit's VT100 input with this module's parser and reader.

    Args:
        stdin: A stream on the terminal; only its descriptor and encoding are used.
        on_gone: Called once when the terminal is gone. Unless it ends the application itself,
            prompt-toolkit ends it with EOFError then.
    """

    def __init__(self, stdin: TextIO, on_gone: Callable[[], None]) -> None:
        super().__init__(stdin)
        self.stdin_reader = _Reader(stdin.fileno(), stdin.encoding or "utf-8", on_gone)
        self.vt100_parser = KeyParser(self._buffer_key)

    def _buffer_key(self, key: KeyPress) -> None:
        self._buffer.append(key)


def create_input(on_gone: Callable[[], None], stdin: TextIO | None = None) -> TerminalInput:
    """Opens the UI's input.

    Args:
        on_gone: Called once when the terminal is gone (end of file, EIO); the session should end.
        stdin: A stream on the terminal; `sys.stdin` by default.
    """
    return TerminalInput(sys.stdin if stdin is None else stdin, on_gone)
