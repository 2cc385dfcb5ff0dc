"""Fuzzy search in many paths: letters in order, the likeliest first. Pure, no I/O.

A search can be run in slices, so that a key never waits for it, and one that narrows another goes
on from what that one found. What the paths are, and when they are looked for, is its caller's
affair.
"""

from __future__ import annotations

import heapq
import re
import time
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from qwen_dual.protocol.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

T = TypeVar("T")

SLICE = 4096
"""Paths between two looks at the clock: well under a millisecond."""

ENOUGH = 20
"""With as many paths that hold the query in one piece or as initials, scattered letters are not
looked for: they take longest and are rarely meant."""

MAX_SCORED = 300
"""Of more matches of a kind than this the shortest are scored: scoring takes 2 µs each."""

MAX_LOOSE = 2000
"""After so many paths with scattered letters no more are looked for; the shortest came first."""

# By how well the letters lie; within a kind, short paths and near letters come first.
_EXACT = 1200
_PREFIX = 1000
_WORD = 800
_INITIALS = 750
_WITHIN = 600
_FOLDER_WORD = 500
_SCATTERED_IN_NAME = 400
_FOLDER = 300
_SCATTERED = 100
_LEAST = 50  # no path and no gap is so long that it falls behind the next kind

_INITIAL = regex(r"(?:^|(?<=[^A-Za-z0-9]))[A-Za-z0-9]|[A-Z](?=[a-z])")


class Corpus:
    """Paths made ready to be searched.

    Args:
        paths: relative, with ``/``; a folder's ends in one.

    Attributes:
        lowered: each path in lower case, once, the shortest first.
        initials: of the last name in each of them, in lower case.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        # Only where a path is not its own lower case, or several are the same in it.
        self._originals: dict[str, list[str]] = {}
        self.lowered: list[str] = []
        self.initials: list[str] = []
        seen: set[str] = set()
        for path in sorted(dict.fromkeys(paths), key=len):
            low = path.lower()
            if low in seen:
                self._originals.setdefault(low, [low]).append(path)
                continue
            seen.add(low)
            self.initials.append(_initials(path))
            if low == path:
                self.lowered.append(path)  # not ``low``: the same text would be held twice
            else:
                self.lowered.append(low)
                self._originals[low] = [path]

    def __len__(self) -> int:
        return len(self.lowered)

    def originals(self, low: str) -> Sequence[str]:
        """The paths that are ``low`` in lower case."""
        return self._originals.get(low) or (low,)


class Search:
    """One query over a corpus.

    Args:
        corpus: what is searched.
        query: letters that a path must hold in this order, in any case.
        before: a search of the same corpus whose query begins this one; its finds are narrowed.
    """

    def __init__(self, corpus: Corpus, query: str, before: Search | None = None) -> None:
        self.corpus = corpus
        self.query = query
        self.finished = False
        self._needle = query.lower()
        self._whole: list[str] = []
        self._initials: list[str] = []
        self._loose: list[str] = []
        self._whole_pool = self._loose_pool = corpus.lowered
        self._whole_seen = self._loose_seen = self._initials_seen = 0
        self._initials_at: list[int] = []
        self._initials_pool: Sequence[int] = range(len(corpus))
        if before is not None and before.corpus is corpus and self._narrows(before):
            # What the other search has not looked at yet is still to be looked at.
            self._whole_pool = before._whole + before._whole_pool[before._whole_seen :]
            self._loose_pool = before._loose + before._loose_pool[before._loose_seen :]
            rest = before._initials_pool[before._initials_seen :]
            self._initials_pool = [*before._initials_at, *rest]
        self._steps = self._work()

    def run(self, seconds: float | None = None) -> bool:
        """Goes on for so long, or to the end; returns whether it is there."""
        until = None if seconds is None else time.perf_counter() + seconds
        for _ in self._steps:
            if until is not None and time.perf_counter() >= until:
                return False
        self.finished = True
        return True

    def best(self, limit: int) -> list[str]:
        """The best of what was found so far, the likeliest first."""
        # Each kind is cut short by itself, so that no poorer one crowds out a better.
        kinds = (self._whole, self._initials, self._loose)
        found = dict.fromkeys(low for kind in kinds for low in _likeliest(kind, self._needle))
        scored = [
            (-self._score(low, path), len(path), path)
            for low in found
            for path in self.corpus.originals(low)
        ]
        return [path for _, _, path in heapq.nsmallest(limit, scored)]

    def _narrows(self, before: Search) -> bool:
        return bool(before._needle) and self._needle.startswith(before._needle)

    def _work(self) -> Iterator[None]:
        needle = self._needle
        for chunk in _slices(self._whole_pool):
            self._whole += [low for low in chunk if needle in low]
            self._whole_seen += len(chunk)
            yield
        every, initials = self.corpus.lowered, self.corpus.initials
        for some in _slices(self._initials_pool if needle[1:] else ()):
            found = [at for at in some if needle in initials[at]]
            self._initials_at += found
            self._initials += [every[at] for at in found]
            self._initials_seen += len(some)
            yield
        if len(self._whole) + len(self._initials) >= ENOUGH:
            return
        matches = _in_order(needle)
        for chunk in _slices(self._loose_pool):
            self._loose += filter(matches, chunk)
            self._loose_seen += len(chunk)
            if len(self._loose) >= MAX_LOOSE:
                return
            yield

    def _score(self, low: str, path: str) -> int:
        needle = self._needle
        end = len(low) - low.endswith("/")
        start = low.rfind("/", 0, end) + 1
        cost = min(_LEAST, len(low) // 3)
        case = 5 * (self.query in path)
        at = low.find(needle, start)
        if at >= 0:
            if at == start:
                rest = low[at + len(needle) : end]
                kind = _EXACT if not rest or rest.startswith(".") else _PREFIX
            else:
                kind = _WITHIN if low[at - 1].isalnum() else _WORD
            return kind - cost + case
        if low.startswith(needle):
            return _PREFIX - cost + case
        if needle in _initials(path):
            return _INITIALS - cost
        at = low.find(needle)
        if at >= 0:
            return (_FOLDER if low[at - 1].isalnum() else _FOLDER_WORD) - cost + case
        span = _span(needle, low, start)
        if span:
            return _SCATTERED_IN_NAME - min(_LEAST, span) - cost
        return _SCATTERED - min(_LEAST, _span(needle, low, 0) // 2) - cost


def _in_order(needle: str) -> Callable[[str], object]:
    """Tells whether a text holds the letters in this order; never goes back in it."""
    rest = "".join(f"[^{re.escape(char)}]*{re.escape(char)}" for char in needle[1:])
    return re.compile(re.escape(needle[:1]) + rest).search


def _initials(path: str) -> str:
    name = path[path.rfind("/", 0, len(path) - 1) + 1 :]
    return "".join(_INITIAL.findall(name)).lower()


def _span(needle: str, low: str, start: int) -> int:
    """How many characters a match from ``start`` on takes; 0 when there is none."""
    at = start - 1
    for char in needle:
        at = low.find(char, at + 1)
        if at < 0:
            return 0
    end = at
    for char in reversed(needle[:-1]):
        at = low.rfind(char, start, at)
    return end - at + 1


def _likeliest(found: list[str], needle: str) -> list[str]:
    """As many as are scored: those where a name begins so, then the shortest."""
    if len(found) <= MAX_SCORED:
        return found
    beginning = f"/{needle}"
    named = (low for low in found if beginning in low or low.startswith(needle))
    return [*islice(named, MAX_SCORED // 2), *found[: MAX_SCORED // 2]]


def _slices(pool: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(pool), SLICE):
        yield pool[start : start + SLICE]
