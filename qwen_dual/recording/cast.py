"""Writes a terminal's session as asciicast v3: a header, then ``[seconds since the last, code, data]``.

Each event is a line that is written at once and whole, so that what was recorded can be played however
the recorder ends. The format is asciinema's, version 3 of its file format.
"""

from __future__ import annotations

import codecs
import os
from typing import TYPE_CHECKING, Any

from qwen_dual.protocol.codec import encode

if TYPE_CHECKING:
    from collections.abc import Mapping

_MICROSECONDS = 1_000_000


class CastWriter:
    """One recording.

    Args:
        fd: an empty file, open for appending; the writer closes it.
        columns: the width of the terminal.
        rows: its height.
        started: when it began, in seconds since 1970.
        about: further keys of the header.

    Attributes:
        written: bytes so far.
    """

    def __init__(
        self,
        fd: int,
        columns: int,
        rows: int,
        *,
        started: float,
        term: str = "",
        about: Mapping[str, Any] | None = None,
    ) -> None:
        self.written = 0
        self._fd = fd
        # Differences of rounded times, not rounded differences: those would drift apart from the index.
        self._last = 0
        self._text = codecs.getincrementaldecoder("utf-8")("replace")
        terminal = {"cols": columns, "rows": rows} | ({"type": term} if term else {})
        self._write({"version": 3, "term": terminal, "timestamp": int(started), **(about or {})})

    def output(self, seconds: float, data: bytes) -> None:
        """What the terminal was told at ``seconds`` since the start; cut anywhere.

        A character that was cut waits for its rest, as a line of JSON holds whole ones.
        """
        if text := self._text.decode(data):
            self._event(seconds, "o", text)

    def marker(self, seconds: float, label: str) -> None:
        """A place to jump to."""
        self._event(seconds, "m", label)

    def resize(self, seconds: float, columns: int, rows: int) -> None:
        """The terminal has another size from now on."""
        self._event(seconds, "r", f"{columns}x{rows}")

    def exit(self, seconds: float, status: int) -> None:
        """The program has ended."""
        if rest := self._text.decode(b"", final=True):
            self._event(seconds, "o", rest)
        self._event(seconds, "x", str(status))

    def close(self) -> None:
        """Closes the file; idempotent."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _event(self, seconds: float, code: str, data: str) -> None:
        now = max(round(seconds * _MICROSECONDS), self._last)
        passed, self._last = (now - self._last) / _MICROSECONDS, now
        self._write([passed, code, data])

    def _write(self, value: Any) -> None:
        if self._fd < 0:
            return
        line = encode(value)
        write_whole(self._fd, line)
        self.written += len(line)


def write_whole(fd: int, data: bytes) -> None:
    """Writes all of ``data`` to a regular file, or nothing of its last, torn line.

    Raises:
        OSError: the disk is full, or fails.
    """
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(fd, rest) :]
        except OSError:
            kept = len(data) - len(rest)
            if torn := kept - (data.rfind(b"\n", 0, kept) + 1):
                os.ftruncate(fd, os.fstat(fd).st_size - torn)
            raise
