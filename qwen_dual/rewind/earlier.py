"""What the walk before did not meet, so that what is met now is not taken for new."""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.rewind.looking import ABSENT, State, unkept

if TYPE_CHECKING:
    from qwen_dual.rewind.database import Database

UNKNOWN = unkept("it was not looked at before")

COARSE_NS = 20_000_000
"""How far the times of a file system may lag behind the clock."""


class Earlier(Struct, frozen=True):
    """What the walk before has left out.

    Attributes:
        complete: whether it saw all the rest.
        hidden: paths that it left out.
        began: when, nanoseconds since 1970; 0 for never.
    """

    complete: bool
    hidden: frozenset[str]
    began: int

    @classmethod
    def read(cls, database: Database) -> Earlier:
        """What the database has of it."""
        found = dict(database.rows("SELECT name, value FROM meta"))
        packed = found.get("hidden")
        hidden = os.fsdecode(zlib.decompress(packed)).split("\0") if packed else ()
        return cls(bool(found.get("complete")), frozenset(hidden), found.get("began", 0))

    def write(self, database: Database, now: Earlier) -> None:
        """Puts ``now`` in its place."""
        values: dict[str, object] = {"complete": int(now.complete), "began": now.began}
        if now.hidden != self.hidden:
            values["hidden"] = zlib.compress(os.fsencode("\0".join(sorted(now.hidden))))
        for name, value in values.items():
            database.run("INSERT OR REPLACE INTO meta VALUES(?, ?)", name, value)

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
