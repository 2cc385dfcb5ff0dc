"""Which sessions run: reads the records of those whose lock is held, and writes nothing.

A record without a lock that is held is one of a process that was killed. It is left where it is, since
who looks may have no right to write; the next session that begins takes it away (``leftovers``).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from typing import TYPE_CHECKING

from qwen_dual.fs.folders import ForeignFileError
from qwen_dual.fs.foreign import open_foreign, read_foreign
from qwen_dual.running.record import MAX_BYTES, RECORD, lock_of, record_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qwen_dual.running.record import Record


def running(folder: str) -> list[Record]:
    """The sessions that run now: those that wait for a person first, then the latest change first.

    Args:
        folder: of the records; that there is none means that nothing runs.

    Raises:
        ForeignFileError: it is a link, no folder, or others can write to it.
        OSError: it cannot be read.
    """
    try:
        _check(folder)
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    found = [_living(os.path.join(folder, name)) for name in names if name.endswith(RECORD)]
    return in_order(record for record in found if record is not None)


def in_order(records: Iterable[Record]) -> list[Record]:
    """Those that wait for a person first, then those that work, then the idle ones."""
    return sorted(
        records, key=lambda one: (not one.waits, one.state == "idle", -one.state_at, one.pid)
    )


def is_held(path: str) -> bool:
    """Whether a process holds the lock in the file at ``path``; a file that is gone is held by none."""
    try:
        lock = open_foreign(path, owners=(os.geteuid(),))
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in (errno.EWOULDBLOCK, errno.EAGAIN)
    finally:
        os.close(lock)
    return False


def _check(folder: str) -> None:
    found = os.stat(folder, follow_symlinks=False)
    if stat.S_ISLNK(found.st_mode):
        raise ForeignFileError(folder, "is a symbolic link, which is not followed")
    if not stat.S_ISDIR(found.st_mode):
        raise ForeignFileError(folder, "is no directory")
    if found.st_uid != os.geteuid():
        raise ForeignFileError(folder, f"belongs to another user (uid {found.st_uid})")
    if found.st_mode & 0o022:
        mode = stat.S_IMODE(found.st_mode)
        raise ForeignFileError(folder, f"can be written to by others (mode {mode:04o})")


def _living(path: str) -> Record | None:
    # The lock first: a process that ends in between takes its record away before that.
    if not is_held(lock_of(path)):
        return None
    data = b""
    with contextlib.suppress(OSError):  # it has ended
        data = read_foreign(path, limit=MAX_BYTES, owners=(os.geteuid(),))
    return record_of(data)
