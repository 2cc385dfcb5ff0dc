"""What does not fit into memory: a database of its own on disk, and dictionaries that go over into it.

SQLite takes the file's name away as soon as it is made, so it is gone with this process however that ends,
and nobody else can open it. It is made where ``TMPDIR`` says, and only when there is more than the cache holds.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from qwen_dual.recording.folder import RecordingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Value = TypeVar("Value")

CACHE_KIB = 16 << 10
MAX_ENTRIES = 20_000
"""Of a dictionary, in memory."""
MAX_WEIGHT = 8 << 20
"""Bytes, as its user weighs them: what is decoded takes many times as much."""


class Spool:
    """A private database, which one thread uses."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        # Nothing of it is to outlive this process, so nothing of it is made safe.
        self.run("PRAGMA journal_mode=OFF")
        self.run("PRAGMA synchronous=OFF")
        self.run(f"PRAGMA cache_size=-{CACHE_KIB}")
        self.run("BEGIN")

    def run(self, sql: str, values: Sequence[object] = ()) -> None:
        """One statement.

        Raises:
            RecordingError: there is no room for it.
        """
        try:
            self._db.execute(sql, values)
        except sqlite3.Error as error:
            raise _full(error) from error

    def run_all(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """The same statement for each row.

        Raises:
            RecordingError: there is no room for them.
        """
        try:
            self._db.executemany(sql, rows)
        except sqlite3.Error as error:
            raise _full(error) from error

    def rows(self, sql: str, values: Sequence[object] = ()) -> Iterator[tuple[object, ...]]:
        """What is asked for, row by row.

        Raises:
            RecordingError: it cannot be read.
        """
        try:
            yield from self._db.execute(sql, values)
        except sqlite3.Error as error:
            raise _full(error) from error

    def close(self) -> None:
        """Gives back the room; idempotent."""
        self._db.close()

    def __del__(self) -> None:
        if hasattr(self, "_db"):
            self.close()


class SpilledDict(Generic[Value]):
    """A dictionary of any size: what has more than so many entries, or weighs more, is on disk.

    What ``get`` gave may be changed until the next call of anything here, and is kept with its changes.

    Args:
        spool: where to.
        name: of its table, which no other has.
        kind: of the values.
        max_entries: in memory.
        max_weight: in memory.
    """

    def __init__(
        self,
        spool: Spool,
        name: str,
        kind: type[Value],
        max_entries: int = MAX_ENTRIES,
        max_weight: int = MAX_WEIGHT,
    ) -> None:
        self._spool = spool
        self._name = name
        self._decoder = msgspec.json.Decoder(kind)
        self._most = (max_entries, max_weight)
        self._near: dict[str, tuple[int, Value, int]] = {}
        self._weight = 0
        self._added = 0
        self._far: int | None = None  # how many are on disk; None as long as there is no table

    def get(self, key: str) -> Value | None:
        """What is there; None where nothing is."""
        found = self._near.get(key) or self._fetched(key)
        return None if found is None else found[1]

    def set(self, key: str, value: Value, weight: int = 0) -> None:
        """Sets what is there, or says that it has grown; what is new comes last."""
        found = self._near.get(key) or self._fetched(key)
        if found is None:
            self._added += 1
            self._put(key, self._added, value, weight + len(key))
        else:
            del self._near[key]
            self._weight -= found[2]
            self._put(key, found[0], value, found[2] + weight)

    def pop(self, key: str) -> Value | None:
        """Takes out what is there; None where nothing is."""
        found = self._near.get(key) or self._fetched(key)
        if found is None:
            return None
        del self._near[key]
        self._weight -= found[2]
        return found[1]

    def items(self, *, by_key: bool = False) -> Iterator[tuple[str, Value]]:
        """All there is, in the order in which it came, or of the keys; nothing may be set meanwhile."""
        if not self._far:
            near = sorted(self._near.items(), key=lambda item: item[0] if by_key else item[1][0])
            yield from ((key, entry[1]) for key, entry in near)
            return
        self._spill()
        order = "key" if by_key else "at"
        select = f"SELECT key, value FROM {self._name} ORDER BY {order}"
        for key, value in self._spool.rows(select):
            assert isinstance(key, bytes)
            assert isinstance(value, bytes)
            yield key.decode(), self._decoder.decode(value)

    def _fetched(self, key: str) -> tuple[int, Value, int] | None:
        """Brings it back from the disk."""
        if not self._far:
            return None
        where = (key.encode(),)
        select = f"SELECT at, value FROM {self._name} WHERE key = ?"
        for at, value in list(self._spool.rows(select, where)):
            assert isinstance(at, int)
            assert isinstance(value, bytes)
            self._spool.run(f"DELETE FROM {self._name} WHERE key = ?", where)
            self._far -= 1
            return self._put(key, at, self._decoder.decode(value), len(value))
        return None

    def _put(self, key: str, at: int, value: Value, weight: int) -> tuple[int, Value, int]:
        if len(self._near) >= self._most[0] or self._weight + weight > self._most[1]:
            self._spill()
        self._weight += weight
        entry = self._near[key] = (at, value, weight)
        return entry

    def _spill(self) -> None:
        if self._far is None:
            columns = "key BLOB PRIMARY KEY, at INTEGER, value BLOB"
            self._spool.run(f"CREATE TABLE {self._name} ({columns})")
            self._far = 0
        self._spool.run_all(
            f"INSERT INTO {self._name} VALUES (?, ?, ?)",
            (
                (key.encode(), at, msgspec.json.encode(value))
                for key, (at, value, _) in self._near.items()
            ),
        )
        self._far += len(self._near)
        self._near.clear()
        self._weight = 0


def _full(error: sqlite3.Error) -> RecordingError:
    return RecordingError(
        f"the temporary file for what does not fit into memory: {error}; TMPDIR names another place for it"
    )
