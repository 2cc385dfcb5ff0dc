"""What `?` and Ctrl+T show: every key that does something, every tool. Pure."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from qwen_dual.frontends.tui.text import theme
from qwen_dual.frontends.tui.text.lines import Line, clip, clip_line, first_that_fits, width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

SHORTCUTS: tuple[tuple[str, str], ...] = (
    ("enter", "send, or steer"),
    ("/", "commands"),
    ("@", "files"),
    ("!", "shell mode"),
    ("tab", "accept suggestion"),
    ("up, down", "history, queue"),
    ("ctrl+p, n", "the same"),
    ("ctrl+r", "search history"),
    ("shift+tab", "approval mode"),
    ("y s p u n", "answer when asked"),
    ("pgup pgdn", "scroll a request"),
    ("esc", "close, interrupt"),
    ("esc esc", "clear, or go back"),
    ("ctrl+c", "stop, clear, exit"),
    ("ctrl+q", "queue a prompt"),
    ("ctrl+g", "see a proposal"),
    ("alt+m", "raw Markdown"),
    ("ctrl+j, \\ enter", "new line"),
    ("ctrl+x, alt+enter", "external editor"),
    ("ctrl+v", "paste an image"),
    ("ctrl+a, ctrl+e", "line start, end"),
    ("alt+b, alt+f", "word left, right"),
    ("ctrl+u, ctrl+k", "cut to start, end"),
    ("ctrl+w, alt+delete", "cut a word"),
    ("ctrl+d", "exit when empty"),
    ("ctrl+l", "clear the screen"),
    ("ctrl+z", "suspend"),
    ("ctrl+o", "unfold, then all"),
    ("ctrl+t", "what the tools do"),
    ("ctrl+y", "retry what failed"),
    ("alt+y", "put the cut back"),
    ("ctrl+b, ctrl+f", "one left, right"),
    ("ctrl+b", "run in background"),
    ("/vim", "vi keys, and back"),
)
_ENTER_QUEUES = {"enter": "send, or queue", "ctrl+q": "steer the turn"}
"""What keys do besides where ``ui.enterWhileBusy`` is ``queue``."""

_BETWEEN_COLUMNS = 3

NARROWEST = 12
"""Columns for the words beside the keys; with fewer they stand below them."""


def help_lines(width: int, height: int, *, enter_queues: bool = False) -> list[Line]:
    """The shortcuts in one column or two; the first of them where rows are few.

    With ``enter_queues`` Enter and the key for the other way have changed places.
    """
    said = _ENTER_QUEUES if enter_queues else {}
    shortcuts = [(keys, said.get(keys, what)) for keys, what in SHORTCUTS]
    half = (len(shortcuts) + 1) // 2
    left, right = _column(shortcuts[:half]), _column(shortcuts[half:])
    across = width_of(left[0][0] + left[0][1]) + _BETWEEN_COLUMNS
    lines: list[Line]
    if 2 + across + width_of(right[0][0] + right[0][1]) <= width:
        pad = ("", " " * _BETWEEN_COLUMNS)
        lines = [
            [*_styled(*first), pad, *_styled(*second)]
            for first, second in zip_longest(left, right, fillvalue=("", ""))
        ]
    else:
        short = [(_first_key(keys), what) for keys, what in shortcuts]
        column = width_of(_column(short)[0][0])
        if width - 2 - column >= NARROWEST:
            room = width - 2 - column
            lines = [_styled(keys, clip(what.rstrip(), room)) for keys, what in _column(short)]
        else:
            lines = [row for keys, what in short for row in _stacked(keys, what, width - 2)]
    if len(lines) > height > 1:
        more = first_that_fits(("… more in a larger window", "… and more"), width - 2)
        lines[height - 1 :] = [[(theme.DIM, more)]]
    return [clip_line([("", "  "), *line], width) for line in lines[: max(0, height)]]


def tool_lines(tools: Sequence[tuple[str, str]], width: int, height: int) -> list[Line]:
    """Each tool and the first line of what it is for; a last line counts what does not fit.

    Args:
        tools: names and descriptions.
    """
    if height <= 0:
        return []
    column = max((width_of(name) for name, _ in tools), default=0) + 2
    lines: list[Line] = []
    for name, description in tools:
        room = width - 2 - column
        line: Line = [("", "  "), (theme.STRONG, name)]
        if room >= 8:
            line.append((theme.DIM, " " * (column - width_of(name))))
            line.append((theme.DIM, clip(description.strip().partition("\n")[0], room)))
        lines.append(clip_line(line, width))
    if len(lines) > height:
        more = len(lines) - height + 1
        lines[height - 1 :] = [[(theme.DIM, clip(f"  … {more} more (/tools)", width))]]
    return lines


def _column(rows: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Keys and words, each padded to the widest."""
    keys_width = max(width_of(keys) for keys, _ in rows) + 2
    what_width = max(width_of(what) for _, what in rows)
    return [(f"{keys:<{keys_width}}", f"{what:<{what_width}}") for keys, what in rows]


def _stacked(keys: str, what: str, room: int) -> list[Line]:
    """Keys and words in one row where they fit, else in two."""
    if width_of(keys) + 2 + width_of(what) <= room:
        return [_styled(f"{keys}  ", what)]
    return [_styled(keys, ""), _styled("", f"  {clip(what, room - 2)}")]


def _first_key(keys: str) -> str:
    return keys if width_of(keys) <= 9 else keys.partition(",")[0]


def _styled(keys: str, what: str) -> Line:
    return [(theme.STRONG, keys), (theme.DIM, what)]
