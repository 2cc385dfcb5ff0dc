"""A command's output with the colours that it set, as lines of styled text. Pure.

The sixteen colours are the terminal's own; what would hide text, or make it blink, is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.frontends.tui.text.lines import TAB, fit, width_of
from qwen_dual.protocol.ansi import COLOUR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwen_dual.frontends.tui.text.lines import Line

_NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "gray")
_BRIGHT = (
    *("brightblack", "brightred", "brightgreen", "brightyellow"),
    *("brightblue", "brightmagenta", "brightcyan", "white"),
)
_FLAGS = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse", 9: "strike"}
_ENDED = {21: (1,), 22: (1, 2), 23: (3,), 24: (4,), 27: (7,), 29: (9,), 39: (30,), 49: (40,)}
_STEPS = (0, 95, 135, 175, 215, 255)


def coloured_rows(text: str, width: int, style: str) -> list[Line]:
    """One line of output in rows of at most ``width`` columns; ``style`` where it sets none."""
    rows: list[Line] = [[]]
    room = width = max(1, width)
    for own, run in _runs(text):
        while run:
            end = fit(run, room)
            if end == 0 and room == width:
                end = 1  # a wide character alone may not fit
            if end:
                rows[-1].append((own or style, run[:end]))
                room -= width_of(run[:end])
                run = run[end:]
            if run:
                rows.append([])
                room = width
    return rows


def _runs(text: str) -> Iterator[tuple[str, str]]:
    """The pieces of one style; tabs become blanks, counted over all of them."""
    state: dict[int, str] = {}
    column = 0
    for index, part in enumerate(COLOUR.split(text)):
        if index % 2:
            _set(state, part)
            continue
        expanded = (" " * (column % TAB) + part).expandtabs(TAB)[column % TAB :]
        column += len(expanded)
        if expanded:
            yield " ".join(state.values()), expanded


def _set(state: dict[int, str], parameters: str) -> None:
    """Takes one sequence: 30 holds the text's colour, 40 the one behind it."""
    codes = [int(code) if code.isdecimal() and len(code) < 5 else 0 for code in _fields(parameters)]
    while codes:
        code = codes.pop(0)
        if code == 0:
            state.clear()
        elif code in _FLAGS:
            state[code] = _FLAGS[code]
        elif code in _ENDED:
            for ended in _ENDED[code]:
                state.pop(ended, None)
        elif code in (38, 48):
            colour = _extended(codes)
            if colour:
                state[code - 8] = f"{'fg' if code == 38 else 'bg'}:{colour}"
        elif 30 <= code <= 37 or 90 <= code <= 97:
            state[30] = f"fg:ansi{_NAMES[code - 30] if code < 40 else _BRIGHT[code - 90]}"
        elif 40 <= code <= 47 or 100 <= code <= 107:
            state[40] = f"bg:ansi{_NAMES[code - 40] if code < 50 else _BRIGHT[code - 100]}"


def _fields(parameters: str) -> list[str]:
    # 38:2::R:G:B names a colour space, which is left out.
    return parameters.replace("::", ":").replace(":", ";").split(";")


def _extended(codes: list[int]) -> str:
    """The colour after 38 or 48, taken from ``codes``; empty where it is none."""
    kind = codes.pop(0) if codes else 0
    if kind == 2:
        red, green, blue = (min(code, 255) for code in [*codes[:3], 0, 0, 0][:3])
        del codes[:3]
        return f"#{red:02x}{green:02x}{blue:02x}"
    if kind != 5 or not codes:
        return ""
    number = min(codes.pop(0), 255)
    if number < 16:
        return f"ansi{(*_NAMES, *_BRIGHT)[number]}"
    if number >= 232:
        return f"#{8 + 10 * (number - 232):02x}" + f"{8 + 10 * (number - 232):02x}" * 2
    number -= 16
    cube = (number // 36, number // 6 % 6, number % 6)
    return "#" + "".join(f"{_STEPS[step]:02x}" for step in cube)
