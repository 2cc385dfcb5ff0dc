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


def commands(below: Path | None = None) -> dict[int, list[str]]:
    """What each process runs, of those in a folder below ``below`` if that is given."""
    found = {}
    for pid in proc.pids():
        try:
            words = Path(f"/proc/{pid}/cmdline").read_text("utf-8", "replace").split("\0")[:-1]
            where = os.readlink(f"/proc/{pid}/cwd") if below is not None else ""
        except OSError:
            continue  # gone meanwhile
        if below is None or where.startswith(str(below)):
            found[pid] = words
    return found


def running(*command: str) -> list[int]:
    """The processes that run just this."""
    return [pid for pid, words in commands().items() if words == list(command)]
