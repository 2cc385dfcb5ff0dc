"""When this process was made, and what of an input file came after that.

A host may append its first command as soon as it has spawned us, long before a busy machine lets us look
at the file. Its time tells: what was written after the process was made is new. Where the process was
given a terminal of its own, the time of that decides: it was opened for the process, just before it.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from qwen_dual.fs.proc import stat_of

if TYPE_CHECKING:
    from collections.abc import Callable

_PIECE = 64 * 1024

_COARSE = 5  # CLOCK_REALTIME_COARSE, which most files are stamped by
_OPENED_FOR_IT = 1.0
"""Seconds by which a terminal may be older than the process that it was opened for."""


def started_at() -> float | None:
    """Seconds since the epoch by which this process was there, a few milliseconds late at most.

    None where the system does not tell (not Linux).
    """
    stat = stat_of()
    if stat is None:
        return None
    try:
        now, uptime = time.time(), time.clock_gettime(time.CLOCK_BOOTTIME)
        hertz = os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, AttributeError):
        return None
    latest = now - uptime + (stat.started + 1) / hertz
    try:
        with open("/proc/self/schedstat", "rb") as schedule:
            waited = int(schedule.read().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return latest
    # A tick is 10 ms; what it ran and waited to run says it more exactly, but for the time it slept or
    # the machine's host had the processor. The clock is read last: what runs in between must not make
    # the start seem earlier than it was.
    busy = time.process_time() + waited
    return min(latest, time.time() - busy)


def divide() -> float | None:
    """What an input file is compared with: changes after this were meant for this process.

    The start itself is known too late by the milliseconds that nobody counts, and a host's first
    command may come within the first of them. None where the system does not tell.
    """
    started = started_at()
    if started is None:
        return None
    try:
        # Of a terminal that we do not lead, a shell's, the age says nothing.
        opened = os.fstat(0).st_ctime if os.getsid(0) == os.getpid() and os.isatty(0) else 0.0
    except OSError:
        return started
    return opened if started - _OPENED_FOR_IT <= opened <= started else started


def is_tick(stamp: float) -> bool:
    """Whether a time is one of the clock that ticks every few milliseconds, and not an exact one."""
    try:
        tick = time.clock_getres(_COARSE)
        ticks = (time.clock_gettime(_COARSE) - stamp) / tick
    except OSError:  # not Linux
        return False
    return abs(ticks - round(ticks)) < 0.01


def new_from(
    path: str,
    noted: os.stat_result,
    started: float | None,
    born: Callable[[str], float | None] | None = None,
    ticked: Callable[[float], bool] = is_tick,
) -> int:
    """The byte of a regular file from which on it is certain that it was written after the start.

    Of a file that is older than the process this is the last line, as the time of the last write is
    all that is known; of a younger one it is its first byte. What has the very time of the start, by
    a clock that ticks, counts as later: a host would wait for a lost command for good. An exact time
    was handed out before whatever else has it.

    Args:
        path: the file.
        noted: its status, as early as it could be had.
        started: what ``divide`` said.
        born: tells when a file was made; None for the system's word.
        ticked: tells whether a time is one of a clock that ticks.
    """

    def later(stamp: float) -> bool:
        assert started is not None
        return stamp > started or (stamp == started and ticked(stamp))

    if started is None or not noted.st_size or not later(noted.st_mtime):
        return noted.st_size
    made = (born or birth_time)(path)
    if made is not None and later(made):
        return 0
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return noted.st_size
    try:
        return _last_line(fd, noted.st_size)
    except OSError:
        return noted.st_size
    finally:
        os.close(fd)


def birth_time(path: str) -> float | None:
    """When a file was made, in seconds since the epoch; None where the system does not tell."""
    if sys.platform != "linux":
        return getattr(os.stat(path), "st_birthtime", None)
    import ctypes

    at_fdcwd, symlink_nofollow, want_btime = -100, 0x100, 0x800
    found = ctypes.create_string_buffer(256)
    try:
        statx = ctypes.CDLL(None).statx
        failed = statx(at_fdcwd, os.fsencode(path), symlink_nofollow, want_btime, found)
    except (AttributeError, OSError):
        return None
    fields = found.raw  # struct statx: stx_mask first, stx_btime at 80
    if failed or not int.from_bytes(fields[:4], sys.byteorder) & want_btime:
        return None
    seconds = int.from_bytes(fields[80:88], sys.byteorder, signed=True)
    return seconds + int.from_bytes(fields[88:92], sys.byteorder) / 1e9


def _last_line(fd: int, size: int) -> int:
    """Where the last line begins of the first ``size`` bytes."""
    end = size - 1  # the newline that ends it does not count
    while end > 0:
        start = max(0, end - _PIECE)
        found = os.pread(fd, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
