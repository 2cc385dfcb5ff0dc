"""Where else a folder can be found: one file system may be mounted at several places.

What is hidden at one of them has to be hidden at all: a home below ``/mnt/wslg/distro``, a btrfs that is
mounted whole beside its subvolumes, whatever was bound somewhere.
"""

from __future__ import annotations

import functools
import os
import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

TABLE: Final = "/proc/self/mountinfo"
MAX_TABLE: Final = 1 << 22

_ESCAPED = re.compile(rb"\\([0-7]{3})")


class Mount(Struct, frozen=True):
    """One line of the table.

    Attributes:
        device: of the file system.
        root: what of the file system is mounted, a path in it.
        point: where.
    """

    device: bytes
    root: str
    point: str


class Mounts(Struct, frozen=True):
    """All that is mounted.

    Attributes:
        at: what is seen at each point: of several the last.
        of: the mounts of each file system.
        process_trees: where the kernel's tree of processes is.
    """

    at: Mapping[str, Mount]
    of: Mapping[bytes, Sequence[Mount]]
    process_trees: Sequence[str]


def also_at(paths: Iterable[str], table: str = TABLE) -> list[str]:
    """Further paths of ``paths``, and where parts of them are mounted; as the mounts are now.

    And where the kernel's tree of processes is besides ``/proc``.

    Args:
        paths: real paths of what is there.
        table: the mounts, as Linux lists them.
    """
    try:
        with open(table, "rb") as file:
            mounts = _read(file.read(MAX_TABLE))
    except OSError:
        return []
    trees = (point for point in mounts.process_trees if point != "/proc")
    return [*(other for path in paths for other in _also_at(path, mounts)), *trees]


@functools.lru_cache(maxsize=2)
def _read(table: bytes) -> Mounts:
    at: dict[str, Mount] = {}
    of: dict[bytes, list[Mount]] = {}
    trees: list[str] = []
    for line in table.splitlines():
        before, _, after = line.partition(b" - ")
        fields = before.split(b" ")
        if len(fields) < 5:
            continue
        mount = Mount(fields[2], _plain(fields[3]), _plain(fields[4]))
        at[mount.point] = mount
        of.setdefault(mount.device, []).append(mount)
        if after.startswith(b"proc "):
            trees.append(mount.point)
    return Mounts(at, of, trees)


def _plain(field: bytes) -> str:
    """A field without the escapes of the table."""
    return os.fsdecode(_ESCAPED.sub(lambda match: bytes([int(match[1], 8)]), field))


def _also_at(path: str, mounts: Mounts) -> Iterator[str]:
    point = path
    while (own := mounts.at.get(point)) is None:
        if point in ("", "/"):
            return
        point = os.path.dirname(point)
    others = mounts.of[own.device]
    if len(others) == 1:
        return
    inner = _joined(own.root, _below(path, own.point) or "")
    for mount in others:
        if mount is own:
            continue
        rest = _below(inner, mount.root)
        if rest is not None:
            other, here = _joined(mount.point, rest), path
        elif (part := _below(mount.root, inner)) is not None:
            other, here = mount.point, _joined(path, part)
        else:
            continue
        if _below(other, path) is None and _is_same(other, here):
            yield other


def _below(path: str, folder: str) -> str | None:
    """``path`` from ``folder`` on; empty for the folder itself, None where it lies elsewhere."""
    if path == folder:
        return ""
    start = folder.rstrip("/") + "/"
    return path[len(start) :] if path.startswith(start) else None


def _joined(folder: str, rest: str) -> str:
    return os.path.join(folder, rest) if rest else folder


def _is_same(one: str, other: str) -> bool:
    """Whether both are one file: a mount in between may hide it."""
    try:
        return os.path.samestat(os.lstat(one), os.lstat(other))
    except OSError:
        return False
