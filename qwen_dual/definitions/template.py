"""The text of a command with places to fill in: what is typed behind its name, commands, files.

Taken apart before anything is put in, so that nothing that is put in is taken apart: an argument, an
output or a file with ``!{rm}`` in it is just that text.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from qwen_dual.definitions.errors import DefinitionError
from qwen_dual.definitions.shell_places import fill_command

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_PIECES = 200
"""Places of commands and files in one text."""

_OPENING = re.compile(r"[!@]\{")
_OPENING_TOO = re.compile(r"[!@]\{|(?:(?<=\s)|^)!`", re.MULTILINE)
_ALL = re.compile(r"\{\{\s*args\s*\}\}|\$ARGUMENTS\b")
_NUMBERED = re.compile(r"\$([1-9])(?!\d)")


class Piece(Struct, frozen=True):
    """One part of a text.

    Attributes:
        kind: ``text`` as it is, the output of a ``command``, or the content of a ``file``.
        text: it; the command line, or the path.
        written: how it stands in the template.
    """

    kind: Literal["text", "command", "file"]
    text: str
    written: str = ""


class Template(Struct, frozen=True):
    """A text with places.

    Attributes:
        pieces: in order.
        takes_all: whether it says where what is typed goes; else that goes to the end.
        takes_numbered: whether ``$1`` and so on stand for words of it.
    """

    pieces: tuple[Piece, ...]
    takes_all: bool = False
    takes_numbered: bool = False

    def filled(self, arguments: str) -> Sequence[Piece]:
        """The pieces with what was typed put in; in a command line such that it is one word.

        Raises:
            ValueError: it stands in a command line where no text is only a text.
        """
        words = _words(arguments) if self.takes_numbered else None
        return [
            Piece(
                piece.kind,
                fill_command(piece.text, arguments, words)
                if piece.kind == "command"
                else _fill(piece.text, arguments, words),
                piece.written,
            )
            for piece in self.pieces
        ]


def parse_template(text: str, path: str, line: int, *, backquotes: bool) -> Template:
    """Takes ``text`` apart.

    Args:
        text: of a command.
        path: its file, for errors.
        line: the line of that at which ``text`` begins.
        backquotes: whether ``!`command` `` is a command, as Claude Code has it.

    Raises:
        DefinitionError: a place is not closed, or empty, or there are too many.
    """
    pieces: list[Piece] = []
    opening, start = _OPENING_TOO if backquotes else _OPENING, 0
    while (found := opening.search(text, start)) is not None:
        at = line + text.count("\n", 0, found.start())
        end = _end(text, found.end(), found[0][1])
        if end < 0:
            raise DefinitionError(path, at, f"“{found[0]}” is not closed")
        inner = text[found.end() : end].strip()
        if not inner:
            raise DefinitionError(path, at, f"“{found[0]}” has nothing in it")
        if len(pieces) >= 2 * MAX_PIECES:
            raise DefinitionError(path, at, f"more than {MAX_PIECES} commands and files")
        kind: Literal["command", "file"] = "command" if found[0][0] == "!" else "file"
        pieces += [
            Piece("text", text[start : found.start()]),
            Piece(kind, inner, text[found.start() : end + 1]),
        ]
        start = end + 1
    pieces.append(Piece("text", text[start:]))
    takes_all = any(_ALL.search(piece.text) for piece in pieces)
    braces = any("{{" in piece.text and _ALL.search(piece.text) for piece in pieces)
    numbered = not braces and any(
        piece.kind != "command" and _NUMBERED.search(piece.text) for piece in pieces
    )
    return Template(tuple(piece for piece in pieces if piece.text), takes_all or numbered, numbered)


def _end(text: str, start: int, opened: str) -> int:
    """Where what was opened at ``start`` is closed; -1 where it is not."""
    if opened == "`":
        end = text.find("`", start)
        return end if end >= 0 and "\n" not in text[start:end] else -1
    depth = 1
    for found in re.finditer(r"[{}]", text[start:]):
        depth += 1 if found[0] == "{" else -1
        if depth == 0:
            return start + found.start()
    return -1


def _fill(text: str, arguments: str, words: Sequence[str] | None) -> str:
    def one(found: re.Match[str]) -> str:
        number = int(found[1]) - 1
        assert words is not None
        return words[number] if number < len(words) else ""

    # In one pass over each: what is put in is not looked at again.
    if words is None:
        return _ALL.sub(lambda _: arguments, text)
    parts = _ALL.split(text)
    return arguments.join(_NUMBERED.sub(one, part) for part in parts)


def _words(arguments: str) -> list[str]:
    try:
        return shlex.split(arguments)
    except ValueError:  # a quote that is not closed is one that was meant
        return arguments.split()
