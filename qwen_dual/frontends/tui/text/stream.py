"""A streaming answer cut into finished Markdown blocks and an open tail. Pure.

The cost of feeding is that of the new text alone, however long the answer is. A list is given out a
few items at a time, so that it can be read from its beginning while it is written; a block that grows
beyond bounds is given out in parts, so that the tail and the work of rendering stay small. It does
not render.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.protocol.regex import regex

if TYPE_CHECKING:
    import re

MAX_LINES = 120
MAX_CHARS = 6_000

_FENCE = regex(r"(?P<indent>\s*)(?P<mark>`{3,}|~{3,})(?P<info>[^`]*)$")
_FENCE_SIGNS = ("`", "~")
_ITEM = regex(r"(?P<indent> {0,3})(?:(?P<number>\d{1,9})(?P<after>[.)])|(?P<bullet>[-*+]))(?:\s|$)")
_HEADING = regex(r" {0,3}#{1,6}(?:\s|$)")

LIST_LINES = 4
LIST_CHARS = 200
"""Lines or characters of a list from which on it is given out with its next item."""


class Piece(Struct, frozen=True):
    """A finished block of Markdown.

    Attributes:
        joined: it goes on where the piece before it was cut, so no blank line belongs between.
    """

    text: str
    joined: bool = False


class BlockSplitter:
    """Cuts one text at blank lines, headings and fences, never inside fenced code.

    Args:
        max_lines: more lines than this are given out in parts.
        max_chars: the same for characters.
    """

    def __init__(self, max_lines: int = MAX_LINES, max_chars: int = MAX_CHARS) -> None:
        self._max_lines = max_lines
        self._max_chars = max_chars
        self._lines: list[str] = []
        self._size = 0
        self._partial: list[str] = []
        self._partial_size = 0
        self._fence: tuple[str, str] | None = None  # the mark and the line that opened it
        self._is_list = False
        self._item: re.Match[str] | None = None  # the last of the list's own that was looked at
        self._gap = False  # a blank line inside a list: the next line decides whether it ends
        self._joined = False
        self._done: list[Piece] = []

    @property
    def goes_on(self) -> bool:
        """Whether the open text goes on where the last piece was cut."""
        return self._joined

    def feed(self, text: str) -> list[Piece]:
        """Takes the next text and returns what it completed."""
        first, *more = text.split("\n")
        self._add_partial(first)
        if more:
            self._end_line()
            last = more.pop()
            for segment in more:
                if len(segment) > self._max_chars:
                    self._add_partial(segment)
                    self._end_line()
                else:
                    self._line(segment)
            self._add_partial(last)
        return self._pop_done()

    def _end_line(self) -> None:
        line = "".join(self._partial)
        self._partial, self._partial_size = [], 0
        self._line(line)

    def finish(self) -> list[Piece]:
        """The text is over: returns what is left."""
        line = "".join(self._partial)
        self._partial, self._partial_size = [], 0
        if line.strip() or (line and self._fence):
            self._line(line)
        self._complete()
        self._fence = None
        return self._pop_done()

    def tail(self, chars: int) -> str:
        """The open text, at least its last ``chars`` characters where there are as many."""
        parts: list[str] = []
        for part in reversed(self._partial):
            if chars <= 0:
                break
            parts.append(part)
            chars -= len(part)
        text = "".join(reversed(parts))
        lines = [text] if text else []
        for line in reversed(self._lines):
            if chars <= 0:
                break
            lines.append(line)
            chars -= len(line) + 1
        return "\n".join(reversed(lines))

    def _add_partial(self, text: str) -> None:
        if not text:
            return
        self._partial.append(text)
        self._partial_size += len(text)
        if self._partial_size > self._max_chars:
            rest = "".join(self._partial)
            while len(rest) > self._max_chars:
                cut = rest.rfind(" ", self._max_chars // 2, self._max_chars)
                head = rest[:cut] if cut > 0 else rest[: self._max_chars]
                rest = rest[len(head) + (cut > 0) :]
                self._append(head)
                self._part()
            self._partial, self._partial_size = [rest] if rest else [], len(rest)

    def _line(self, line: str) -> None:
        if self._fence is not None:
            self._append(line)
            mark = line.strip()
            if mark.startswith(self._fence[0]) and not mark.strip(mark[0]):
                self._fence = None
                if not self._is_list:
                    self._complete()
        elif not line.strip():
            if self._is_list:
                self._gap = True
            else:
                self._complete()
            return
        else:
            self._text_line(line)
        if self._size > self._max_chars or len(self._lines) > self._max_lines:
            self._part()

    def _text_line(self, line: str) -> None:
        indented = line.startswith(("  ", "\t"))
        if self._gap:
            self._gap = False
            if indented:
                self._append("")
            else:
                self._complete()
        within_list = self._is_list and indented
        # Most lines are words, and megabytes of them come by in a second.
        sign = line.lstrip()[:1]
        fence = _FENCE.match(line) if sign in _FENCE_SIGNS else None
        if fence is not None and not within_list:
            self._complete()
        if fence is not None:
            self._fence = (fence["mark"], line)
            self._append(line)
        elif sign == "#" and _HEADING.match(line) and not within_list:
            self._complete()
            self._append(line)
            self._complete()
        else:
            if not self._lines and not self._joined:
                self._item = _ITEM.match(line)
                self._is_list = self._item is not None
            elif self._is_list and self._fills() and self._is_next_item(line):
                self._part()
            self._append(line)

    def _fills(self) -> bool:
        return len(self._lines) >= LIST_LINES or self._size >= LIST_CHARS

    def _is_next_item(self, line: str) -> bool:
        """Whether an item of the list begins that looks the same where the list begins with it."""
        item, last = _ITEM.match(line), self._item
        if item is None or last is None or item.span("indent") != last.span("indent"):
            return False
        if item["bullet"] != last["bullet"] or item["after"] != last["after"]:
            return False
        self._item = item
        return item["number"] is None or int(item["number"]) > int(last["number"])

    def _append(self, line: str) -> None:
        self._lines.append(line)
        self._size += len(line) + 1

    def _part(self) -> None:
        """Gives out what there is of a block that goes on."""
        lines = list(self._lines)
        if self._fence is not None:
            lines.append(self._fence[0])
        self._done.append(Piece("\n".join(lines), self._joined))
        self._joined = True
        self._lines, self._size = [], 0
        if self._fence is not None:
            self._append(self._fence[1])

    def _complete(self) -> None:
        if self._lines and not self._only_reopened():
            self._done.append(Piece("\n".join(self._lines), self._joined))
        self._lines, self._size = [], 0
        self._is_list = self._gap = self._joined = False

    def _only_reopened(self) -> bool:
        """Whether all there is is the fence that a part left open."""
        return self._joined and all(_FENCE.match(line) for line in self._lines)

    def _pop_done(self) -> list[Piece]:
        done, self._done = self._done, []
        return done
