"""The rules of a ``.gitignore``: parsed once, matched name by name in linear time. Pure.

What git says of a path, this says: ``tests/tools/test_gitignore.py`` compares the two. Our own
since the library for it makes one backtracking expression of a line: a line ``*a*a*a…b`` that came
with a repository stopped the program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from qwen_dual.core.text.wildcard import ANY, name_pattern

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Sequence

MAX_LINE = 4096
"""Characters of a line beyond which it is no rule: no path is longer."""


class Rule(Struct):
    """One line.

    Attributes:
        negated: whether it takes back what an earlier one says.
        only_folders: whether it is about folders alone.
        tokens: what the names of a path have to be, from the folder of the file on.
    """

    negated: bool
    only_folders: bool
    tokens: tuple[str | re.Pattern[str] | None, ...]

    @classmethod
    def parse(cls, line: str) -> Rule | None:
        """The rule of ``line``; None where it is a comment, blank, or longer than any path.

        Raises:
            ValueError: git would take it for a rule that matches nothing.
        """
        line = _without_trailing_blanks(line.removesuffix("\r"))
        if not line or line.startswith("#") or len(line) > MAX_LINE:
            return None
        negated = line.startswith("!")
        line = line[negated:]
        only_folders = line.endswith("/")
        line = line.removesuffix("/")
        anchored = "/" in line
        names = line.removeprefix("/").split("/")
        if names == [""]:
            return None
        tokens: list[str | re.Pattern[str] | None] = [] if anchored else [None]
        for at, name in enumerate(names):
            if name != "**" or not anchored:
                tokens.append(_token(name))
            elif at == len(names) - 1:  # what is below a folder, not the folder itself
                tokens += [None, ANY]
            elif not tokens or tokens[-1] is not None:
                tokens.append(None)
        return cls(negated, only_folders, tuple(tokens))

    @property
    def name(self) -> str | None:
        """The one name it is about, wherever that is; None where it is about more."""
        last = self.tokens[-1]
        return (
            last if len(self.tokens) == 2 and self._any_folder and isinstance(last, str) else None
        )

    @property
    def _any_folder(self) -> bool:
        return self.tokens[0] is None

    def matches(self, names: Sequence[str], *, is_folder: bool) -> bool:
        """Whether it is about just the path of these names."""
        if self.only_folders and not is_folder:
            return False
        if len(self.tokens) == 2 and self._any_folder:
            return _fits(self.tokens[1], names[-1])
        return self._run(names, (len(self.tokens),)) > 0

    def covers(self, names: Sequence[str], *, is_folder: bool) -> bool:
        """Whether it is about the path of these names, or about a folder that holds it."""
        # What ends in /** is about all there is in a folder, and so is a call that names the folder.
        ends = (len(self.tokens), len(self.tokens) - 1 if is_folder and self._all_below else -1)
        most = len(names) - (self.only_folders and not is_folder)
        return self._run(names[:most], ends, first=True) > 0

    @property
    def _all_below(self) -> bool:
        return len(self.tokens) > 1 and self.tokens[-2] is None and self.tokens[-1] is ANY

    def _run(self, names: Sequence[str], ends: Sequence[int], *, first: bool = False) -> int:
        """After how many of ``names`` it is fulfilled: all of them, or the fewest; 0 for never.

        All ways to share the names among the tokens are followed at once, so that the time is the
        product of their numbers at the most.
        """
        states = self._behind([0])
        for count, name in enumerate(names, 1):
            after = []
            for state in states:
                if state == len(self.tokens):
                    continue
                token = self.tokens[state]
                if token is None:
                    after.append(state)
                elif _fits(token, name):
                    after.append(state + 1)
            if not after:
                return 0
            states = self._behind(after)
            if any(end in states for end in ends) and (first or count == len(names)):
                return count
        return 0

    def _behind(self, states: Iterable[int]) -> list[int]:
        """``states`` and those that no further name is needed for, each once."""
        found = dict.fromkeys(states)
        for state in tuple(found):
            if state < len(self.tokens) and self.tokens[state] is None:
                found[state + 1] = None
        return list(found)


class Rules(Struct):
    """All rules of one file; the last that speaks of a path decides."""

    _named: dict[str, list[tuple[int, Rule]]] = field(default_factory=dict)
    _others: list[tuple[int, Rule]] = field(default_factory=list)

    @classmethod
    def parse(cls, lines: Iterable[str]) -> Rules:
        """The rules of ``lines``; one that git cannot use matches nothing here either."""
        rules = cls()
        for number, line in enumerate(lines):
            try:
                rule = Rule.parse(line)
            except ValueError:
                continue
            if rule is None:
                continue
            if rule.name is not None:
                rules._named.setdefault(rule.name, []).append((number, rule))
            else:
                rules._others.append((number, rule))
        rules._others.reverse()
        return rules

    def __bool__(self) -> bool:
        return bool(self._named or self._others)

    def check(self, names: Sequence[str], *, is_folder: bool) -> bool | None:
        """Whether the path of ``names`` is ignored; None where no rule speaks of it.

        Args:
            names: from the folder of the file on, the path's own last; no folder of it is ignored.
            is_folder: whether the path is one.
        """
        # Most rules of a long file are plain names: those cost one look, however many they are.
        decided, number = None, -1
        for at, rule in reversed(self._named.get(names[-1], ())):
            if is_folder or not rule.only_folders:
                decided, number = not rule.negated, at
                break
        for at, rule in self._others:
            if at < number:
                break
            if rule.matches(names, is_folder=is_folder):
                return not rule.negated
        return decided


def _token(name: str) -> str | re.Pattern[str]:
    """``name`` itself where nothing in it means anything else, else its pattern."""
    return name_pattern(name) if any(mark in name for mark in "*?[\\") else name


def _fits(token: str | re.Pattern[str] | None, name: str) -> bool:
    if isinstance(token, str):
        return token == name
    return token is not None and token.fullmatch(name) is not None


def _without_trailing_blanks(line: str) -> str:
    """``line`` without the blanks at its end, but for one that a backslash keeps."""
    kept = line.rstrip(" ")
    if len(kept) == len(line):
        return line
    backslashes = len(kept) - len(kept.rstrip("\\"))
    return kept + " " if backslashes % 2 else kept
