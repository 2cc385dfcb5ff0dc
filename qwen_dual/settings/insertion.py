"""Puts values into the text of a settings file, takes keys out of it, and leaves all else as its owner wrote it. Pure.

Comments, order, indentation, trailing commas and bare keys stay. What comes out is for the caller to
parse again before it is written: this reads tokens and checks no grammar.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from qwen_dual.settings.positions import TOKEN, key_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_REST_OF_LINE = re.compile(r"[ \t]*(?://[^\n]*|/\*[^\n]*?\*/)?")

_CLOSING = {"{": "}", "[": "]"}

_GONE = object()


class NoPlace(ValueError):
    """The text has no place for the value: something else stands where an object should."""


class _Token(NamedTuple):
    text: str
    start: int
    end: int


class _Element(NamedTuple):
    key: _Token | None  # None in a list
    value: int  # the index of the value's first token
    last: int  # and of its last one


def with_changes(text: str, before: Mapping[str, object], after: Mapping[str, object]) -> str:
    """``text``, which holds ``before``, so that it holds ``after``.

    Args:
        text: JSON with comments, trailing commas and bare keys, its lines ended by ``\\n``; or nothing.
        before: what it holds.
        after: what it shall hold; a list that got longer got its new items at the end.

    Raises:
        NoPlace: the text is not understood.
    """
    for path, value in _changes(before, after):
        text = _without(text, path) if value is _GONE else with_value(text, path, value)
    return text


def with_value(text: str, path: Sequence[str | int], value: object) -> str:
    """``text`` with ``value`` at ``path``.

    Args:
        text: as above.
        path: keys and indexes from the outside in; the index behind a list's last appends to it.
        value: what JSON can hold.

    Raises:
        NoPlace: an outer value is no object, or no list of that length.
    """
    tokens = _tokens(text)
    if not tokens:
        begin = "\n" if text and not text.endswith("\n") else ""
        return text + begin + json.dumps(_nested(path, value), indent=2, ensure_ascii=False) + "\n"
    at, elements, index, depth = _reach(tokens, path)
    if index is None:
        inner = _nested(path[depth + 1 :], value)
        return _insert(text, tokens, at, elements, path[depth], inner)
    found = elements[index]
    return text[: tokens[found.value].start] + _dump(value) + text[tokens[found.last].end :]


def _without(text: str, path: Sequence[str | int]) -> str:
    """``text`` without the member at ``path``, and without its line where that has nothing else."""
    while True:  # a key may be there twice
        tokens = _tokens(text)
        _, elements, index, _ = _reach(tokens, path)
        if index is None:
            return text
        text = _cut(text, tokens, elements, index)


def _reach(
    tokens: Sequence[_Token], path: Sequence[str | int]
) -> tuple[int, list[_Element], int | None, int]:
    """How far ``path`` leads.

    Returns:
        The token where the innermost object or list begins that is there; its elements; which of them
        the path names, None where it is not there; its place in the path.

    Raises:
        NoPlace: an outer value is no object, or no list of that length.
    """
    at = 0
    for depth, name in enumerate(path):
        if tokens[at].text != ("[" if isinstance(name, int) else "{"):
            raise NoPlace(".".join(map(str, path[:depth])) or "the file")
        elements = _elements(tokens, at)
        if isinstance(name, int):
            found = list(range(len(elements)))[name : name + 1]
            if name > len(elements):
                raise NoPlace(".".join(map(str, path[:depth])))
        else:
            found = [
                index
                for index, one in enumerate(elements)
                if one.key and key_name(one.key.text) == name
            ]
        if not found or depth == len(path) - 1:
            # Of a key given twice the last one counts.
            return at, elements, found[-1] if found else None, depth
        at = elements[found[-1]].value
    raise NoPlace("the file")


def _cut(text: str, tokens: Sequence[_Token], elements: Sequence[_Element], index: int) -> str:
    element = elements[index]
    key, follows = element.key, tokens[element.last + 1]
    assert key is not None
    start, end = key.start, tokens[element.last].end
    if follows.text == ",":
        end = follows.end
    rest = _REST_OF_LINE.match(text, end)
    line = text.rfind("\n", 0, start) + 1
    if not text[line:start].strip() and rest is not None and text[rest.end() :].startswith("\n"):
        start, end = line, rest.end() + 1
    elif follows.text == ",":
        end += len(text[end:]) - len(text[end:].lstrip(" \t"))
    kept = text[:start]
    if follows.text != "," and index:
        # What is the last one now has no comma, as the one that went had none.
        comma = tokens[elements[index - 1].last + 1]
        between = kept[comma.end :]
        kept = kept[: comma.start] + (between.rstrip(" \t") if start == key.start else between)
    return kept + text[end:]


def _tokens(text: str) -> list[_Token]:
    return [
        _Token(found[0], found.start(), found.end())
        for found in TOKEN.finditer(text)
        if found.lastgroup != "skip"
    ]


def _changes(
    before: object, after: object, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], object]]:
    """The least that has to be put in, and where."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in before.keys() - after.keys():
            yield (*path, name), _GONE
        for name, value in after.items():
            if name in before:
                yield from _changes(before[name], value, (*path, name))
            else:
                yield (*path, name), value
    elif isinstance(before, list) and isinstance(after, list) and len(before) <= len(after):
        for index, value in enumerate(after):
            if index < len(before):
                yield from _changes(before[index], value, (*path, index))
            else:
                yield (*path, index), value
    elif type(before) is not type(after) or before != after:
        yield path, after


def _elements(tokens: Sequence[_Token], at: int) -> list[_Element]:
    """The members of the object, or the items of the list, that begins at token ``at``."""
    found: list[_Element] = []
    is_list = tokens[at].text == "["
    depth, key = 0, None
    begin: int | None = None
    for index in range(at, len(tokens)):
        shown = tokens[index].text
        if depth == 1 and shown in (",", _CLOSING[tokens[at].text]):
            if begin is not None and (is_list or key is not None):
                found.append(_Element(key, begin, index - 1))
            key, begin = None, None
        elif depth == 1 and is_list:
            begin = index if begin is None else begin
        elif depth == 1 and shown == ":" and begin is None:
            begin = index + 1
        elif depth == 1 and key is None:
            key = tokens[index]
        depth += (shown in ("{", "[")) - (shown in ("}", "]"))
        if depth == 0:
            break
    return found


def _insert(
    text: str,
    tokens: Sequence[_Token],
    at: int,
    elements: Sequence[_Element],
    name: str | int,
    value: object,
) -> str:
    """``text`` with a new element behind the last one of what begins at token ``at``."""
    label = "" if isinstance(name, int) else f"{_dump(name)}: "
    if not elements:
        outer = _indent(text, tokens[at].start)
        inner = outer + "  "
        here = tokens[at].end
        rest = _REST_OF_LINE.match(text, here)
        here = rest.end() if rest is not None else here
        closing = "" if "\n" in text[here : tokens[at + 1].start] else f"\n{outer}"
        new = f"{label}{_dump(value, inner)}"
        return f"{text[:here]}\n{inner}{new}{closing}{text[here:].removeprefix(' ')}"
    last = tokens[elements[-1].last]
    follows = tokens[elements[-1].last + 1]
    trailing = follows.text == ","
    here = follows.end if trailing else last.end
    before = text[:here] + ("" if trailing else ",")
    first = (elements[0].key or tokens[elements[0].value]).start
    if "\n" not in text[tokens[at].start : first]:
        return f"{before} {label}{_dump(value)}{',' if trailing else ''}{text[here:]}"
    rest = _REST_OF_LINE.match(text, here)
    end = rest.end() if rest is not None else here
    inner = _indent(text, first)
    new = f"{label}{_dump(value, inner)}{',' if trailing else ''}"
    return f"{before}{text[here:end].rstrip()}\n{inner}{new}{text[end:]}"


def _indent(text: str, at: int) -> str:
    """The blanks that the line of ``at`` begins with."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _nested(path: Sequence[str | int], value: object) -> object:
    for name in reversed(path):
        value = [value] if isinstance(name, int) else {name: value}
    return value


def _dump(value: object, indent: str | None = None) -> str:
    if indent is None:
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(value, indent=2, ensure_ascii=False).replace("\n", f"\n{indent}")
