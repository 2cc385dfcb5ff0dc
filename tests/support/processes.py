"""What other processes are doing, and whether they are gone."""

from __future__ import annotations

import os
from pathlib import Path

from qwen_dual.fs import proc


def is_gone(pid: int) -> bool:
    """It has ended, whether or not anybody has reaped it."""
    stat = proc.stat_of(pid)
    return stat is None or stat.state in proc.DEAD


def group_is_gone(pgid: int) -> bool:
    """Nothing is left of a process group."""
    try:
        os.killpg(pgid, 0)
    except ProcessLookupError:
        return True
    return False


def running(word: str, folder: Path | None = None) -> list[int]:
    """The processes that have ``word`` in their command line, below ``folder`` if one is given."""
    found = []
    for pid in proc.pids():
        try:
            words = Path(f"/proc/{pid}/cmdline").read_text("utf-8", "replace")
            where = os.readlink(f"/proc/{pid}/cwd") if folder is not None else ""
        except OSError:
            continue  # gone meanwhile
        if word in words and (folder is None or where.startswith(str(folder))):
            found.append(pid)
    return found
