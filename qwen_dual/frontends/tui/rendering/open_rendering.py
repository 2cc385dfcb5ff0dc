"""The block that is being written, as it will stand once it is finished.

A list, a table or code is rendered while it grows, as often as its cost allows: a frame must stay
cheap however large the block has become. What was just begun at its end and could still become
anything (a dash, a fence, half of a table's rule) is left out until more of it is there.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from qwen_dual.frontends.tui.rendering.transcript import LONG_TABLE, LONG_TEXT
from qwen_dual.frontends.tui.text.links import ESCAPE
from qwen_dual.frontends.tui.text.stream import MAX_CHARS
from qwen_dual.protocol.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.frontends.tui.text.lines import Line

SHARE = 6
"""One part of the time in so many may go into rendering what is still being written."""

_RULE = regex(r":?-+:?")  # of a column
# A number that is repeated counts from the first item.
_ITEM = regex(r"[-*+] |(?!1[.)])\d+[.)] ")
_FENCE = regex(r"\s*(?:`{3,}|~{3,})")
_BEGUN = regex(r"[-*+=_~`#>|: ]*|\d+[.)]?")


class OpenRendering:
    """Renders one open block at a time.

    Args:
        render: gives the lines of some Markdown at a width.
        look: on what else they depend; with another one all is rendered anew.
        now: a monotonic clock in seconds.

    Attributes:
        stale: what was given last is older than the text; more is to come at the next drawing.
    """

    def __init__(
        self,
        render: Callable[[str, int], list[Line]],
        look: Callable[[], object] = lambda: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.stale = False
        self._render = render
        self._look_now = look
        self._look = look()
        self._now = now
        self._text = ""
        self._width = 0
        self._lines: list[Line] = []
        self._due = 0.0
        self._fitting = self._seen = 0
        self._place: object = None

    def lines(self, text: str, width: int, room: int) -> list[Line] | None:
        """The last ``room`` lines of ``text``; None where it is too long to be rendered again and again."""
        if not _FENCE.match(text):
            text = _without_begun(text)
        text = _end(text, max(1, room))
        if len(text) > LONG_TEXT or text.count("|") > LONG_TABLE:
            self.stale = False
            return None
        made, wanted = (self._text, self._width, self._look), (text, width, self._look_now())
        grown = made[1:] == wanted[1:] and bool(self._text) and text.startswith(self._text)
        self.stale = grown and made != wanted and self._now() < self._due
        if not self.stale and made != wanted:
            began = self._now()
            self._lines = [_without_links(line) for line in self._render(text, width)]
            self._text, self._width, self._look = wanted
            self._due = self._now() + (SHARE - 1) * (self._now() - began)
        return self._lines[-room:] if room > 0 else []

    def steady(self, fitting: int, text: str, place: object) -> int:
        """How many rows of an open end are shown: never again more than fitted once.

        Else the prompt below would move up and down with each row that is longer than another.

        Args:
            fitting: for so many there is room now.
            text: the open end.
            place: another one has room of its own.
        """
        begun = len(text) < min(self._seen, MAX_CHARS)
        if begun or place != self._place or not self._fitting:
            self._fitting = fitting
        self._fitting = min(self._fitting, fitting)
        self._seen, self._place = len(text), place
        return self._fitting


def _without_links(line: Line) -> Line:
    """``line`` without the sequences of its links.

    Of a row that changes only some cells are written, so the one that ends a link might not be.
    """
    return [fragment for fragment in line if fragment[0] != ESCAPE]


def _without_begun(text: str) -> str:
    """``text`` without a last line that says nothing yet, such as the mark of an item."""
    before, _, last = text.rpartition("\n")
    return before if last and _BEGUN.fullmatch(last.strip(" \t")) else text


def _end(text: str, room: int) -> str:
    """As much of the end of a block as can be in sight, in a form that reads as the whole does.

    Code keeps its fence, a table its head; a list begins with an item.
    """
    lines = text.split("\n")
    if len(lines) <= 2 * room:
        return text
    if _FENCE.match(text):
        # Some more of it: what a row is may have been said above.
        return "\n".join([lines[0], *lines[1:][-2 * room :]])
    if _is_rule(lines[1]):
        return "\n".join([*lines[:2], *lines[2:][-room:]])
    items = (at for at in range(len(lines) - room, 0, -1) if _ITEM.match(lines[at]))
    return "\n".join(lines[next(items, 0) :])


def _is_rule(line: str) -> bool:
    """Whether it stands below the head of a table."""
    cells = line.strip().removeprefix("|").removesuffix("|").split("|")
    return all(_RULE.fullmatch(cell.strip()) for cell in cells)
