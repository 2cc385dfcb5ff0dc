"""Memory and CPU time of a process and all that descends from it, read from ``/proc`` (Linux)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from qwen_dual.fs import proc

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Memory:
    """Of a process tree, in bytes: proportional, private and resident."""

    pss: int
    private: int
    resident: int


def parse_rollup(text: str) -> Memory:
    """Reads one ``smaps_rollup``."""
    sizes: dict[str, int] = {}
    for line in text.splitlines()[1:]:
        name, _, value = line.partition(":")
        sizes[name] = int(value.split()[0]) * 1024
    private = sizes["Private_Clean"] + sizes["Private_Dirty"]
    return Memory(sizes["Pss"], private, sizes["Rss"])


def tree_of(root: int, stats: dict[int, proc.Stat]) -> list[proc.Stat]:
    """``root``, its descendants, and what is left in its session by those that are gone."""
    found = [root]
    for pid in found:
        found += [stat.pid for stat in stats.values() if stat.parent == pid]
    members = set(found)
    return [stat for stat in stats.values() if stat.pid in members or stat.session == root]


def snapshot(root: int) -> list[proc.Stat]:
    """The processes of the tree under ``root``, now."""
    found = filter(None, map(proc.stat_of, proc.pids()))
    return tree_of(root, {stat.pid: stat for stat in found})


def cpu_seconds(root: int) -> float:
    """CPU time that the tree has used so far."""
    return sum(stat.cpu_ticks for stat in snapshot(root)) / os.sysconf("SC_CLK_TCK")


def run_seconds(root: int) -> float:
    """CPU time of the tree's live threads, to the nanosecond: for what takes less than a tick."""
    return sum(own_seconds(stat.pid) for stat in snapshot(root))


def own_seconds(pid: int) -> float:
    """The same of one process, without what it started."""
    threads = PROC.glob(f"{pid}/task/*/schedstat")
    return sum(int((_read(path) or "0").split()[0]) for path in threads) / 1e9


def memory(root: int) -> Memory:
    """Memory of the tree; processes that end meanwhile count as nothing."""
    texts = [_read(PROC / str(stat.pid) / "smaps_rollup") for stat in snapshot(root)]
    found = [parse_rollup(text) for text in texts if text]
    return Memory(
        sum(each.pss for each in found),
        sum(each.private for each in found),
        sum(each.resident for each in found),
    )


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:  # gone since it was listed, or not ours to read
        return ""
