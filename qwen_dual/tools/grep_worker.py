"""The regular-expression search as a program of its own, for machines without ripgrep.

A catastrophic pattern keeps Python's interpreter lock while it runs, and no thread could stop it:
as a process it can be killed, and the session does not even stutter. It runs by its path, with
nothing of ours imported, takes the pattern as its argument and file names below its working folder,
each ended by NUL, on stdin, follows no link on the way to them, and prints ``<file>NUL<line number>:<column>:<line>`` for each line that matches, as ``rg
--null --column`` does: the column counts bytes from 1.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from typing import NoReturn

MAX_FILE_BYTES = 64 << 20
FILE_SECONDS = 2.0
"""Of processor time for one file: the engine backtracks, so that some patterns never end."""

SLOW = 3
"""The exit status when a file took longer."""


_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_NONBLOCK


class TooSlow(Exception):
    """The time for a file is over."""


class Folders:
    """Opens files below the working folder through no link; keeps the folder of the last one open."""

    def __init__(self) -> None:
        self._top = self._last = os.open(".", _FOLDER)
        self._path: bytes = b""

    def open(self, name: bytes) -> int:
        """A descriptor for reading.

        Raises:
            OSError: it is not there, or a link is on the way.
        """
        path, _, name = name.rpartition(b"/")
        if path != self._path:
            self._enter(path)
        return os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW, dir_fd=self._last)

    def _enter(self, path: bytes) -> None:
        self._leave()
        try:
            for step in filter(None, path.split(b"/")):
                inner = os.open(step, _FOLDER, dir_fd=self._last)
                self._leave()
                self._last = inner
        except OSError:
            self._leave()
            raise
        self._path = path

    def _leave(self) -> None:
        if self._last != self._top:
            os.close(self._last)
        self._last, self._path = self._top, b""


def search(pattern: re.Pattern[str], name: bytes, folders: Folders) -> None:
    """Prints the matches in one file; one that cannot be read or is no text has none."""
    try:
        with os.fdopen(folders.open(name), "rb") as file:
            data = file.read(MAX_FILE_BYTES) or b""
    except OSError:
        return
    if b"\0" in data[:8192]:
        return
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    if not lines[-1]:
        lines.pop()  # what follows the last line end is no line
    out = []
    signal.setitimer(signal.ITIMER_VIRTUAL, FILE_SECONDS)
    try:
        for number, line in enumerate(lines, 1):
            match = pattern.search(line.removesuffix("\r"))
            if match is not None:
                column = len(_bytes(line[: match.start()])) + 1
                out.append(b"%s\0%d:%d:%s\n" % (name, number, column, _bytes(line)))
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        sys.stdout.buffer.writelines(out)
        sys.stdout.buffer.flush()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _too_slow(*_: object) -> NoReturn:
    raise TooSlow


def main() -> None:
    """Searches the files named on stdin; exit status 2 for a pattern that is none."""
    try:
        pattern = re.compile(sys.argv[1], re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        print(error)
        sys.exit(2)
    signal.signal(signal.SIGVTALRM, _too_slow)
    status = 0
    folders = Folders()
    for name in sys.stdin.buffer.read().split(b"\0"):
        if name:
            try:
                search(pattern, name, folders)
            except TooSlow:
                status = SLOW
    sys.exit(status)


if __name__ == "__main__":
    main()
