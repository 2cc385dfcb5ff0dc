"""What Linux tells of processes in ``/proc``; elsewhere, and of what has gone, there is nothing."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable

DEAD = (b"Z", b"X")
"""States of a process that has ended and was not reaped yet."""

EXEC_SECONDS = 0.25
"""How long a process is waited for that is about to begin a program."""

EXEC_POLL = 0.002


class Stat(Struct, frozen=True):
    """What ``/proc/<pid>/stat`` says of a process; each of its fields is read when it is asked for.

    Attributes:
        pid: its number.
        fields: what stands behind its name, the state first: field N of proc(5) is ``fields[N - 3]``.
    """

    pid: int
    fields: list[bytes]

    @property
    def state(self) -> bytes:
        """``R``, ``S``, ``Z`` …"""
        return self.fields[0]

    @property
    def parent(self) -> int:
        """The process that started it, or took it over."""
        return int(self.fields[1])

    @property
    def group(self) -> int:
        """Its process group."""
        return int(self.fields[2])

    @property
    def session(self) -> int:
        """Its session."""
        return int(self.fields[3])

    @property
    def cpu_ticks(self) -> int:
        """User and system time, that of its reaped children included."""
        return sum(map(int, self.fields[11:15]))

    @property
    def started(self) -> int:
        """When it began, in ticks since the boot: a later process of this number has another."""
        return int(self.fields[19])

    def is_there(self) -> bool:
        """Whether it is still there, and its number is not another's by now."""
        now = stat_of(self.pid)
        return now is not None and now.started == self.started

    @property
    def is_executing(self) -> bool:
        """Whether it is about to begin a program, and nobody can say yet with what environment.

        Whoever started it may know already that it runs; on a busy machine that lasts.
        """
        begun, has_memory = self.environment[1] > 0, int(self.fields[20]) > 0
        return has_memory and not begun

    @property
    def environment(self) -> tuple[int, int]:
        """Where in its memory the environment begins that it was started with, and where it ends."""
        return int(self.fields[47]), int(self.fields[48])


def parse(text: bytes) -> Stat | None:
    """One line of ``stat``; None where it is none, as of a process that is just going."""
    # The name, in parentheses, may hold anything, parentheses too; what follows is in order.
    number, _, rest = text.partition(b" (")
    fields = rest.rpartition(b")")[2].split()
    return Stat(int(number), fields) if number.isdigit() and fields else None


def pids() -> list[int]:
    """All processes there are now."""
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []


def stat_of(pid: int | None = None) -> Stat | None:
    """One process, this one unless a number is given; None where it is gone."""
    try:
        with open(f"/proc/{pid or 'self'}/stat", "rb") as file:
            return parse(file.read())
    except OSError:
        return None


def environment_of(pid: int) -> list[bytes]:
    """The ``NAME=value`` that it was started with; empty for another user's.

    Blocks as long as it is about to begin a program, ``EXEC_SECONDS`` at the most: till then it has none.
    """
    until = time.monotonic() + EXEC_SECONDS
    settled = False
    while True:
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                text = file.read()
        except OSError:
            return []
        if text or settled or time.monotonic() > until:
            return text.split(b"\0")
        stat = stat_of(pid)
        settled = stat is None or not stat.is_executing  # then the next reading has all there is
        if not settled:
            time.sleep(EXEC_POLL)


def is_confined(pid: int | None = None) -> bool:
    """Whether a process, or this one, has given up for good to gain rights: as all in a sandbox have."""
    try:
        with open(f"/proc/{pid or 'self'}/status", "rb") as file:
            return b"\nNoNewPrivs:\t1\n" in file.read()
    except OSError:
        return False


def namespace_of(pid: int) -> str:
    """Which process namespace it is in; empty for another user's."""
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return ""


def send_signal(pid: int, number: signal.Signals, same: Callable[[], bool]) -> None:
    """Sends a signal to a process that was found before; nothing happens where it cannot be.

    Args:
        pid: its number, which may have become another's meanwhile.
        number: the signal.
        same: tells whether it is still the one that was meant; asked while the number is held.
    """
    try:
        descriptor = os.pidfd_open(pid)
    except (OSError, AttributeError):
        return  # it has gone meanwhile, or this is no Linux
    import signal  # not for the start, which asks for its own time alone

    try:
        if same():
            signal.pidfd_send_signal(descriptor, number)
    except OSError:
        pass  # gone, or another user's
    finally:
        os.close(descriptor)
