"""Which file systems announce changes: of some, a watch can be had that never tells of anything."""

from __future__ import annotations

import os
import re

_TABLE = "/proc/self/mountinfo"

_SILENT = frozenset(
    [
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "drvfs",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "overlay",
        "prl_fs",
        "smb3",
        "smbfs",
        "vboxsf",
        "virtiofs",
        "vmhgfs",
        "wslfs",
    ]
)
"""Other machines write to these, or the file that is watched is not the one that is written to."""


def silent_file_system(path: str, table: str = _TABLE) -> str | None:
    """The kind of file system that ``path`` is on, where its watches may never fire; else None.

    Overlays, network and FUSE file systems, and what is bound into a container; None too where the
    system does not tell.

    Args:
        path: need not exist.
        table: the mounts, as Linux lists them.
    """
    try:
        with open(table, "rb") as mounts:
            lines = mounts.read().splitlines()
    except OSError:
        return None
    where = os.fsencode(os.path.realpath(path))
    longest, found = -1, None
    for line in lines:
        before, _, after = line.partition(b" - ")
        fields, kinds = before.split(), after.split()
        if len(fields) < 5 or not kinds:
            continue
        point, kind = _plain(fields[4]), kinds[0].decode(errors="replace")
        inside = point == b"/" or where == point or where.startswith(point + b"/")
        if inside and len(point) >= longest:  # a later mount hides an earlier one
            # btrfs mounts its subvolumes like that, and announces changes
            bound = fields[3] != b"/" and kind != "btrfs"
            silent = kind in _SILENT or kind.startswith("fuse")
            longest, found = len(point), kind if silent else "a bind mount" if bound else None
    return found


def _plain(point: bytes) -> bytes:
    """A mount point without the escapes of the table: blanks and backslashes are octal in it."""
    return re.sub(rb"\\([0-7]{3})", lambda match: bytes([int(match[1], 8)]), point)
