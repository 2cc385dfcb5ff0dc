"""The kernel's keys: a command gets none of those that the person's session keeps (``man 7 keyrings``).

A keyring goes from a process to what it starts, into namespaces too, and whoever has one may read its keys:
Kerberos tickets, what unlocks encrypted folders, what programs keep there.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import sys
from typing import Final

from qwen_dual.sandbox.policy import SandboxUnavailable

_NUMBERS: Final = {
    "x86_64": 250,
    "aarch64": 219,
    "riscv64": 219,
    "loongarch64": 219,
    "ppc64le": 271,
    "s390x": 280,
}
_JOIN_SESSION_KEYRING: Final = 1

_NONE_HERE: Final = (errno.ENOSYS, errno.EPERM, errno.EACCES)
"""No keyrings in this kernel, or this container lets nobody near them: neither commands."""


def leave_keyring() -> None:
    """Gives the calling thread, and what it starts, an empty keyring in place of the session's.

    The system call has no name in the C library, and its number is known for 64 bits only.

    Raises:
        SandboxUnavailable: the kernel gives none, as when the user has too many.
    """
    number = _NUMBERS.get(platform.machine())
    if number is None or sys.maxsize < 1 << 32:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(number, _JOIN_SESSION_KEYRING, None) >= 0:
        return
    failed = ctypes.get_errno()
    if failed not in _NONE_HERE:
        raise SandboxUnavailable(f"the kernel gives no keyring: {os.strerror(failed)}")
