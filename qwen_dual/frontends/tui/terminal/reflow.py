"""What a change of width does to rows that are already shown. Pure.

Most terminals wrap anew what they show, some cut it off. Where the region begins after a change can
be told only by who knows which, so the terminal is recognised: by the environment, and by what it
says of itself (DA2). In doubt it counts as one that cuts: then an old row of the region may stay,
but no line of the conversation is ever erased.
"""

from __future__ import annotations

import math
from enum import Enum
from typing import TYPE_CHECKING

from prompt_toolkit.utils import get_cwidth

from qwen_dual.protocol.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prompt_toolkit.data_structures import Point
    from prompt_toolkit.layout.screen import Screen

ASK = "\x1b[>c"
"""Asks the terminal which one it is; the answer is for ``by_report``."""

_REPORT = regex("\x1b\\[>(\\d+);(\\d+);(\\d+)c")
_NAMES = ("iTerm.app", "Apple_Terminal", "WezTerm", "ghostty", "kitty")
_VARIABLES = (
    "KITTY_WINDOW_ID",
    "VTE_VERSION",
    "KONSOLE_VERSION",
    "WEZTERM_PANE",
    "ALACRITTY_WINDOW_ID",
    "WT_SESSION",
)
_TERMS = ("xterm-kitty", "alacritty", "foot", "xterm-ghostty", "wezterm")


class Reflow(Enum):
    """How a terminal treats rows that are too long for its new width."""

    CUT = "cut"
    WRAP = "wrap"  # all but the row the cursor is in
    XTERM_JS = "xterm.js"  # the same; rows that it adds below the cursor move the cursor too
    WRAP_ALL = "wrap all"  # tmux
    SCREEN = "screen"  # all; colours do not show on a blank


def can_be_asked(env: Mapping[str, str]) -> bool:
    """Whether ``ASK`` does no harm and its answer is that of the terminal itself.

    Args:
        env: the environment.
    """
    return not env.get("STY") and env.get("TERM", "") not in ("linux", "dumb", "")


def by_environment(env: Mapping[str, str]) -> Reflow:
    """What is likely, until the terminal answers: variables outlive the terminal that set them.

    Args:
        env: the environment.
    """
    term = env.get("TERM", "")
    if term.startswith("screen") and env.get("STY") and not env.get("TMUX"):
        return Reflow.SCREEN
    if not can_be_asked(env) or env.get("XTERM_VERSION"):
        return Reflow.CUT
    if term.startswith(("screen", "tmux")):
        return Reflow.WRAP_ALL if env.get("TMUX") else Reflow.CUT
    if env.get("TERM_PROGRAM") == "vscode":
        return Reflow.XTERM_JS
    named = env.get("TERM_PROGRAM") in _NAMES or term.startswith(_TERMS)
    return Reflow.WRAP if named or any(env.get(name) for name in _VARIABLES) else Reflow.CUT


def is_report(report: str) -> bool:
    """Whether this answers ``ASK``, and so comes from a terminal that knows the prefix ``>``."""
    return _REPORT.fullmatch(report) is not None


def by_report(report: str) -> Reflow | None:
    """What a terminal's answer to ``ASK`` says, None where it is not one that is known.

    Args:
        report: the sequence as it came.
    """
    match = _REPORT.fullmatch(report)
    if match is None:
        return None
    kind, version, _ = map(int, match.groups())
    if kind == 84:  # tmux
        return Reflow.WRAP_ALL
    if kind == 83:
        return Reflow.SCREEN
    if kind in (41, 82, 85):  # xterm, rxvt
        return Reflow.CUT
    if (kind, version) == (0, 276):
        return Reflow.XTERM_JS
    if kind == 65:  # VTE
        return Reflow.WRAP
    return None


def rows_above_cursor(
    screen: Screen,
    cursor: Point,
    columns: int,
    reflow: Reflow,
    styled: Callable[[str], bool],
    lower: int = 0,
) -> int:
    """How many rows above the cursor the region begins once the width has changed.

    Args:
        screen: the region as it was drawn last.
        cursor: where it was left, in the region.
        columns: the new width.
        reflow: what the terminal does.
        styled: whether a style shows on a blank.
        lower: by how many rows the window has become lower at the same time.
    """
    if reflow is Reflow.CUT:
        return cursor.y
    rows = sum(rows_wrapped(screen, y, columns, reflow, styled) for y in range(cursor.y))
    if reflow is Reflow.WRAP_ALL:
        rows += min(
            cursor.x // columns, rows_wrapped(screen, cursor.y, columns, reflow, styled) - 1
        )
    elif reflow is Reflow.SCREEN:
        rows += cursor.x // columns
    elif reflow is Reflow.XTERM_JS:
        # It drops rows below the cursor first, maybe the region's.
        below = range(cursor.y + 1, screen.height - lower)
        rows += sum(rows_wrapped(screen, y, columns, reflow, styled) - 1 for y in below)
    return rows


def rows_moved_out(
    screen: Screen, cursor: Point, columns: int, reflow: Reflow, styled: Callable[[str], bool]
) -> int:
    """How many rows leave the top of the window because the region is wrapped anew.

    tmux, screen and xterm.js rather keep the blank rows below it.

    Args:
        screen: the region as it was drawn last.
        cursor: where it was left, in the region.
        columns: the new width.
        reflow: what the terminal does.
        styled: whether a style shows on a blank.
    """
    if reflow in (Reflow.CUT, Reflow.WRAP):
        return 0
    wrapped = [y for y in range(screen.height) if reflow is not Reflow.XTERM_JS or y != cursor.y]
    return sum(rows_wrapped(screen, y, columns, reflow, styled) - 1 for y in wrapped)


def rows_blank_above(screen: Screen) -> int:
    """How many blank rows the region begins with: nothing is lost where they leave the window.

    Args:
        screen: the region as it was drawn last.
    """
    for y in range(screen.height):
        if any(cell.char != " " for cell in screen.data_buffer[y].values()):
            return y
    return 0


def rows_wrapped(
    screen: Screen, y: int, columns: int, reflow: Reflow, styled: Callable[[str], bool]
) -> int:
    """How many rows the row ``y`` is wrapped into.

    Args:
        screen: the region as it was drawn.
        columns: the new width.
        reflow: what the terminal does.
        styled: whether a style shows on a blank.
    """
    row = screen.data_buffer[y]
    used = [x for x, cell in row.items() if cell.char != " " or styled(cell.style)]
    last = max(used, default=-1)
    if reflow is Reflow.SCREEN:  # it splits wide characters, too
        end = last + max(1, get_cwidth(row[last].char)) if used else 1
        return math.ceil(end / columns)
    rows, column, x = 1, 0, 0
    while x <= last:
        width = max(1, get_cwidth(row[x].char))
        if column + width > columns and column:
            rows, column = rows + 1, 0
        column += width
        x += width
    return rows
