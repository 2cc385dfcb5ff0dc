"""Which folders a repository has files in, read from its index without running git. Blocks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from qwen_dual.fs.foreign import read_foreign
from qwen_dual.git.repository import find_repository

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_BYTES = 256 << 20
"""Of an index: some two million files."""

_HEAD = 12
_FIXED = 60
"""Bytes of an entry before its flags, where objects are named by SHA-1; 12 more by SHA-256."""
_SUM = 20


class UnknownIndex(Exception):
    """What a repository has files in could not be told."""


def links_among(folder: str) -> list[str]:
    """The links in place of folders in which the repository around ``folder`` has files, absolute.

    Git grep reads the files behind them, wherever those are.

    Raises:
        UnknownIndex: that cannot be told.
    """
    repository = find_repository(folder)
    if repository is None:
        return []
    try:
        data = read_foreign("index", root=repository.git_dir, limit=MAX_BYTES)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UnknownIndex(f"{repository.git_dir}/index: {error}") from error
    found = _folders(data)
    return [path for it in found if os.path.islink(path := os.path.join(repository.root, it))]


def _folders(data: bytes) -> list[str]:
    """All folders that the entries of an index lie in, the outer before the inner."""
    for fixed in (_FIXED, _FIXED + 12):
        try:
            parents = _parents(data, fixed)
        except (IndexError, ValueError):
            continue
        return sorted(os.fsdecode(folder) for folder in _with_those_above(parents))
    raise UnknownIndex("the index is none that can be read")


def _parents(data: bytes, fixed: int) -> set[bytes]:
    """The folder of each entry.

    Raises:
        IndexError, ValueError: it is no index, or its names of objects have another length.
    """
    version, count = int.from_bytes(data[4:8], "big"), int.from_bytes(data[8:12], "big")
    if data[:4] != b"DIRC" or version not in (2, 3, 4):
        raise ValueError(version)
    at, name, parents = _HEAD, b"", set[bytes]()
    for _ in range(count):
        begin = at
        flags = int.from_bytes(data[at + fixed : at + fixed + 2], "big")
        at += fixed + (4 if flags & 0x4000 else 2)
        if version == 4:  # as far as it differs from the name before
            dropped, at = _offset(data, at)
            end = data.index(b"\0", at)
            name = name[: len(name) - dropped] + data[at:end]
            at = end + 1
        else:
            end = data.index(b"\0", at)
            name = data[at:end]
            at = begin + (end - begin + 8 & ~7)
        if not name or min(0xFFF, len(name)) != flags & 0xFFF:
            raise ValueError(name)
        parents.add(name.rpartition(b"/")[0])
    while at + 8 <= len(data) - _SUM:
        if data[at : at + 4] == b"link":
            raise ValueError("some of it is in another file")
        at += 8 + int.from_bytes(data[at + 4 : at + 8], "big")
    return parents


def _offset(data: bytes, at: int) -> tuple[int, int]:
    """A number as version 4 writes it, and where it ends."""
    value = data[at] & 0x7F
    while data[at] & 0x80:
        at += 1
        value = ((value + 1) << 7) | (data[at] & 0x7F)
    return value, at + 1


def _with_those_above(folders: Iterable[bytes]) -> set[bytes]:
    found: set[bytes] = set()
    for folder in folders:
        while folder and folder not in found:
            found.add(folder)
            folder = folder.rpartition(b"/")[0]
    return found
