"""What sessions that were killed left in the folder of the records, taken away by one that begins.

Only what nobody holds the lock of, and only what is named as ours are: channels lie there as well.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from typing import TYPE_CHECKING

from qwen_dual.fs.foreign import open_foreign
from qwen_dual.running.record import LOCK, RECORD

if TYPE_CHECKING:
    from collections.abc import Sequence

_STEM = r"(\d+-[0-9a-f]{8})"
_LOCK = re.compile(_STEM + re.escape(LOCK))
_RECORD = re.compile(
    rf"(?:{_STEM}\.\d+{re.escape(RECORD)}|\.{_STEM}\.\d+{re.escape(RECORD)}\.[0-9a-f]+\.tmp)"
)

MOST = 1000
"""Of killed processes that are looked at for a session that begins."""


def remove_leftovers(folder: str) -> int:
    """Takes away the records and locks of processes that run no more; returns of how many.

    Raises:
        OSError: the folder cannot be read.
    """
    folder = os.path.realpath(folder)
    found: dict[str, list[str]] = {}
    for name in os.listdir(folder):
        if match := _LOCK.fullmatch(name):
            found.setdefault(match[1], [])
        elif match := _RECORD.fullmatch(name):
            found.setdefault(match[1] or match[2], []).append(name)
    return sum(_remove(folder, stem, found[stem]) for stem in sorted(found)[:MOST])


def _remove(folder: str, stem: str, records: Sequence[str]) -> bool:
    """Whether the process whose lock has this name runs no more; what it left is gone then."""
    path = os.path.join(folder, stem + LOCK)
    try:
        lock = open_foreign(path, owners=(os.geteuid(),))
    except FileNotFoundError:
        lock = -1  # the lock is taken away last
    except OSError:
        return False
    try:
        if lock >= 0:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for name in (*records, stem + LOCK):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(folder, name))
    except OSError:
        return False  # it runs, or somebody looks at it: the next one that begins sees
    finally:
        if lock >= 0:
            os.close(lock)
    return True
