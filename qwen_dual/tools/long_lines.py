"""One matched line as an engine prints it: of a long one, such as a minified file's, what is around
the match, whatever its length. Pure.
"""

from __future__ import annotations

MAX_CHARS = 500
"""Of a line that is shown."""

BEFORE = 100
"""Bytes that are shown before a match in a longer one."""

_MAX_BYTES = 4 * MAX_CHARS
_MAX_HEAD = 16_384  # a path, a number and a column are far shorter


class MatchedLine:
    """``<file>NUL<line number>:<column>:<line>``, taken in pieces; keeps no more than it shows.

    Attributes:
        name: the file; None as long as there is none, so for good in what is no match.
        number: of the line, as it was printed.
    """

    def __init__(self) -> None:
        self.name: bytes | None = None
        self.number = ""
        self._column = 0
        self._start = b""  # of the line; before the file is known, of all
        self._window = bytearray()  # from somewhat before the match on
        self._size = 0

    def add(self, piece: bytes) -> None:
        """Takes the next piece, which holds no line end."""
        if self.name is not None:
            self._add_text(piece)
            return
        taken = self._start + piece
        name, nul, rest = taken.partition(b"\0")
        number, _, rest = rest.partition(b":")
        column, second, text = rest.partition(b":")
        if not nul or not second:
            self._start = taken[:_MAX_HEAD]
            return
        self.name, self._start = name, b""
        self.number = number.decode("ascii", "replace")
        self._column = int(column) - 1 if column.isdigit() else 0
        self._add_text(text)

    def emptied(self) -> MatchedLine:
        """A line at the same place, of which nothing came yet."""
        line = MatchedLine()
        line.name, line.number, line._column = self.name, self.number, self._column
        return line

    def text(self) -> bytes:
        """What came as long as no file was known."""
        return self._start

    def shown(self) -> str:
        """The line without its end, of a long one the match and what is around it."""
        whole = self._start.decode("utf-8", "replace").rstrip("\r")
        if self._size <= len(self._start) and len(whole) <= MAX_CHARS:
            return whole
        first = max(0, self._column - BEFORE)
        # The window may begin and end within a character.
        text = bytes(self._window).decode("utf-8", "ignore")[:MAX_CHARS].rstrip("\r")
        more = first + len(self._window) < self._size or len(self._window) > len(text.encode())
        return f"{'…' if first else ''}{text}{'…' if more else ''}"

    def _add_text(self, piece: bytes) -> None:
        at, self._size = self._size, self._size + len(piece)
        if len(self._start) < _MAX_BYTES:
            self._start += piece[: _MAX_BYTES - len(self._start)]
        first = max(0, self._column - BEFORE)
        wanted = piece[max(0, first - at) : max(0, first + _MAX_BYTES - at)]
        self._window += wanted
