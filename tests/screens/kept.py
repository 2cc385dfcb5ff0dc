"""The kept screens: what every moment of the tour looks like at each width, as text to be read.

``make screens`` takes the tour anew and writes them; what has changed is then a diff of text. What is
not the same each time (seconds, the spinner, the version) is written as one that is.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from qwen_dual import __version__
from tests.screens.tour import WIDTHS, Tour, session

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.support.pty import Terminal

FOLDER = Path(__file__).parent / "kept"
_HEAD = "=== "
_SECONDS = re.compile(r"\b(?:\d+ min )?\d+ s\b")
# Beside what has ended they stand only from one second on.
_TOOK = re.compile(r"(exit \d+|no output) · (?:\d+ min )?\d+ s\b")
_SPINNER = re.compile("[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]")
_QUIET = 0.8  # seconds without a change, after which a moment is written


def kept(cols: int) -> dict[str, list[str]]:
    """The rows of each moment at a width, by its name."""
    moments: dict[str, list[str]] = {}
    for line in _file(cols).read_text("utf-8").splitlines():
        if line.startswith(_HEAD):
            rows = moments.setdefault(line.removeprefix(_HEAD), [])
        else:
            rows.append(line)
    return {name: _without_end(rows) for name, rows in moments.items()}


def as_kept(rows: Sequence[str]) -> list[str]:
    """Rows of the screen as they would be kept."""
    return _without_end([_timeless(row) for row in rows])


def renew(cols: int) -> Path:
    """Takes the tour at a width and writes what it shows."""
    text: list[str] = []
    with (
        tempfile.TemporaryDirectory(prefix="screens-") as folder,
        session(Path(folder), cols) as program,
    ):

        def write(name: str, rows: Callable[[], list[str]]) -> None:
            text.append("\n".join([f"{_HEAD}{name}", *_settled(program.terminal, rows), "", ""]))

        Tour(program, write).take()
    path = _file(cols)
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(text), "utf-8")
    return path


def _settled(terminal: Terminal, rows: Callable[[], list[str]]) -> list[str]:
    seen, since = as_kept(rows()), time.monotonic()
    while time.monotonic() - since < _QUIET and not terminal.eof:
        terminal.read(0.05)
        now = as_kept(rows())
        if now != seen:
            seen, since = now, time.monotonic()
    return seen


def _file(cols: int) -> Path:
    return FOLDER / f"{cols}.txt"


def _timeless(row: str) -> str:
    """A row with nothing that the next time, or the next version, has otherwise."""
    row = _SECONDS.sub("0 s", _TOOK.sub(r"\1", row.replace(__version__, "0.0.0")))
    return _SPINNER.sub("⠋", row)


def _without_end(rows: Sequence[str]) -> list[str]:
    rows = list(rows)
    while rows and not rows[-1]:
        rows.pop()
    return rows


if __name__ == "__main__":
    for width in map(int, sys.argv[1:] or WIDTHS):
        print(renew(width))
