"""The file that everything is kept in, and contents and states in it.

SQLite: what is written is there whole or not at all, whenever the process is killed, and several
sessions can use it at once. The file is private, in a private folder.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, get_args

from qwen_dual.fs.private import open_checked, owner_problem, private_folder
from qwen_dual.rewind.looking import Kind, State, digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator

FORM = 2
"""Of the tables; a file of another form is begun anew."""

BUSY_SECONDS = 10.0
"""How long one waits for another session that looks at the folder."""

MAX_CONTENT = 256 << 20
"""Bytes of a content that are unpacked: several times what is ever kept."""

_KINDS = frozenset(get_args(Kind))

_PACKED_FROM = 512
"""Bytes from which on a content is compressed."""

_CHECKPOINT_PAGES = 8000
"""After so many the disk is waited for; the first look at a large folder writes many more."""

_TABLES = """
CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE content(digest BLOB PRIMARY KEY, size INTEGER, packed INTEGER, data BLOB);
CREATE TABLE state(id INTEGER PRIMARY KEY, kind TEXT, mode INTEGER, digest BLOB, detail BLOB,
                   UNIQUE(kind, mode, digest, detail));
CREATE TABLE seen(path BLOB PRIMARY KEY, print INTEGER, state INTEGER, walked INTEGER) WITHOUT ROWID;
CREATE TABLE point(uuid TEXT PRIMARY KEY, session TEXT, turn TEXT, text TEXT, time REAL,
                   undo INTEGER, first INTEGER);
CREATE TABLE span(id INTEGER PRIMARY KEY AUTOINCREMENT, session TEXT, point TEXT, whole INTEGER,
                  first INTEGER, last INTEGER, torn INTEGER DEFAULT 0);
CREATE TABLE span_path(span INTEGER, path BLOB);
CREATE TABLE change(id INTEGER PRIMARY KEY AUTOINCREMENT, path BLOB, before INTEGER,
                    after INTEGER, span INTEGER);
CREATE TABLE going(id TEXT PRIMARY KEY, session TEXT, text TEXT);
CREATE TABLE going_step(going TEXT, number INTEGER, path BLOB, before INTEGER, target INTEGER);
CREATE INDEX point_session ON point(session, first);
CREATE INDEX span_session ON span(session);
CREATE INDEX span_open ON span(last);
"""

_ADDED = "CREATE TABLE IF NOT EXISTS going_commit(going TEXT PRIMARY KEY, chat TEXT, event TEXT)"
"""A table that files of this form may lack."""


class StoreError(OSError):
    """What is kept cannot be read or written; the text is for a person."""


def is_of_repository(path: str, top: str) -> bool:
    """Whether a file is a repository's own, whose state is git's.

    Args:
        path: absolute.
        top: the folder of the store, which may itself lie within ``.git``: what is in it is the person's.
    """
    return "/.git/" in f"/{path.removeprefix(top.rstrip('/') + '/')}/"


def path_of(raw: object, top: str) -> str:
    """A path as the tables have it.

    Args:
        raw: what stands there.
        top: the folder of the store.

    Raises:
        StoreError: nothing that was kept is called so: it is not whole, leads through ``..``, or is a
            repository's own.
    """
    path = os.fsdecode(raw) if isinstance(raw, bytes) else ""
    if not path.startswith("/") or "\0" in path or os.path.normpath(path) != path or path == "/":
        raise StoreError(f"what is kept is damaged: {path!r} is the path of no file")
    if is_of_repository(path, top):
        raise StoreError(f"what is kept is damaged: {path!r} is a repository's own")
    return path


def unpacked(data: bytes) -> bytes:
    """What was packed.

    Raises:
        zlib.error: it was not, or is larger than anything that is kept.
    """
    unpacking = zlib.decompressobj()
    found = unpacking.decompress(data, MAX_CONTENT)
    if not unpacking.eof:
        raise zlib.error("it is cut off, or too large")
    return found


class Database:
    """The open file.

    Args:
        folder: where it is; made, private.

    Raises:
        StoreError: it cannot be opened.
    """

    def __init__(self, folder: str) -> None:
        self.path = os.path.join(folder, "kept.db")
        self._lock = threading.RLock()
        self._depth = 0
        try:
            private_folder(folder)
            os.close(open_checked(self.path, os.O_RDWR | os.O_CREAT, owner_problem))
            self._db = self._opened()
        except sqlite3.Error as error:
            raise StoreError(f"{self.path} cannot be used: {error}") from error

    def _opened(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
        for ending in (
            "",
            "-wal",
            "-shm",
        ):  # no database, or a broken one: nothing can be had of it
            if os.path.lexists(self.path + ending):
                os.unlink(self.path + ending)
        os.close(open_checked(self.path, os.O_RDWR | os.O_CREAT, owner_problem))
        return self._connect()

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(
            self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            db.execute("PRAGMA auto_vacuum=INCREMENTAL")
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
            db.execute("PRAGMA journal_size_limit=4194304")
            db.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
            db.execute("BEGIN IMMEDIATE")
            (form,) = db.execute("PRAGMA user_version").fetchone()
            if form not in (0, FORM):
                raise sqlite3.DatabaseError(f"form {form} is not {FORM}")
            if form == 0:
                for statement in _TABLES.strip().split(";\n"):
                    db.execute(statement.rstrip(";"))
                db.execute(f"PRAGMA user_version={FORM}")
            db.execute(_ADDED)
            db.execute("COMMIT")
        except BaseException:
            db.close()
            raise
        return db

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction, of this thread alone; one within another is part of it.

        Raises:
            StoreError: it could not be written; nothing of it was.
        """
        with self._lock:
            try:
                if self._depth == 0:
                    self._db.execute("BEGIN IMMEDIATE")
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1
                if self._depth == 0:
                    self._db.execute("COMMIT")
            except BaseException as error:
                if self._depth == 0 and self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                if isinstance(error, sqlite3.Error):
                    raise StoreError(f"{self.path} cannot be written: {error}") from error
                raise

    def pause(self) -> None:
        """Ends the transaction of ``writing`` and begins another, so that others get their turn."""
        if self._depth == 1:
            self._db.execute("COMMIT")
            self._db.execute("BEGIN IMMEDIATE")

    def run(self, statement: str, *values: Any) -> int:
        """Runs one statement of a transaction; the id of a row that it has added."""
        return self._db.execute(statement, values).lastrowid or 0

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """What a query gives.

        Raises:
            StoreError: it cannot be read.
        """
        with self._lock:
            try:
                return self._db.execute(statement, values).fetchall()
            except sqlite3.Error as error:
                raise StoreError(f"{self.path} cannot be read: {error}") from error

    def value(self, statement: str, *values: Any) -> Any:
        """The first column of the first row of a query; None where there is none."""
        found = self.rows(statement, *values)
        return found[0][0] if found else None

    @property
    def size(self) -> int:
        """Bytes that are in use."""
        pages = self.value("PRAGMA page_count") - self.value("PRAGMA freelist_count")
        return int(pages * self.value("PRAGMA page_size"))

    # -- states and contents ----------------------------------------------------------------

    def number_of(self, state: State, data: bytes | None = None) -> int:
        """The number that a state has in the other tables; it gets one where it has none.

        Args:
            state: of a file only with ``data``, unless it has a number.
            data: what the file holds, which is kept with it.
        """
        known = self.find(state)
        return self.add(state, data) if known is None else known

    def add(self, state: State, data: bytes | None = None) -> int:
        """As ``number_of``, for a state that has none."""
        if data is not None and self.missing(state):
            packed = zlib.compress(data, 1) if len(data) >= _PACKED_FROM else data
            small = len(packed) < len(data)
            kept = packed if small else data
            self.run("INSERT INTO content VALUES(?, ?, ?, ?)", state.digest, len(data), small, kept)
        fields = (state.kind, state.mode, state.digest, state.detail)
        return self.run("INSERT INTO state(kind, mode, digest, detail) VALUES(?, ?, ?, ?)", *fields)

    def find(self, state: State) -> int | None:
        """The number of a state; None where it has none."""
        where = "WHERE kind=? AND mode=? AND digest=? AND detail=?"
        fields = (state.kind, state.mode, state.digest, state.detail)
        found: int | None = self.value(f"SELECT id FROM state {where}", *fields)
        return found

    def state(self, number: int) -> State:
        """The state of a number."""
        query = "SELECT kind, mode, digest, detail FROM state WHERE id=?"
        for kind, mode, digest, detail in self.rows(query, number):
            right = isinstance(digest, bytes) and isinstance(detail, bytes) and b"\0" not in detail
            right = right or (kind == "unkept" and isinstance(detail, bytes))
            if kind in _KINDS and right and isinstance(mode, int) and mode == mode & 0o777:
                return State(kind, mode, digest, detail)
        raise StoreError("what is kept is damaged: a state is missing, or none")

    def missing(self, state: State) -> bool:
        """Whether it is the state of a file whose content is not here."""
        if state.kind != "file":
            return False
        return self.value("SELECT 1 FROM content WHERE digest=?", state.digest) is None

    def content(self, state: State) -> bytes:
        """What a file of this state holds.

        Raises:
            StoreError: that is not here.
        """
        found = self.rows("SELECT packed, data FROM content WHERE digest=?", state.digest)
        if not found:
            raise StoreError("its content is no longer kept")
        packed, data = found[0]
        try:
            content = unpacked(data) if packed else bytes(memoryview(data))
        except (zlib.error, TypeError):
            content = None
        if content is None or digest_of(content) != state.digest:
            raise StoreError("what is kept of its content is damaged")
        return content

    def close(self) -> None:
        """Closes the file; another thread that is at it is waited for."""
        with self._lock:
            self._db.close()
