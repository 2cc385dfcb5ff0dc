"""How large and how old what is kept may become; what goes when it is more, the oldest first.

A session holds a shared lock on the folder of its project as long as it lives. What others may still
want goes only while nobody holds one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from typing import TYPE_CHECKING, Self

from msgspec import Struct

from qwen_dual.fs.private import open_checked, owner_problem, private_folder
from qwen_dual.rewind.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

DAY = 86_400
_FULL = 0.8
"""Of the bytes of a project, with which a session begins by dropping old points."""

FILES = ("kept.db", "kept.db-wal", "kept.db-shm", "going", "lock")
"""What there is in the folder of a project."""


class Bounds(Struct, frozen=True):
    """How much is kept.

    Attributes:
        bytes: of one project, packed.
        total: of all projects.
        days: after which a prompt's states go; also those of a project where nobody worked since.
        walked_bytes: of a file that is met when the folder is gone through.
        named_bytes: of a file that an edit names.
        entries: of a folder that is gone through.
        seconds: that one pass may take, of which there are two for a command.
        rest_seconds: the one behind a command, as long as not all of the folder is kept.
    """

    bytes: int = 500 << 20
    total: int = 2000 << 20
    days: float = 30
    walked_bytes: int = 10 << 20
    named_bytes: int = 50 << 20
    entries: int = 200_000
    seconds: float = 5.0
    rest_seconds: float = 2.0


class ProjectLock:
    """Held on the folder of a project; a context manager.

    Attributes:
        alone: whether nobody else held one when it was taken.
    """

    def __init__(self, folder: str) -> None:
        private_folder(folder)
        self._path = os.path.join(folder, "lock")
        while True:
            self._fd = open_checked(self._path, os.O_RDWR | os.O_CREAT, owner_problem)
            self.alone = _lock(self._fd, fcntl.LOCK_EX)
            if not self.alone:
                fcntl.flock(self._fd, fcntl.LOCK_SH)
            if self._is_there():
                return
            os.close(self._fd)  # whoever held it has taken the folder away

    def share(self) -> None:
        """Lets others in, once what only who is alone may do is done."""
        fcntl.flock(self._fd, fcntl.LOCK_SH)

    def close(self) -> None:
        """Gives it free; idempotent."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _is_there(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._fd), os.lstat(self._path))
        except FileNotFoundError:
            return False


def _lock(fd: int, how: int) -> bool:
    try:
        fcntl.flock(fd, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def tidy(root: str, own: str, bounds: Bounds) -> None:
    """Takes away what is kept of other projects, where it is too old or all of it is too much.

    Args:
        root: the folder of all projects.
        own: the one of this project, which stays.
        bounds: how much may be.
    """
    found = []
    with contextlib.suppress(OSError):
        found = [os.path.join(root, name) for name in os.listdir(root)]
    projects = sorted(((*_used(path), path) for path in found), reverse=True)
    oldest, size = time.time() - bounds.days * DAY, 0
    for used, taken, path in projects:
        size += taken
        if path != own and (used < oldest or size > bounds.total):
            with contextlib.suppress(OSError):
                _remove(path)


def _used(folder: str) -> tuple[float, int]:
    """When something was written in the folder of a project for the last time, and its size."""
    used, size = 0.0, 0
    for name in FILES[:2]:
        with contextlib.suppress(OSError):
            status = os.lstat(os.path.join(folder, name))
            used, size = max(used, status.st_mtime), size + status.st_size
    return used, size


def _remove(folder: str) -> None:
    with ProjectLock(folder) as lock:
        if lock.alone:
            for name in FILES:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(os.path.join(folder, name))
            os.rmdir(folder)


def drop_old(database: Database, bounds: Bounds) -> None:
    """Drops the points that are too old, and the oldest where there is little room for new ones.

    To be called only while nobody else is there.
    """
    oldest = time.time() - bounds.days * DAY
    found = database.rows("SELECT uuid FROM point WHERE time<?", oldest)
    while found or database.size > bounds.bytes * _FULL:
        if not found:
            count = database.value("SELECT COUNT(*) FROM point")
            query = "SELECT uuid FROM point ORDER BY time LIMIT ?"
            found = database.rows(query, (count + 1) // 2)
            if not found:
                return  # all of it is the folder as it is
        with database.writing():
            _forget(database, [uuid for (uuid,) in found])
        found = []


def trim(database: Database, session_id: str) -> None:
    """Drops the older half of what a session can go back to, and whatever nobody can go back to."""
    query = "SELECT uuid FROM point WHERE session=? ORDER BY first"
    found = [uuid for (uuid,) in database.rows(query, session_id)]
    with database.writing():
        _forget(database, found[: len(found) // 2])


def forget_session(folder: str, session_id: str) -> None:
    """Drops what a session that is over could go back to; nothing where nothing is kept.

    Args:
        folder: of the project.
        session_id: of the session.

    Raises:
        OSError: it cannot be done.
    """
    if not os.path.lexists(os.path.join(folder, FILES[0])):
        return
    with ProjectLock(folder):
        database = Database(folder)
        try:
            query = "SELECT uuid FROM point WHERE session=?"
            found = [uuid for (uuid,) in database.rows(query, session_id)]
            with database.writing():
                database.run(
                    "UPDATE span SET last=first WHERE session=? AND last IS NULL", session_id
                )
                _forget(database, found)
        finally:
            database.close()


def _forget(database: Database, uuids: Iterable[str]) -> None:
    for uuid in uuids:
        database.run("DELETE FROM point WHERE uuid=?", uuid)
    database.run(
        "DELETE FROM span WHERE last IS NOT NULL AND point NOT IN (SELECT uuid FROM point)"
    )
    database.run("DELETE FROM span_path WHERE span NOT IN (SELECT id FROM span)")
    database.run(
        """DELETE FROM change WHERE CASE WHEN span IS NOT NULL
        THEN span NOT IN (SELECT id FROM span)
        ELSE NOT EXISTS(SELECT 1 FROM span s WHERE s.whole=1 AND s.first<=change.id
                        AND (s.last IS NULL OR s.last>=change.id)) END"""
    )
    database.run(
        """DELETE FROM state WHERE id NOT IN (SELECT state FROM seen
        UNION SELECT before FROM change UNION SELECT after FROM change
        UNION SELECT before FROM going_step UNION SELECT target FROM going_step)"""
    )
    database.run(
        "DELETE FROM content WHERE digest NOT IN (SELECT digest FROM state WHERE kind='file')"
    )
    database.rows("PRAGMA incremental_vacuum")
