"""Cells as an SVG picture. Pure: the same cells give the same bytes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from docs.screenshots.cells import Cell

CELL, ROW, SIZE = 8.4, 20, 14
PADDING = 18
DIM = 0.62
"""How much of a dim text's own colour is left; the rest is the background's."""

_FONTS = "ui-monospace,SFMono-Regular,Menlo,Consolas,'Liberation Mono','DejaVu Sans Mono',monospace"


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a terminal; ``colours`` by the names that pyte gives them."""

    name: str
    background: str
    foreground: str
    border: str
    colours: dict[str, str]


_NAMES = ("black", "red", "green", "brown", "blue", "magenta", "cyan", "white")


def _palette(name: str, background: str, foreground: str, border: str, *sixteen: str) -> Palette:
    colours = dict(zip(_NAMES, sixteen[:8], strict=True))
    colours |= {f"bright{each}": sixteen[8 + at] for at, each in enumerate(_NAMES)}
    return Palette(name, background, foreground, border, colours)


PALETTES = (
    _palette(
        *("dark", "16181d", "d5d9e0", "2b2f37"),
        *("2b2f37", "f47067", "6bc46d", "d9a852", "6cb6ff", "c297ff", "56d4dd", "c5cbd5"),
        *("6e7681", "ff938a", "8ddb8c", "eac55f", "96d0ff", "dcbdfb", "76e3ea", "ffffff"),
    ),
    _palette(
        *("light", "ffffff", "24292f", "d8dee4"),
        *("24292f", "b3261e", "14692f", "7d5200", "0b559f", "6f3fc0", "10616b", "6e7781"),
        *("57606a", "cf222e", "1a7f37", "9a6700", "0969da", "8250df", "1b7c83", "8c959f"),
    ),
)


def picture(rows: Sequence[Sequence[Cell]], palette: Palette, *, title: str) -> str:
    """The picture of ``rows`` in the colours of ``palette``."""
    cols = max(map(len, rows), default=0)
    width, height = round(cols * CELL + 2 * PADDING, 1), len(rows) * ROW + 2 * PADDING
    size = f'width="{width}" height="{height}"'
    frame = f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="10"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {size} role="img">',
        f"<title>{escape(title)}</title>",
        f'{frame} fill="#{palette.background}" stroke="#{palette.border}"/>',
        f'<g font-family="{_FONTS}" font-size="{SIZE}" fill="#{palette.foreground}">',
    ]
    for y, row in enumerate(rows):
        top = PADDING + y * ROW
        for x, cells in _runs(row):
            lines += _run(PADDING + x * CELL, top, cells, palette)
    return "\n".join([*lines, "</g>", "</svg>", ""])


def _runs(row: Sequence[Cell]) -> Iterator[tuple[int, list[Cell]]]:
    """Neighbours that look alike. What is not ASCII stands alone, for its font may be another."""
    for _, group in groupby(
        enumerate(row),
        key=lambda item: (
            replace(item[1], text=""),
            -1 if item[1].text.isascii() else item[0],
        ),
    ):
        found = list(group)
        yield found[0][0], [cell for _, cell in found]


def _run(x: float, top: float, cells: list[Cell], palette: Palette) -> Iterator[str]:
    look = cells[0]
    text = "".join(cell.text for cell in cells)
    background = _colour(look.bg, palette, palette.background)
    if background != palette.background:
        yield (
            f'<rect x="{x:.1f}" y="{top}" width="{len(cells) * CELL:.1f}" height="{ROW}" '
            f'fill="#{background}"/>'
        )
    shown = text.rstrip()
    lead = len(shown) - len(shown.lstrip())
    if not shown.strip():
        return
    colour = _colour(look.fg, palette, palette.foreground)
    if look.dim:
        colour = _mixed(colour, background)
    attributes = "" if colour == palette.foreground else f' fill="#{colour}"'
    attributes += ' font-weight="600"' if look.bold else ""
    attributes += ' font-style="italic"' if look.italic else ""
    attributes += ' text-decoration="underline"' if look.underline else ""
    shown = shown[lead:]
    x += lead * CELL
    yield (
        f'<text x="{x:.1f}" y="{top + 14.5}" textLength="{len(shown) * CELL:.1f}" '
        f'lengthAdjust="spacingAndGlyphs" xml:space="preserve"{attributes}>{escape(shown)}</text>'
    )


def _colour(name: str, palette: Palette, default: str) -> str:
    if name == "default":
        return default
    named = {
        "foreground": palette.foreground,
        "background": palette.background,
        "cursor": palette.foreground,
        "cursor-text": palette.background,
    }
    return named.get(name) or palette.colours.get(name) or name


def _mixed(colour: str, background: str) -> str:
    pairs = zip(bytes.fromhex(colour), bytes.fromhex(background), strict=True)
    return bytes(round(DIM * own + (1 - DIM) * behind) for own, behind in pairs).hex()
