"""Puts one value into the text of a settings file and leaves all else as its owner wrote it. Pure.

Comments, order, indentation and bare keys stay. What comes out is for the caller to parse again before
it is written: this reads tokens and checks no grammar.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from qwen_dual.settings.positions import TOKEN, key_name

if TYPE_CHECKING:
    from collections.abc import Sequence

_REST_OF_LINE = re.compile(r"[ \t]*(?://[^\n]*|/\*[^\n]*?\*/)?")


class NoPlace(ValueError):
    """The text has no place for the value: something else stands where an object should."""


class _Token(NamedTuple):
    text: str
    start: int
    end: int


class _Member(NamedTuple):
    key: _Token
    value: int  # the index of the value's first token
    last: int  # and of its last one


def with_value(text: str, path: Sequence[str], value: str | bool) -> str:
    """``text`` with ``value`` at ``path``.

    Args:
        text: JSON with comments, trailing commas and bare keys; or nothing.
        path: keys from the outside in.

    Raises:
        NoPlace: an outer value is no object.
    """
    tokens = [
        _Token(found[0], found.start(), found.end())
        for found in TOKEN.finditer(text)
        if found.lastgroup != "skip"
    ]
    if not tokens:
        return text + json.dumps(_nested(path, value), indent=2, ensure_ascii=False) + "\n"
    at = 0
    for depth, name in enumerate(path):
        if tokens[at].text != "{":
            raise NoPlace(".".join(path[:depth]) or "the file")
        members = _members(tokens, at)
        # Of a key given twice the last one counts.
        found = [member for member in members if key_name(member.key.text) == name]
        if not found:
            return _insert(text, tokens, at, members, name, _nested(path[depth + 1 :], value))
        at = found[-1].value
    last = found[-1].last
    return text[: tokens[at].start] + _dump(value) + text[tokens[last].end :]


def _members(tokens: Sequence[_Token], at: int) -> list[_Member]:
    """The members of the object that begins at token ``at``."""
    members: list[_Member] = []
    depth, key = 0, None
    begin: int | None = None
    for index in range(at, len(tokens)):
        shown = tokens[index].text
        if depth == 1 and shown in (",", "}"):
            if key is not None and begin is not None:
                members.append(_Member(key, begin, index - 1))
            key, begin = None, None
        elif depth == 1 and shown == ":" and begin is None:
            begin = index + 1
        elif depth == 1 and key is None:
            key = tokens[index]
        depth += (shown in ("{", "[")) - (shown in ("}", "]"))
        if depth == 0:
            break
    return members


def _insert(
    text: str,
    tokens: Sequence[_Token],
    at: int,
    members: Sequence[_Member],
    name: str,
    value: object,
) -> str:
    outer = _indent(text, tokens[at].start)
    if not members:
        inner = outer + "  "
        here = tokens[at].end
        rest = _REST_OF_LINE.match(text, here)
        here = rest.end() if rest is not None else here
        closing = "" if "\n" in text[here : tokens[at + 1].start] else f"\n{outer}"
        member = f"{_dump(name)}: {_dump(value, inner)}"
        return f"{text[:here]}\n{inner}{member}{closing}{text[here:].removeprefix(' ')}"
    last = tokens[members[-1].last]
    follows = tokens[members[-1].last + 1]
    before = text[: last.end] + ","
    here = follows.end if follows.text == "," else last.end
    rest = _REST_OF_LINE.match(text, here)
    end = rest.end() if rest is not None else here
    first = members[0].key.start
    if "\n" not in text[tokens[at].start : first]:
        return f"{before} {_dump(name)}: {_dump(value)}{text[here:]}"
    inner = _indent(text, first)
    return f"{before}{text[here:end].rstrip()}\n{inner}{_dump(name)}: {_dump(value, inner)}{text[end:]}"


def _indent(text: str, at: int) -> str:
    """The blanks that the line of ``at`` begins with."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _nested(path: Sequence[str], value: object) -> object:
    for name in reversed(path):
        value = {name: value}
    return value


def _dump(value: object, indent: str | None = None) -> str:
    if indent is None:
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(value, indent=2, ensure_ascii=False).replace("\n", f"\n{indent}")
