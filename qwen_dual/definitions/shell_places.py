"""Puts text that somebody typed into a command line of bash, as one word that is nothing but text.

How it must be written depends on the quotes around its place. Where no way of writing makes it plain
text for certain (a here-document, a comment, a nested substitution in backquotes) it is refused.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

_PLACE = re.compile(r"\{\{\s*args\s*\}\}|\$ARGUMENTS\b|\$([1-9])(?!\d)")
_PLAIN_VARIABLE = re.compile(r"\$\{\w+\}")
_IN_DOUBLE = re.compile(r'([\\"$`])')

Quotes = Literal["", "'", '"']

CANNOT = (
    "what is typed cannot stand within {where} of a command line: put it outside, or into a "
    "command of its own"
)


def fill_command(line: str, arguments: str, words: Sequence[str] | None) -> str:
    """``line`` with ``arguments`` in place of ``{{args}}`` and ``$ARGUMENTS``.

    Args:
        line: the command line.
        arguments: what was typed, whole.
        words: the same in words, for ``$1`` to ``$9``; None leaves those to the shell. In single
            quotes they are the shell's, or awk's, in any case.

    Raises:
        ValueError: a place is where no text is only a text.
    """
    if _PLACE.search(line) is None:
        return line
    return _Filling(line, arguments, words).result()


class _Filling:
    """Goes through a command line once, from the left, and knows what quotes it is in."""

    def __init__(self, line: str, arguments: str, words: Sequence[str] | None) -> None:
        self._line = line
        self._all = arguments
        self._words = words
        self._out: list[str] = []
        self._at = 0
        self._quotes: Quotes = ""

    def result(self) -> str:
        """The whole line, filled."""
        while self._at < len(self._line):
            if not self._place():
                self._step(self._line[self._at])
        return "".join(self._out)

    def _step(self, char: str) -> None:
        """Takes one character, or all that begins there and can have no place in it."""
        line, at = self._line, self._at
        if self._quotes == "'":
            self._quotes = "" if char == "'" else "'"
        elif char == "\\":
            self._copy(2)
            return
        elif char == "`":
            self._take_rest("backquotes, or behind them")
            return
        elif (plain := _PLAIN_VARIABLE.match(line, at)) is not None:
            self._copy(len(plain[0]))
            return
        elif line.startswith("${", at):
            self._take_rest("${…}, or behind it")
            return
        elif line.startswith(("$((", "$["), at):
            self._take_rest("arithmetic")
            return
        elif self._quotes == '"':
            if line.startswith("$(", at):  # where it ends, only bash knows: `case x in y) …`
                self._take_rest("quotes with a substitution")
                return
            self._quotes = "" if char == '"' else '"'
        else:
            self._plain(char)
            return
        self._copy(1)

    def _plain(self, char: str) -> None:
        """One character outside of quotes; within ``$(…)`` what holds is the same."""
        line, at = self._line, self._at
        if line.startswith("$'", at):
            self._take_rest("$'…', or behind it")
        elif line.startswith("<<<", at):
            self._copy(3)
        elif line.startswith("<<", at):
            self._take_rest("a here-document")
        elif line.startswith(("((", "[["), at):  # what is in there may be evaluated once more
            self._take_rest("“((” and “[[”")
        elif char == "#" and (at == 0 or line[at - 1] in " \t\n;&|()<>"):
            end = line.find("\n", at)
            self._take_unfilled(len(line) if end < 0 else end, "a comment")
        else:
            self._quotes = cast("Quotes", char) if char in ("'", '"') else ""
            self._copy(1)

    def _place(self) -> bool:
        """Fills the place that is here; False where none is."""
        found = _PLACE.match(self._line, self._at)
        if found is None:
            return False
        if found[1] is None:
            text = self._all
        elif self._words is None or self._quotes == "'":
            return False
        else:
            number = int(found[1]) - 1
            text = self._words[number] if number < len(self._words) else ""
        self._out.append(_written(text, self._quotes))
        self._at = found.end()
        return True

    def _take_rest(self, where: str) -> None:
        self._take_unfilled(len(self._line), where)

    def _take_unfilled(self, stop: int, where: str) -> None:
        for found in _PLACE.finditer(self._line, self._at, stop):
            if found[1] is None or self._words is not None:
                raise ValueError(CANNOT.format(where=where))
        self._copy(stop - self._at)

    def _copy(self, count: int) -> None:
        self._out.append(self._line[self._at : self._at + count])
        self._at += count


def _written(text: str, quotes: Quotes) -> str:
    if quotes == "'":
        return text.replace("'", "'\\''")
    if quotes == '"':
        return _IN_DOUBLE.sub(r"\\\1", text)
    return shlex.quote(text) if text else ""
