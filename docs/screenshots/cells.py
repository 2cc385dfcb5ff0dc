"""What a terminal shows of the bytes that a program wrote: cells with colours and attributes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyte


@dataclass(frozen=True, slots=True)
class Cell:
    """One character.

    Attributes:
        fg: ``default``, the name of a palette colour, or six hexadecimal digits.
        bg: the same for what lies behind it.
    """

    text: str
    fg: str = "default"
    bg: str = "default"
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False


class _Screen(pyte.Screen):
    """pyte's screen, which does not know "dim": it is kept as "blink", which nothing here uses."""

    def select_graphic_rendition(self, *attributes: int, **more: Any) -> None:
        translated: list[int] = []
        rest = list(attributes)
        while rest:
            code = rest.pop(0)
            if code in (38, 48):
                count = 2 if rest[:1] == [5] else 4
                translated += [code, *rest[:count]]
                del rest[:count]
            else:
                translated += {2: [5], 22: [22, 25]}.get(code, [code])
        super().select_graphic_rendition(*translated, **more)


def rows_of(raw: bytes, rows: int, cols: int) -> list[list[Cell]]:
    """The window after ``raw``, without the blank rows at its end."""
    screen = _Screen(cols, rows)
    pyte.ByteStream(screen).feed(raw)
    shown = [[_cell(screen.buffer[y][x]) for x in range(cols)] for y in range(rows)]
    while shown and not any(cell.text.strip() for cell in shown[-1]):
        shown.pop()
    if not screen.cursor.hidden and screen.cursor.y < len(shown):
        row, x = shown[screen.cursor.y], screen.cursor.x
        if x < cols:
            row[x] = Cell(row[x].text, fg="cursor-text", bg="cursor")
    return shown


def _cell(char: Any) -> Cell:
    fg, bg = (char.bg, char.fg) if char.reverse else (char.fg, char.bg)
    return Cell(
        char.data,
        fg="background" if char.reverse and fg == "default" else fg,
        bg="foreground" if char.reverse and bg == "default" else bg,
        bold=char.bold,
        dim=char.blink,
        italic=char.italics,
        underline=char.underscore,
    )
