"""Landlock: the kernel takes rights from a thread, and from every process it starts.

Rights can only be given to whole trees, never taken out of one. So a tree that holds something
hidden or guarded is given child by child, and nothing new can be made directly in it. What was
made after a command began is not given to it either.
"""

from __future__ import annotations

import ctypes
import functools
import os
import stat
import struct
import sys
from typing import TYPE_CHECKING, Final

from qwen_dual.sandbox.hidden import within
from qwen_dual.sandbox.policy import SandboxUnavailable
from qwen_dual.sandbox.view import PRIVATE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwen_dual.sandbox.view import View

MIN_ABI = 3
"""The first that keeps files from being cut short."""

SCOPED_ABI = 6

# The numbers are the same on all architectures that Python runs on, but for Alpha.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_PATH_BENEATH = 1
_NO_NEW_PRIVILEGES = 38
_OPENAT2, _HERE, _NO_SYMLINKS = 437, -100, 4
# Another command may be putting a link in the way, which would give what it leads to.
_HOW: Final = struct.pack("=QQQ", os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, 0, _NO_SYMLINKS)
_HOW_BYTES: Final = ctypes.c_size_t(len(_HOW))
_NO_FLAGS: Final = ctypes.c_uint32(0)
_CAPABILITIES, _CAPABILITY_BYTES = 0x20080522, 24

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_CHAR, _MAKE_DIR = 1 << 4, 1 << 5, 1 << 6, 1 << 7
_MAKE_REG, _MAKE_SOCK, _MAKE_FIFO, _MAKE_BLOCK = 1 << 8, 1 << 9, 1 << 10, 1 << 11
_MAKE_SYM, _REFER, _TRUNCATE = 1 << 12, 1 << 13, 1 << 14

HANDLED: Final = (1 << 15) - 1
READ: Final = _EXECUTE | _READ_FILE | _READ_DIR
WRITE: Final = HANDLED & ~(_MAKE_CHAR | _MAKE_BLOCK)
_FILE: Final = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_ABSTRACT_SOCKETS, _SIGNALS = 1, 2

_DEVICES: Final = ("null", "zero", "full", "random", "urandom")
MAX_CHILDREN = 20_000


@functools.cache
def abi() -> int:
    """The version that the kernel offers; 0 where there is none."""
    if sys.platform != "linux":
        return 0
    version: int = _libc().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_VERSION)
    return max(0, version)


class Ruleset:
    """Rights to be given; ``enter`` gives up all others.

    Args:
        files: whether rights to files are limited at all.

    Raises:
        SandboxUnavailable: the kernel refuses.
    """

    def __init__(self, *, files: bool = True) -> None:
        handled = struct.pack("=QQQ", HANDLED if files else 0, 0, _ABSTRACT_SOCKETS | _SIGNALS)
        self._files = files
        scoped = abi() >= SCOPED_ABI
        # Older kernels take a shorter struct, and refuse one that says more than they know.
        handled = handled if scoped else handled[:8]
        self._fd = _libc().syscall(
            _CREATE_RULESET, handled, ctypes.c_size_t(len(handled)), ctypes.c_uint32(0)
        )
        if self._fd < 0:
            raise SandboxUnavailable(f"Landlock: {os.strerror(ctypes.get_errno())}")

    def allow(self, path: str, rights: int) -> None:
        """Gives rights to ``path`` and all below; does nothing where it is not there."""
        syscall = _libc().syscall
        at = syscall(_OPENAT2, _HERE, os.fsencode(path), _HOW, _HOW_BYTES)
        if at < 0:
            return
        try:
            mode = os.fstat(at).st_mode
            if stat.S_ISLNK(mode):
                return
            rights &= HANDLED if stat.S_ISDIR(mode) else _FILE
            rule = struct.pack("=Qi", rights, at)
            if syscall(_ADD_RULE, self._fd, _PATH_BENEATH, rule, _NO_FLAGS) != 0:
                problem = os.strerror(ctypes.get_errno())
                raise SandboxUnavailable(f"Landlock: {path}: {problem}")
        finally:
            os.close(at)

    def enter(self) -> None:
        """Restricts the calling thread, for good; what it starts inherits that.

        Raises:
            SandboxUnavailable: the kernel refuses.
        """
        libc = _libc()
        zero = ctypes.c_ulong(0)
        one = ctypes.c_ulong(1)
        done = libc.prctl(_NO_NEW_PRIVILEGES, one, zero, zero, zero) == 0
        if done and self._files:
            # What root may do besides, such as reading another process's environment, goes too.
            header = struct.pack("=Ii", _CAPABILITIES, 0)
            done = libc.capset(header, bytes(_CAPABILITY_BYTES)) == 0
        if not done or libc.syscall(_RESTRICT_SELF, self._fd, ctypes.c_uint32(0)) != 0:
            raise SandboxUnavailable(f"Landlock: {os.strerror(ctypes.get_errno())}")

    def close(self) -> None:
        """Frees the descriptor."""
        os.close(self._fd)


def rights_of(view: View, private: str) -> dict[str, int]:
    """Each path that rights are given to.

    Args:
        view: what a command sees.
        private: the folder it gets for temporary files.
    """
    entries = dict(view.entries())
    for folder in PRIVATE:
        entries.setdefault(folder, "hidden")
    entries["/dev"] = "hidden"
    found: dict[str, int] = {f"/dev/{name}": READ | _WRITE_FILE | _TRUNCATE for name in _DEVICES}

    def give(top: str, rights: int, apart: list[str]) -> None:
        for path in _parts(top, [path for path in apart if path != top and within(path, top)]):
            found[path] = found.get(path, 0) | rights

    hidden = [path for path, access in entries.items() if access == "hidden"]
    for top in ("/", *(path for path, access in entries.items() if access != "hidden")):
        give(top, READ, hidden)
    for top in (path for path, access in entries.items() if access == "write"):
        give(top, WRITE, [path for path, access in entries.items() if access != "write"])
    found[private] = WRITE
    return found


def _parts(top: str, apart: list[str]) -> Iterator[str]:
    """``top``, or what is left of it without the paths ``apart``."""
    if not apart:
        yield top
        return
    try:
        names = os.listdir(top)[:MAX_CHILDREN]
    except OSError:
        return
    within_top = top.rstrip("/") + "/"
    below: dict[str, list[str]] = {}
    for path in apart:
        below.setdefault(path[len(within_top) :].partition("/")[0], []).append(path)
    for name in names:
        child, inside = within_top + name, below.get(name, [])
        if child not in inside:
            yield from _parts(child, inside)


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
