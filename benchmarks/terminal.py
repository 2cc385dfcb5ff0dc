"""The host's side of the PTY: drains it in a thread, answers what programs ask a terminal.

No screen is emulated: to see a key accepted, a letter that no program paints by itself is looked
for in the raw output, typed only once the program has switched the kernel's own echo off.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import termios
import threading
import time
from typing import TYPE_CHECKING

from qwen_dual.host.pty import Child

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

LETTER = "ž"
ROWS, COLUMNS = 24, 80
_RETYPE = 0.01  # a key typed into a terminal that is just being set up may be flushed
_QUERIES: tuple[tuple[re.Pattern[bytes], bytes], ...] = (
    (re.compile(rb"\x1b\[0?c"), b"\x1b[?62;22c"),  # primary device attributes
    (re.compile(rb"\x1b\[>0?c"), b"\x1b[>41;390;0c"),  # secondary
    (re.compile(rb"\x1b\[6n"), b"\x1b[1;1R"),  # cursor position
    (re.compile(rb"\x1b\[5n"), b"\x1b[0n"),  # status
    (re.compile(rb"\x1b\[\?u"), b"\x1b[?0u"),  # kitty keyboard flags: none set
    (re.compile(rb"\x1b\[>0?q"), b"\x1bP>|bench\x1b\\"),  # version
    (re.compile(rb"\x1b\]10;\?(?:\x07|\x1b\\)"), b"\x1b]10;rgb:dddd/dddd/dddd\x1b\\"),
    (re.compile(rb"\x1b\]11;\?(?:\x07|\x1b\\)"), b"\x1b]11;rgb:0000/0000/0000\x1b\\"),
)
_LONGEST_QUERY = 8


def replies(data: bytes) -> tuple[bytes, bytes]:
    """What a terminal sends back for the queries in ``data``, in the order of the questions.

    Returns:
        The answers, and the end of ``data`` that may be the beginning of one more query.
    """
    found = sorted(
        (match.start(), match.end(), reply)
        for query, reply in _QUERIES
        for match in query.finditer(data)
    )
    rest = data[max(found[-1][1] if found else 0, len(data) - _LONGEST_QUERY) :]
    start = rest.find(b"\x1b")
    return b"".join(reply for _, _, reply in found), rest[start:] if start >= 0 else b""


class Terminal:
    """A program as the leader of a session on a PTY of 24 rows and 80 columns.

    Attributes:
        pid: of the program.
        spawned: the monotonic clock just before it was started, in ns.
        bytes_read: how much it has painted so far.
    """

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], cwd: Path) -> None:
        self._letter = LETTER.encode()
        self._last = b""
        self._tail = b""
        self._echoed = threading.Event()
        self._echoed_at = 0
        self.bytes_read = 0
        self.spawned = time.monotonic_ns()
        self._child = Child(argv, env=env, cwd=os.fspath(cwd), columns=COLUMNS, rows=ROWS)
        self.pid = self._child.pid
        self._fd = self._child.fd
        os.set_blocking(self._fd, True)  # a thread reads it
        self._thread = threading.Thread(target=self._drain, name="pty", daemon=True)
        self._thread.start()

    def accept_key(self, timeout: float = 60) -> int:
        """Types a letter until it is painted, then takes it out again.

        Returns:
            The monotonic clock when the letter came back, in ns.

        Raises:
            TimeoutError: it did not come back; the message holds the last output.
        """
        deadline = time.monotonic() + timeout
        typed = 0
        while not self._echoed.is_set():
            if time.monotonic() > deadline:
                raise TimeoutError(f"no key accepted in {timeout} s; last output {self._last!r}")
            if not self._thread.is_alive():
                raise TimeoutError(f"it ended before it took a key; last output {self._last!r}")
            if self._is_raw():
                os.write(self._fd, self._letter)
                typed += 1
                self._echoed.wait(_RETYPE)
            else:
                time.sleep(0.001)
        os.write(self._fd, b"\x7f" * typed)
        return self._echoed_at

    def end(self, timeout: float = 10) -> bool:
        """Waits for the program to end and kills its session if it does not.

        Returns:
            Whether it ended by itself.
        """
        deadline = time.monotonic() + timeout
        while (alive := self._child.poll() is None) and time.monotonic() < deadline:
            time.sleep(0.02)
        self._child.kill()
        self._thread.join(5)
        while self._child.poll() is None:
            time.sleep(0.02)
        self._child.close()
        return not alive

    def _is_raw(self) -> bool:
        local: int = termios.tcgetattr(self._fd)[3]
        return not local & (termios.ECHO | termios.ICANON)

    def _drain(self) -> None:
        # OSError, which is EIO: the last descriptor of the program's side was closed.
        with contextlib.suppress(OSError):
            while data := os.read(self._fd, 65536):
                now = time.monotonic_ns()
                self.bytes_read += len(data)
                if not self._echoed.is_set() and self._letter in data:
                    self._echoed_at = now
                    self._echoed.set()
                self._last = data[-400:]
                answer, self._tail = replies(self._tail + data)
                if answer and select.select([], [self._fd], [], 1)[1]:
                    os.write(self._fd, answer)
