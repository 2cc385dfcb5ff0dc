"""What a terminal would show at the end of a command's output: bars redrawn, rows rewritten. Pure.

Follows carriage returns, backspaces, the erasing of rows and moves between the latest ones; rows
above those are finished. Colours (SGR) stay in the text, other sequences are taken out. Linear in the
input and bounded in memory, which a whole terminal such as pyte is not: its screen is written cell by
cell, and what scrolls out of it is gone.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING

from qwen_dual.protocol.ansi import COLOUR, without_colours

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ROWS = 100
"""How many of the latest rows may still be redrawn."""

WIDTH = 1000
"""Columns of a row that may still be redrawn; what is longer is finished in parts."""

MAX_HELD = 4096
MAX_MARKS = 16
"""Combining characters that one cell takes."""

_CONTROL = re.compile(r"[\r\x08]|\x1b(?!\[[0-9;:]*m)")
_NARROW = re.compile(
    "[\\x00-\\x7f\\xa0-\\u02ff\\u2010-\\u2027\\u2190-\\u21ff\\u2500-\\u25fc\\u2800-\\u28ff]*"
)
"""Characters that take one column each."""

_RETURNS = re.compile(r"\r+\n")
_UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b\n]*\x1b?)?\Z")
_TOKEN = re.compile(
    r"(?P<text>[^\r\x08\x1b]+)|(?P<return>\r+)|(?P<back>\x08+)"
    r"|\x1b\[(?P<parameters>[0-?]*)[ -/]*(?P<final>[@-~])"
    r"|\x1b[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?|\x1b(?P<escape>[ -/]*[0-~])?"
)


class TerminalRows:
    """A stream of output as rows.

    Args:
        finished: takes the text that can no longer change, in order, with its newlines.
    """

    def __init__(self, finished: Callable[[str], object]) -> None:
        self._finished = finished
        self._rows = [_Row()]
        self._at = 0
        self._column = 0
        self._style = ""
        self._held = ""

    def feed(self, text: str) -> None:
        """Takes the next piece, cut anywhere."""
        if self._held or "\r" in text or "\x1b" in text or "\b" in text:
            text = self._whole(self._held + text)
            *whole, last = text.split("\n")
            for line in whole:
                self._line(line, ends=True)
                self._next_row()
            self._line(last, ends=False)
        else:
            self._flood(text)

    def end(self) -> None:
        """Nothing more will come: all that is left is finished."""
        self._held = ""
        self._finish(len(self._rows) - 1)
        self._finished(self._rows[0].render())
        self._rows = [_Row()]
        self._at = self._column = 0

    def latest(self, count: int) -> str:
        """The last rows, without colours."""
        return "\n".join(without_colours(row.render()) for row in self._rows[-count:])

    def _whole(self, text: str) -> str:
        """``text`` up to a sequence, or a line end, that is not all there yet."""
        start = len(text)
        if text.endswith("\r"):
            start = len(text.rstrip("\r"))
        else:
            escape = text.rfind("\x1b", max(0, len(text) - MAX_HELD))
            if escape >= 0 and escape == len(text) - 1:  # perhaps the end of a string
                before = text.rfind("\x1b", max(0, len(text) - MAX_HELD), escape)
                if before >= 0 and _UNFINISHED.match(text, before):
                    escape = before
            if escape >= 0 and _UNFINISHED.match(text, escape):
                start = escape
        self._held = text[start:]
        return _RETURNS.sub("\n", text[:start])

    def _flood(self, text: str) -> None:
        """Takes text without a control character but newlines: cheap, however much there is."""
        if text.count("\n") <= ROWS:
            for number, line in enumerate(text.split("\n")):
                if number:
                    self._next_row()
                self._put(line)
            return
        first, newline, rest = text.partition("\n")
        self._put(first)
        if not self._style and self._at == len(self._rows) - 1:
            bulk, _, rest = rest.rpartition("\n")
            self._finish(len(self._rows) - 1)
            self._finished(self._rows[0].render() + newline + bulk + newline)
            self._rows, self._at, self._column = [_Row()], 0, 0
            self._put(rest)
            return
        for line in rest.split("\n"):
            self._next_row()
            self._put(line)

    def _line(self, line: str, *, ends: bool) -> None:
        if "\x1b" not in line and "\x08" not in line and _NARROW.fullmatch(line):
            self._returns(line)
            return
        row = self._rows[self._at]
        if row.empty and not self._column and len(line) <= WIDTH and not _CONTROL.search(line):
            # Only colours: the text can stay as it is.
            before = f"\x1b[{self._style}m" if self._style else ""
            reset = line.rfind("\x1b[0m")
            if reset >= 0:
                self._style = ""
            for match in COLOUR.finditer(line, max(0, reset)):
                self._style = _styled(self._style, match[1])
            row.text = before + line + ("\x1b[0m" if self._style else "")
            self._column = 0 if ends else row.columns()
            return
        for match in _TOKEN.finditer(line):
            kind = match.lastgroup
            if kind == "text":
                self._put(match[0])
            elif kind == "return":
                self._column = 0
            elif kind == "back":
                self._column = max(0, self._column - len(match[0]))
            elif kind == "final":
                self._sequence(match["parameters"], match["final"])
            elif kind == "escape" and match[0] == "\x1bM":
                self._move(-1)

    def _returns(self, line: str) -> None:
        """Writes a line over itself as often as it begins anew; only what will be seen."""
        first, *more = line.split("\r")
        self._put(first)
        seen: list[str] = []
        longest = 0
        for segment in reversed(more):
            if len(segment) > longest:
                seen.append(segment)
                longest = len(segment)
        for segment in reversed(seen):
            self._column = 0
            self._put(segment)
        if more and not more[-1]:
            self._column = 0

    def _sequence(self, parameters: str, final: str) -> None:
        row = self._rows[self._at]
        if final == "m":
            self._style = _styled(self._style, parameters)
        elif final == "K":
            row.erase(self._column, parameters)
        elif final == "J" and parameters in ("", "0"):
            row.erase(self._column, "0")
            for below in self._rows[self._at + 1 :]:
                below.clear()
        elif final in "AF":
            self._move(-_count(parameters))
        elif final in "BE":
            self._move(_count(parameters))
        elif final in "CDG":
            step = _count(parameters)
            column = {"C": self._column + step, "D": self._column - step, "G": step - 1}[final]
            self._column = min(max(0, column), WIDTH)
        if final in "EF":
            self._column = 0

    def _move(self, rows: int) -> None:
        self._at = min(max(0, self._at + rows), len(self._rows) - 1)

    def _next_row(self) -> None:
        self._column = 0
        self._at += 1
        if self._at == len(self._rows):
            self._rows.append(_Row())
            if len(self._rows) > 2 * ROWS:
                self._finish(ROWS)

    def _finish(self, count: int) -> None:
        """The first rows can no longer change."""
        if count:
            self._finished("".join(f"{row.render()}\n" for row in self._rows[:count]))
            del self._rows[:count]
            self._at = max(0, self._at - count)

    def _put(self, text: str) -> None:
        """Writes at the cursor."""
        while text:
            row = self._rows[self._at]
            if self._column >= WIDTH or (row.empty and len(text) > WIDTH):
                self._at = len(self._rows) - 1
                self._finish(self._at)
                whole = _coloured(text[:-WIDTH], self._style)
                self._finished(self._rows[0].render() + whole)
                self._rows[0].clear()
                self._column, text = 0, text[-WIDTH:]
                row = self._rows[0]
            part, text = text[: WIDTH - self._column], text[WIDTH - self._column :]
            self._column = row.write(self._column, part, self._style)


class _Row:
    """One row: text with its colours, or cells once it is written over."""

    __slots__ = ("_cells", "_styles", "text")

    def __init__(self) -> None:
        self.text = ""
        self._cells: list[str] | None = None
        self._styles: list[str] = []

    @property
    def empty(self) -> bool:
        return not self.text and not self._cells

    def columns(self) -> int:
        """How many are written."""
        if self._cells is not None:
            return len(self._cells)
        text = without_colours(self.text)
        return len(text) if text.isascii() else len(self._opened())

    def clear(self) -> None:
        self.text, self._cells, self._styles = "", None, []

    def write(self, column: int, text: str, style: str) -> int:
        """Writes over what is there; gives the column after it."""
        if self._cells is None and not style and column == len(self.text):
            both = self.text + text
            if both.isascii() and "\x1b" not in both:
                self.text = both
                return len(both)
        cells = self._opened()
        if column > len(cells):
            self._styles += [""] * (column - len(cells))
            cells += [" "] * (column - len(cells))
        written: list[str] = list(text) if text.isascii() else _cells_of(text)
        if column < len(cells) and not cells[column]:
            cells[column - 1] = " "  # the first half of a wide one
        end = column + len(written)
        cells[column:end] = written
        self._styles[column:end] = [style] * len(written)
        if end < len(cells) and not cells[end]:
            cells[end] = " "
        return end

    def erase(self, column: int, how: str) -> None:
        """Takes out what is right of the cursor, left of it (``1``), or all (``2``)."""
        if how == "2" or (how in ("", "0") and column == 0):
            self.clear()
        elif how in ("", "0"):
            del self._opened()[column:]
            del self._styles[column:]
        elif how == "1":
            cells = self._opened()
            end = min(column + 1, len(cells))
            cells[:end] = [" "] * end
            self._styles[:end] = [""] * end

    def render(self) -> str:
        if self._cells is None:
            return self.text
        parts = []
        # Another thread may be writing: what is there by now is good enough to be looked at.
        pairs = zip(self._styles, self._cells, strict=False)
        for style, run in groupby(pairs, key=lambda pair: pair[0]):
            parts.append(_coloured("".join(cell for _, cell in run), style))
        return "".join(parts)

    def _opened(self) -> list[str]:
        """The cells, from the text where there are none yet."""
        if self._cells is None:
            text, self.text, self._cells = self.text, "", []
            style = ""
            column = at = 0
            for match in COLOUR.finditer(text):
                column = self.write(column, text[at : match.start()], style)
                style, at = _styled(style, match[1]), match.end()
            self.write(column, text[at:], style)
        return self._cells


def _coloured(text: str, style: str) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if style and text else text


def _cells_of(text: str) -> list[str]:
    """A cell for each column: a wide character has an empty one behind it."""
    cells: list[str] = []
    for char in text:
        if not unicodedata.combining(char) and unicodedata.category(char) not in ("Me", "Cf"):
            cells.append(char)
            if unicodedata.east_asian_width(char) in "WF":
                cells.append("")
        elif cells:
            last = -1 if cells[-1] or len(cells) < 2 else -2
            if len(cells[last]) < MAX_MARKS:
                cells[last] += char
    return cells


def _count(parameters: str) -> int:
    digits = parameters.partition(";")[0]
    return min(int(digits), WIDTH) or 1 if digits.isdecimal() and len(digits) < 9 else 1


_ENDED = {21: (1,), 22: (1, 2), 23: (3,), 24: (4,), 25: (5, 6), 27: (7,), 28: (8,), 29: (9,)}


@lru_cache(maxsize=1024)
def _styled(style: str, parameters: str) -> str:
    """The colours in force after one more sequence; as parameters, each kind at most once."""
    kept: dict[str, str] = {}
    for part in (*_parts(style), *_parts(parameters or "0")):
        code = int(part.partition(":")[0].partition(";")[0] or 0)
        if code == 0:
            kept.clear()
        elif code in _ENDED:
            for ended in _ENDED[code]:
                kept.pop(str(ended), None)
        elif 30 <= code <= 39 or 90 <= code <= 97:
            kept["fore"] = part
        elif 40 <= code <= 49 or 100 <= code <= 107:
            kept["back"] = part
        elif 1 <= code <= 9:
            kept[str(code)] = part
    return ";".join(part for part in kept.values() if part not in ("39", "49"))


def _parts(parameters: str) -> Iterable[str]:
    """The parameters, those of an extended colour together."""
    fields = [field[:40] for field in parameters.split(";")[:32]]
    while fields:
        field = fields.pop(0)
        if field in ("38", "48") and fields[:1] in (["5"], ["2"]):
            count = 2 if fields[0] == "5" else 4
            yield ";".join((field, *fields[:count]))
            del fields[:count]
        elif len(field.partition(":")[0]) < 5:
            yield field
