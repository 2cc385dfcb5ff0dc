"""Finds a text that a model nearly copied: other quotes, dashes, blanks or Unicode forms. Pure.

Both sides are brought to one form line by line, and what is found there is mapped back, so that the
file's own characters stay wherever nothing is replaced. Linear in the size of the file.
"""

from __future__ import annotations

import unicodedata
from typing import Literal

from msgspec import Struct

_QUOTES = {**dict.fromkeys("‘’‚‛′", "'"), **dict.fromkeys("“”„‟″", '"')}
_SPACES = dict.fromkeys(
    "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2007\u2008\u2009\u202f\u3000", " "
)
_DASHES = dict.fromkeys("‐‑‒–—―−", "-")
_PLAIN = str.maketrans(_QUOTES | _SPACES | _DASHES)
_ADAPTED = frozenset(_QUOTES) | frozenset(_SPACES) | frozenset(_DASHES) | frozenset("'\" ")
"""What is put right in a new text; a ``-`` in it may be a minus, where the file has a dash."""

_BLANKS = " \t\r"
_FORMS: tuple[Literal["NFC", "NFD"], ...] = ("NFC", "NFD")

MAX_COUNTED = 1000
"""Places beyond which it is enough to know that there are many."""


class Near(Struct, frozen=True):
    """Where a text that is nearly the one looked for stands.

    Attributes:
        count: how often; only a single one has a place.
        start: where it begins.
        end: where it ends, exclusively.
        differences: what was taken for the same, in words.
    """

    count: int
    start: int = 0
    end: int = 0
    differences: tuple[str, ...] = ()


def find_near(text: str, wanted: str) -> Near:
    """Looks for ``wanted`` in ``text``, taking for the same what looks the same.

    That are curly and straight quotes, kinds of dashes and blanks, composed and decomposed letters,
    and blanks at the ends of lines.
    """
    originals = text.split("\n")
    lines = [_plain(line) for line in originals]
    *whole, last = wanted.split("\n")
    head = [_plain(line) for line in whole]
    if not any(head) and not last.strip():
        return Near(0)
    haystack = "\n".join(lines)
    # The last line may end in the middle of one of the file's, where its blanks count.
    exact_end = "\n".join([*head, _clusters(last.rstrip("\r"))[0]])
    found = _places(haystack, exact_end)
    needle = exact_end
    if not found and last != last.rstrip(_BLANKS):
        needle = "\n".join([*head, _plain(last)])
        found = [at for at in _places(haystack, needle) if _ends_line(haystack, at + len(needle))]
    if len(found) != 1:
        return Near(len(found))
    start = _back(haystack, found[0], originals)
    end = _back(haystack, found[0] + len(needle), originals)
    if start is None or end is None:
        return Near(0)
    return Near(1, start, end, _differences(text[start:end], wanted))


def adapted(new: str, old: str, there: str) -> str:
    """``new`` with the characters of ``there`` where ``old`` had taken others for them.

    Who wrote other quotes in what it looked for wrote them in what it puts there too; so with blanks,
    dashes, Unicode forms, and blanks at the ends of lines. A character that stands for several ones is
    left alone.
    """
    for form in _FORMS:
        if unicodedata.is_normalized(form, there) and not unicodedata.is_normalized(form, old):
            old, new = (unicodedata.normalize(form, each) for each in (old, new))
    our_lines, their_lines = old.split("\n"), there.split("\n")
    if _has_ends(our_lines) and not _has_ends(their_lines):
        *lines, last = new.split("\n")
        new = "\n".join([*(_without_end(line) for line in lines), last])
    meant: dict[str, set[str]] = {}
    for our_line, their_line in zip(our_lines, their_lines, strict=False):
        our_line, their_line = our_line.rstrip(_BLANKS), their_line.rstrip(_BLANKS)
        if len(our_line) == len(their_line):
            for ours, theirs in zip(our_line, their_line, strict=True):
                meant.setdefault(ours, set()).add(theirs)
    table: dict[int, str | int | None] = {
        ord(ours): theirs.pop()
        for ours, theirs in meant.items()
        if len(theirs) == 1 and ours in _ADAPTED
    }
    return new.translate(table)


def _has_ends(lines: list[str]) -> bool:
    """Whether one of ``lines``, but for the last, ends in blanks."""
    return any(line != _without_end(line) for line in lines[:-1])


def _without_end(line: str) -> str:
    """``line`` without blanks before its end, which may be that of CRLF."""
    end = "\r" if line.endswith("\r") else ""
    return line.rstrip(_BLANKS) + end


def _places(haystack: str, needle: str) -> list[int]:
    """The places of ``needle``, so many as are counted."""
    first = haystack.find(needle)
    if first < 0:
        return []
    places = [first]
    while (
        len(places) < MAX_COUNTED and (at := haystack.find(needle, places[-1] + len(needle))) >= 0
    ):
        places.append(at)
    return places


def _ends_line(haystack: str, at: int) -> bool:
    return at == len(haystack) or haystack[at] == "\n"


def _plain(line: str) -> str:
    line = line.rstrip(_BLANKS)
    return line if line.isascii() else _clusters(line)[0].rstrip(_BLANKS)


def _clusters(line: str) -> tuple[str, list[tuple[int, int]]]:
    """``line`` in the one form, and for each of its letters where it begins in both."""
    if line.isascii():
        return line, [(index, index) for index in range(len(line) + 1)]
    parts: list[str] = []
    places: list[tuple[int, int]] = []
    length = start = 0
    for index in range(1, len(line) + 1):
        if index < len(line) and _continues(line[index]):
            continue
        part = unicodedata.normalize("NFC", line[start:index]).translate(_PLAIN)
        places.append((length, start))
        parts.append(part)
        length += len(part)
        start = index
    places.append((length, len(line)))
    return "".join(parts), places


def _continues(char: str) -> bool:
    """Whether ``char`` belongs to the letter before it; Hangul's later parts do."""
    return unicodedata.combining(char) != 0 or "\u1160" <= char <= "\u11ff"


def _back(haystack: str, at: int, originals: list[str]) -> int | None:
    """The place in the file for one in its plain form; None inside a letter."""
    row = haystack.count("\n", 0, at)
    column = at - (haystack.rfind("\n", 0, at) + 1)
    line = originals[row]
    before = sum(map(len, originals[:row])) + row
    if line.isascii():
        return before + column
    place = next((there for here, there in _clusters(line)[1] if here == column), None)
    return None if place is None else before + place


def _differences(there: str, wanted: str) -> tuple[str, ...]:
    """What ``wanted`` has otherwise than ``there``, in words."""
    told = []
    kinds = ((_QUOTES, "quotes"), (_DASHES, "dashes"), (_SPACES, "kinds of blanks"))
    for characters, word in kinds:
        if any(there.count(char) != wanted.count(char) for char in characters):
            told.append(word)
    if (
        unicodedata.normalize("NFC", there) != there
        or unicodedata.normalize("NFC", wanted) != wanted
    ):
        told.append("Unicode forms")
    return tuple(told) or ("blanks at the ends of lines",)
