"""Code to kinds of tokens: which words are keywords, strings, comments. No colours.

Importing this module imports pygments, so only ``rich_markdown`` does, in a thread.
"""

from __future__ import annotations

import time
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from pygments.lexers import find_lexer_class, get_all_lexers, get_lexer_by_name
from pygments.token import Token
from pygments.util import ClassNotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from pygments.lexer import Lexer
    from pygments.token import _TokenType

    Kinds = list[list[tuple[str, str]]]

MAX_CODE = 24_000
MAX_LINE = 1000
"""Characters beyond which code stays plain: some lexers take quadratic time on one line."""

MAX_SECONDS = 0.012
"""Of this thread's time, after which the rest of a text stays plain: a lexer may take long over
nonsense, and keys wait for it."""

_KINDS: dict[_TokenType, str] = {
    Token.Comment: "comment",
    Token.Comment.Preproc: "keyword",
    Token.Keyword: "keyword",
    Token.Keyword.Constant: "number",
    Token.Operator.Word: "keyword",
    Token.Name.Tag: "keyword",
    Token.Name.Function: "name",
    Token.Name.Class: "name",
    Token.Name.Decorator: "name",
    Token.Name.Attribute: "name",
    Token.Literal: "number",
    Token.Literal.String: "string",
    Token.Literal.String.Doc: "comment",
    Token.Generic.Inserted: "inserted",
    Token.Generic.Deleted: "deleted",
    Token.Generic.Subheading: "comment",
    Token.Generic.Prompt: "comment",
}


def _lexer_of_file(name: str) -> Lexer:
    """What ``get_lexer_for_filename`` gives, which compiles a pattern for every ending there is first:
    a key would wait for those 50 ms.

    Raises:
        ClassNotFound: there is none.
    """
    found = []
    for title, _, patterns, _ in get_all_lexers(plugins=False):
        matching = [pattern for pattern in patterns if _matches(name, pattern)]
        lexer = find_lexer_class(title) if matching else None
        if lexer is not None:
            exact = any("*" not in pattern for pattern in matching)
            found.append((lexer.priority + exact / 2, lexer.__name__, lexer))
    if not found:
        raise ClassNotFound(f"no lexer for {name!r}")
    return max(found, key=lambda each: each[:2])[2]()


def _matches(name: str, pattern: str) -> bool:
    ending = pattern.removeprefix("*")
    if any(sign in ending for sign in "*?["):
        return fnmatchcase(name, pattern)
    return name == pattern or (ending != pattern and name.endswith(ending))


class Highlighter:
    """Tells the kinds; keeps the lexers that it has made."""

    def __init__(self) -> None:
        self._lexers: dict[str, Lexer | None] = {}
        self._kinds: dict[_TokenType, str] = dict(_KINDS)

    def language(self, code: str, name: str) -> Kinds:
        """``code`` in a language such as ``python``: for each line its ``(kind, text)`` parts.

        A kind is one of ``theme.CODE_KINDS``, ``inserted``, ``deleted``, or empty. The texts of a
        line add up to it; lines come without their ends.
        """
        return self._parts(code, f"language {name}", lambda: get_lexer_by_name(name))

    def file(self, code: str, path: str) -> Kinds:
        """``code`` of a file, whose name tells the language."""
        name = path.rpartition("/")[2]
        return self._parts(code, f"file {name}", lambda: _lexer_of_file(name))

    def _parts(self, code: str, key: str, find: Callable[[], Lexer]) -> Kinds:
        if key not in self._lexers:
            try:
                lexer = find()
            except ClassNotFound:
                self._lexers[key] = None
            else:
                lexer.stripnl = lexer.stripall = lexer.ensurenl = False
                self._lexers[key] = lexer
        chosen = self._lexers[key]
        rows = code.split("\n")
        if chosen is None or len(code) > MAX_CODE or max(map(len, rows)) > MAX_LINE:
            return [[("", row)] for row in rows]
        lines: Kinds = [[]]
        until = time.thread_time() + MAX_SECONDS
        for token, text in chosen.get_tokens(f"{code}\n"):  # lexers want an end of the last line
            if time.thread_time() > until:
                return _with_rest(lines, rows)
            kind = self._kind(token)
            for number, part in enumerate(text.split("\n")):
                if number:
                    lines.append([])
                row = lines[-1]
                if part and row and row[-1][0] == kind:
                    row[-1] = (kind, row[-1][1] + part)
                elif part:
                    row.append((kind, part))
        if not lines[-1]:
            lines.pop()
        # A lexer may take a line end for another; what it says then belongs to other lines.
        if ["".join(text for _, text in line) for line in lines] != rows:
            return [[("", row)] for row in rows]
        return lines

    def _kind(self, token: _TokenType) -> str:
        found = self._kinds.get(token)
        if found is None:
            found = self._kind(token.parent) if token.parent is not None else ""
            self._kinds[token] = found
        return found


def _with_rest(lines: Kinds, rows: list[str]) -> Kinds:
    """The whole lines of ``lines``, if they are lines of the text, and the others plain."""
    whole = lines[:-1]
    if ["".join(text for _, text in line) for line in whole] != rows[: len(whole)]:
        whole = []
    return [*whole, *([("", row)] for row in rows[len(whole) :])]
