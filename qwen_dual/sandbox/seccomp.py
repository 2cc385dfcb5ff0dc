"""System calls that no command gets: ways out that no namespace closes, and what breaks into kernels.

A filter in the kernel (``man 2 seccomp``). It is Flatpak's list, as it is for
developers, of what takes no capability (commands have none); mounts all the same, in case a kernel errs; and
``io_uring``, which makes sockets without the call for it. Debuggers work: ``ptrace`` and ``personality``
are left, and reach no process outside.

With Landlock, which gives a command no namespaces, calls are refused as well that reach what the person's
other programs have: their System V memory and queues, and their limits, by which they can be ended.
"""

from __future__ import annotations

import ctypes
import functools
import itertools
import os
import struct
import sys
from errno import EAFNOSUPPORT, EFAULT, ENOSYS, EPERM
from typing import TYPE_CHECKING, Final

from qwen_dual.sandbox.policy import SandboxUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

X86_64, I386, AARCH64, ARM = 0xC000003E, 0x40000003, 0xC00000B7, 0x40000028
CALLERS: Final = (X86_64, I386, AARCH64, ARM)
"""What the kernel tells of who calls (``linux/audit.h``): programs of 32 bits have numbers of their own."""

_CALLERS_ON: Final = {
    "x86_64": (X86_64, I386),
    "i686": (X86_64, I386),
    "aarch64": (AARCH64, ARM),
    "armv8l": (AARCH64, ARM),
}
"""By the machine's name; ``setarch`` has a kernel of 64 bits give the other. All are little-endian."""

_NONE: Final = -1

NUMBERS: Final = {
    "socket": (41, 359, 198, 281),
    "socketpair": (53, 360, 199, 288),
    "socketcall": (_NONE, 102, _NONE, _NONE),
    "ioctl": (16, 54, 29, 54),
    "clone": (56, 120, 220, 120),
    "unshare": (272, 310, 97, 337),
    "setns": (308, 346, 268, 375),
    "mount": (165, 21, 40, 21),
    "umount": (_NONE, 22, _NONE, _NONE),
    "umount2": (166, 52, 39, 52),
    "pivot_root": (155, 217, 41, 218),
    "add_key": (248, 286, 217, 309),
    "request_key": (249, 287, 218, 310),
    "keyctl": (250, 288, 219, 311),
    "bpf": (321, 357, 280, 386),
    "perf_event_open": (298, 336, 241, 364),
    "userfaultfd": (323, 374, 282, 388),
    "syslog": (103, 103, 116, 103),
    "modify_ldt": (154, 123, _NONE, _NONE),
    "prlimit64": (302, 340, 261, 369),
    "ipc": (_NONE, 117, _NONE, _NONE),
    "shmget": (29, 395, 194, 307),
    "shmat": (30, 397, 196, 305),
    "shmctl": (31, 396, 195, 308),
    "semget": (64, 393, 190, 299),
    "semop": (65, _NONE, 193, 298),
    "semctl": (66, 394, 191, 300),
    "semtimedop": (220, _NONE, 192, 312),
    "semtimedop_time64": (_NONE, 420, _NONE, 420),
    "msgget": (68, 399, 186, 303),
    "msgsnd": (69, 400, 189, 301),
    "msgrcv": (70, 401, 188, 302),
    "msgctl": (71, 402, 187, 304),
    "mq_unlink": (241, 278, 181, 275),
    # Since Linux 5.1 they are the same everywhere.
    "io_uring_setup": (425,) * 4,
    "io_uring_enter": (426,) * 4,
    "io_uring_register": (427,) * 4,
    "open_tree": (428,) * 4,
    "move_mount": (429,) * 4,
    "fsopen": (430,) * 4,
    "fsconfig": (431,) * 4,
    "fsmount": (432,) * 4,
    "fspick": (433,) * 4,
    "clone3": (435,) * 4,
    "mount_setattr": (442,) * 4,
    "open_tree_attr": (467,) * 4,
}
"""In the order of ``CALLERS``."""

REFUSED: Final = (
    *("setns", "mount", "umount", "umount2", "pivot_root"),
    *("add_key", "request_key", "keyctl"),
    *("io_uring_setup", "io_uring_enter", "io_uring_register"),
    *("bpf", "perf_event_open", "userfaultfd", "modify_ldt", "syslog"),
)
ABSENT: Final = (
    # Its flags lie where no filter can look; who finds it missing takes clone.
    "clone3",
    *("open_tree", "open_tree_attr", "move_mount", "mount_setattr"),
    *("fsopen", "fsconfig", "fsmount", "fspick"),
)
BESIDE: Final = (
    *("ipc", "shmget", "shmat", "shmctl", "semget", "semop", "semctl", "semtimedop"),
    *("semtimedop_time64", "msgget", "msgsnd", "msgrcv", "msgctl", "mq_unlink"),
)
"""Told to be absent where a command has no namespaces: it would have those of the person's programs."""
FAMILIES: Final = (0, 1, 2, 10, 16)
"""Sockets that can be made: unspecified, Unix, IPv4, IPv6, netlink. None to a virtual machine's host
(``AF_VSOCK``), to the kernel's cryptography (``AF_ALG``), to Bluetooth …"""

_NEW_USER: Final = 0x10000000
_TYPE_FOR_THE_PERSON: Final = (0x5412, 0x541C)
"""``TIOCSTI``, ``TIOCLINUX``."""

_MAKE_SOCKET: Final = 1
"""To ``socketcall``. Of which family lies where no filter can look."""

_X32: Final = 0x40000000
_TAKEN_OVER: Final = 0xFFFFFFFF
"""In place of a call's number: a debugger has done it, and says what comes of it."""

# Where seccomp_data has what is called, by whom, and the halves of arguments that the kernel looks at.
_CALL, _CALLER, _FIRST, _SECOND, _THIRD = 0, 4, 16, 24, 32
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW: Final = 0x7FFF0000
ERROR: Final = 0x00050000

_SET_SECCOMP: Final = 22
_FILTER: Final = ctypes.c_ulong(2)

_Lines = list[bytes]
_FEW: Final = 3


class _Program(ctypes.Structure):
    """``struct sock_fprog``."""

    _fields_ = (("length", ctypes.c_ushort), ("lines", ctypes.c_char_p))


@functools.cache
def program(*, beside: bool = False) -> bytes:
    """The filter for this machine, as the kernel takes it; empty where there can be none.

    Args:
        beside: whether commands have no namespaces of their own.
    """
    return assembled(os.uname().machine, beside=beside) if _offered() else b""


def readable() -> tuple[int, ...]:
    """A descriptor to read the filter from, once, for bubblewrap; none where there is none."""
    if not program():
        return ()
    read, write = os.pipe()  # holds it whole, so that nobody waits
    os.write(write, program())
    os.close(write)
    return (read,)


def enter() -> None:
    """Has the calling thread filtered, for good, and what it starts; does nothing where there is no filter.

    For what has no namespaces: bubblewrap is given its filter by ``readable``.

    Raises:
        SandboxUnavailable: the kernel refuses, as it does a thread that may still gain privileges.
    """
    lines = program(beside=True)
    if not lines:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    given = _Program(len(lines) // 8, lines)
    if libc.prctl(_SET_SECCOMP, _FILTER, ctypes.byref(given)) != 0:
        raise SandboxUnavailable(f"seccomp: {os.strerror(ctypes.get_errno())}")


def assembled(machine: str, *, beside: bool = False) -> bytes:
    """The filter for machines of this name; empty for those whose calls are not known. Pure.

    Args:
        machine: as ``uname`` has it.
        beside: as for ``program``.
    """
    callers = _CALLERS_ON.get(machine, ())
    lines = [_line(_LOAD, _CALLER)]
    for caller in callers:
        lines += _where(_EQUAL, (caller,), _filtered(caller, beside=beside))
    lines.append(_line(_RETURN, ERROR | ENOSYS))
    return b"".join(lines) if callers else b""


def _offered() -> bool:
    """Whether this kernel has filters: it would look at one."""
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.prctl(_SET_SECCOMP, _FILTER, None) != 0 and ctypes.get_errno() == EFAULT


def _filtered(caller: int, *, beside: bool) -> _Lines:
    """What is decided of calls of one kind of program."""
    column = CALLERS.index(caller)
    of = {name: numbers[column] for name, numbers in NUMBERS.items() if numbers[column] != _NONE}
    family = _decide(_FIRST, _EQUAL, FAMILIES, ALLOW, ERROR | EAFNOSUPPORT)
    new_user = _decide(_FIRST, _ANY_BIT, (_NEW_USER,), ERROR | EPERM, ALLOW)
    by_arguments = {
        "socket": family,
        "socketpair": family,
        "socketcall": _decide(_FIRST, _EQUAL, (_MAKE_SOCKET,), ERROR | EPERM, ALLOW),
        "clone": new_user,
        "unshare": new_user,
        "ioctl": _decide(_SECOND, _EQUAL, _TYPE_FOR_THE_PERSON, ERROR | EPERM, ALLOW),
    }
    lines = [_line(_LOAD, _CALL)]
    if caller == X86_64:
        lines += _where(_EQUAL, (_TAKEN_OVER,), [_line(_RETURN, ALLOW)])
        lines += _where(_AT_LEAST, (_X32,), [_line(_RETURN, ERROR | ENOSYS)])
    decided = {name: [_line(_RETURN, ERROR | EPERM)] for name in REFUSED}
    decided |= {name: [_line(_RETURN, ERROR | ENOSYS)] for name in ABSENT}
    decided |= by_arguments
    if beside:
        decided |= {name: [_line(_RETURN, ERROR | ENOSYS)] for name in BESIDE}
        decided["prlimit64"] = _own_limits()
    return lines + _looked_up(sorted((of[name], decided[name]) for name in of if name in decided))


def _own_limits() -> _Lines:
    """A process sets its own limits; those of others it may see."""
    refuse = [_line(_RETURN, ERROR | EPERM)]
    return [
        _line(_LOAD, _FIRST),
        *_where(_EQUAL, (0,), [_line(_RETURN, ALLOW)]),
        _line(_LOAD, _THIRD),
        *_where(_AT_LEAST, (1,), refuse),
        _line(_LOAD, _THIRD + 4),
        *_where(_AT_LEAST, (1,), refuse),
        _line(_RETURN, ALLOW),
    ]


def _looked_up(decided: list[tuple[int, _Lines]]) -> _Lines:
    """A search by halves, by number: entering a filter, the kernel runs it for every call that there is."""
    if len(decided) <= _FEW:
        each = [_where(_EQUAL, (number,), lines) for number, lines in decided]
        return [*itertools.chain.from_iterable(each), _line(_RETURN, ALLOW)]
    middle = len(decided) // 2
    lower, upper = _looked_up(decided[:middle]), _looked_up(decided[middle:])
    return [_line(_AT_LEAST, decided[middle][0], yes=len(lower)), *lower, *upper]


def _decide(argument: int, test: int, values: Sequence[int], yes: int, no: int) -> _Lines:
    return [
        _line(_LOAD, argument),
        *_where(test, values, [_line(_RETURN, yes)]),
        _line(_RETURN, no),
    ]


def _where(test: int, values: Sequence[int], then: _Lines) -> _Lines:
    """``then`` for what one of ``values`` passes the test with; it is passed over otherwise."""
    last = len(values) - 1
    lines = [_line(test, value, yes=last - at) for at, value in enumerate(values[:-1])]
    return [*lines, _line(test, values[-1], no=len(then)), *then]


def _line(code: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    """``struct sock_filter``; ``yes`` and ``no`` say how many lines a test passes over."""
    return struct.pack("=HBBI", code, yes, no, value)
