"""Which hooks an event is for: matchers, as the reference reads them. Pure.

A matcher is compared exactly first, each entry of a list ``a | b`` by itself; where that finds nothing
it is a regular expression that may match anywhere. What is matched is short: the name of a tool, a word.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_ALL = ("", "*", ".*")


def matches(matcher: str, values: Iterable[str]) -> bool:
    """Whether ``matcher`` means one of these.

    Args:
        matcher: of the settings.
        values: what an event is about, first by its own name; the rest are others for the same, which
            are only compared exactly.
    """
    if matcher.strip() in _ALL:
        return True
    values = list(values)
    entries = _entries(matcher)
    if any(entry in _ALL[1:] or entry in values for entry in entries):
        return True
    pattern = _pattern(matcher)
    return pattern is not None and pattern.search(values[0]) is not None if values else False


def _entries(matcher: str) -> Sequence[str]:
    """What a matcher lists; nothing where all of it is one expression."""
    if matcher.startswith(("^", "(")):
        return ()
    return [entry.strip() for entry in _split(matcher) if entry.strip()]


@functools.lru_cache(256)
def _pattern(matcher: str) -> re.Pattern[str] | None:
    text = matcher
    if not matcher.startswith(("^", "(")):
        entries = [_trimmed(entry) for entry in _split(matcher)]
        if not (entries := [entry for entry in entries if entry]):
            return None
        text = "|".join(entries)
    try:
        return re.compile(text)
    except (re.error, RecursionError, OverflowError):
        return None


def _trimmed(entry: str) -> str:
    """Without the blanks around it; one behind a backslash is part of the expression."""
    bare = entry.strip()
    return f"{bare} " if bare.endswith("\\") and not bare.endswith("\\\\") else bare


def _split(matcher: str) -> list[str]:
    """The parts between bars, but for those in brackets, in groups and behind a backslash."""
    parts, begin, depth, in_class, escaped = [], 0, 0, False, False
    for at, char in enumerate(matcher):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif in_class:
            in_class = char != "]"
        elif char == "[":
            in_class = True
        elif char == "(":
            depth += 1
        elif char == ")":
            depth = max(0, depth - 1)
        elif char == "|" and depth == 0:
            parts.append(matcher[begin:at])
            begin = at + 1
    return [*parts, matcher[begin:]]
