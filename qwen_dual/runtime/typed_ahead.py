"""What was typed while the terminal was still as a shell leaves it, read as it was typed.

In that mode the terminal keeps Enter as a newline, which the editor takes for Ctrl+J, and the end of file
(Ctrl+D) as a NUL, which is Ctrl+Space. What it holds at the change to raw mode stays so. A program that
read single keys and was killed (``stty cbreak``) leaves the first of the two alone.
"""

from __future__ import annotations

import fcntl
import sys
import termios
from typing import Any

_IFLAG, _LFLAG, _CC = 0, 3, 6


class TypedAhead:
    """The bytes that a terminal held when it was made raw: the first ones that are read from then on."""

    def __init__(self) -> None:
        self._left = 0
        self._typed = bytes(range(256))

    def note(self, fd: int, before: list[Any]) -> None:
        """Counts them, right after the change.

        Args:
            fd: the terminal.
            before: its modes until then, as of ``tcgetattr``.

        """
        typed = bytearray(range(256))
        if before[_IFLAG] & termios.ICRNL:
            typed[ord("\n")] = ord("\r")
        if before[_LFLAG] & termios.ICANON:
            typed[0] = ord(before[_CC][termios.VEOF])
        if typed == bytes(range(256)):
            return
        try:
            held = fcntl.ioctl(fd, termios.FIONREAD, bytes(4))
        except OSError:
            return  # the terminal is gone, and whoever reads it sees that
        self._left = int.from_bytes(held, sys.byteorder)
        self._typed = bytes(typed)

    def restore(self, data: bytes) -> bytes:
        """What was typed, where ``data`` is what was read next."""
        if not self._left:
            return data
        held, self._left = data[: self._left], max(0, self._left - len(data))
        return held.translate(self._typed) + data[len(held) :]


OWN = TypedAhead()
"""Of the terminal that the process was started on."""
