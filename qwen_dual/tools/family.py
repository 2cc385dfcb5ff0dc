"""Finds every process of a command, those too that left its process group: ``setsid``, a daemon.

On Linux, through ``/proc``: children and grandchildren; whatever is in the command's session; and
whatever carries the command's mark in its environment, which a daemon inherits though all its
parents are gone. Elsewhere nothing is found, and the process group is all there is.

Not by making the agent a subreaper: it would have to reap processes it knows nothing of, and still
could not tell which command an orphan belongs to.
"""

from __future__ import annotations

import os
import signal

from msgspec import Struct

MARK = "QWEN_DUAL_COMMAND"
"""The variable that marks the processes of a command; its value is unique."""

_DEAD = (b"Z", b"X")


class _Process(Struct, frozen=True):
    pid: int
    state: bytes
    parent: int
    group: int
    session: int
    started: bytes


def members(leader: int, mark: str) -> list[int]:
    """The living processes of the command that ``leader`` began, itself included.

    Args:
        leader: the first process, which leads a session and a group of its own.
        mark: the value of ``MARK`` in its environment.
    """
    return [process.pid for process in _members(leader, mark)]


def send(leader: int, mark: str, number: signal.Signals) -> None:
    """Sends a signal to every process of a command; none goes to one that took over a number."""
    for process in _members(leader, mark):
        try:
            descriptor = os.pidfd_open(process.pid)
        except (OSError, AttributeError):
            continue  # it has gone meanwhile, or this is no Linux
        try:
            now = _read(process.pid)
            if now is not None and now.started == process.started:
                signal.pidfd_send_signal(descriptor, number)
        except OSError:
            pass  # gone, or another user's
        finally:
            os.close(descriptor)


def _members(leader: int, mark: str) -> list[_Process]:
    try:
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []
    processes = [process for process in map(_read, pids) if process is not None]
    marked = f"{MARK}={mark}".encode()
    own = os.getpid()
    found = {leader}
    found |= {
        process.pid
        for process in processes
        if leader in (process.group, process.session) or _carries(process.pid, marked)
    }
    grown = True
    while grown:
        children = {process.pid for process in processes if process.parent in found}
        grown = not children <= found
        found |= children
    return [
        process
        for process in processes
        if process.pid in found and process.pid != own and process.state not in _DEAD
    ]


def _read(pid: int) -> _Process | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The name, in parentheses, may hold anything; what follows it is in order.
            fields = file.read().rpartition(b")")[2].split()
        state, parent, group, session = fields[:4]
        return _Process(pid, state, int(parent), int(group), int(session), fields[19])
    except (OSError, ValueError, IndexError):
        return None  # it has gone meanwhile


def _carries(pid: int, marked: bytes) -> bool:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return marked in file.read().split(b"\0")
    except OSError:
        return False  # gone, or another user's
