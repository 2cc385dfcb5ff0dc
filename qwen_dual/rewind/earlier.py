"""What the walk before did not meet, so that what is met now is not taken for new."""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.rewind.database import unpacked
from qwen_dual.rewind.looking import ABSENT, State, print_of, unkept
from qwen_dual.rewind.walking import IGNORE_FILES, Before

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.rewind.database import Database

UNKNOWN = unkept("it was not looked at before")

_IGNORE_FILES = tuple(f"/{name}".encode() for name in IGNORE_FILES)

COARSE_NS = 20_000_000
"""How far the times of a file system may lag behind the clock."""

_DAMAGED = frozenset(("",))
"""In place of what cannot be understood, and no list that a walk makes: it is written anew."""


class Earlier(Struct, frozen=True):
    """What the walk before has left out.

    Attributes:
        complete: whether it saw all the rest.
        hidden: paths that it left out.
        began: when, nanoseconds since 1970; 0 for never.
        rules: tells the ignore files above the top, and git's own list, from later ones.
    """

    complete: bool
    hidden: frozenset[str]
    began: int
    rules: int

    @classmethod
    def read(cls, database: Database) -> Earlier:
        """What the database has of it."""
        found = dict(database.rows("SELECT name, value FROM meta"))
        packed = found.get("hidden")
        began, rules = found.get("began", 0), found.get("rules", 0)
        try:
            hidden = os.fsdecode(unpacked(packed)).split("\0") if packed else ()
        except (zlib.error, TypeError):
            return cls(False, _DAMAGED, 0, 0)
        if not isinstance(began, int) or not isinstance(rules, int):
            return cls(False, _DAMAGED, 0, 0)
        return cls(bool(found.get("complete")), frozenset(hidden), began, rules)

    def write(self, database: Database, now: Earlier) -> None:
        """Puts ``now`` in its place."""
        values: dict[str, object] = {
            "complete": int(now.complete),
            "began": now.began,
            "rules": now.rules,
        }
        if now.hidden != self.hidden:
            values["hidden"] = zlib.compress(os.fsencode("\0".join(sorted(now.hidden))))
        for name, value in values.items():
            database.run("INSERT OR REPLACE INTO meta VALUES(?, ?)", name, value)

    def before(self, met: Mapping[bytes, tuple[int, int, int]], rules: int) -> Before:
        """What a walk need not ask again; nothing where an ignore file is another by now.

        Args:
            met: print, state and whether a walk met it, by path.
            rules: what ``rules_above`` says now.
        """
        if not self.complete or not rules or rules != self.rules:
            return Before()
        for raw, (mark, _, _) in met.items():
            if raw.endswith(_IGNORE_FILES) and (not mark or _print_at(os.fsdecode(raw)) != mark):
                return Before()
        return Before({raw for raw, (_, _, walked) in met.items() if walked}, self.hidden)

    def state_of_new(self, path: str, top: str, changed: int) -> State | None:
        """What was at ``path`` before, which was not met then; None where it has not changed since.

        Args:
            path: of a file.
            top: of the walk.
            changed: when its inode was changed for the last time.
        """
        if self.complete:
            level = path
            while len(level) > len(top) and level not in self.hidden:
                level = os.path.dirname(level)
            if len(level) <= len(top):
                return ABSENT
        # It may have been there all the time: behind a rule that is gone, or where nobody looked.
        return UNKNOWN if self.began and changed >= self.began - COARSE_NS else None


def rules_above(top: str) -> int:
    """What tells the ignore files that count below ``top`` and are not there from later ones; 0 for nothing."""
    marks, level = [], top
    while True:
        marks.append(_print_at(os.path.join(level, ".git", "info", "exclude")))
        if level == "/":
            return 0 if 0 in marks else hash(tuple(marks))
        level = os.path.dirname(level)
        marks += [_print_at(os.path.join(level, name)) for name in IGNORE_FILES]


def _print_at(path: str) -> int | None:
    try:
        return print_of(os.lstat(path))
    except OSError:
        return None
