"""Finds every process of a command, those too that left its process group: ``setsid``, a daemon.

On Linux, through ``/proc``: children and grandchildren; whatever is in the command's session; and
whatever carries the command's mark in its environment, which a daemon inherits though all its
parents are gone. Elsewhere nothing is found, and the process group is all there is.

Not by making the agent a subreaper: it would have to reap processes it knows nothing of, and still
could not tell which command an orphan belongs to.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from qwen_dual.fs import proc

if TYPE_CHECKING:
    import signal

MARK = "QWEN_DUAL_COMMAND"
"""The variable that marks the processes of a command; its value is unique."""


_OWN = os.urandom(8).hex()  # begins the marks of this process's commands, and of nobody else's


def new_mark() -> str:
    """A value for ``MARK`` that no other command has."""
    return f"{_OWN}.{os.urandom(8).hex()}"


def is_ours(pid: int) -> bool:
    """Whether a process carries the mark of a command that this process has begun."""
    ours = f"{MARK}={_OWN}.".encode()
    return any(entry.startswith(ours) for entry in proc.environment_of(pid))


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
        proc.send_signal(process.pid, number, process.is_there)


def send_marked(mark: str, number: signal.Signals, rounds: int = 1) -> None:
    """Sends a signal to all that carry a mark, and to their children, until there are none.

    For a command whose leader is gone, and its number perhaps another's by now.

    Args:
        mark: the value of ``MARK``.
        number: the signal.
        rounds: how often they are looked for: what was forked in between is found in the next.
    """
    for _ in range(rounds):
        found = _members(None, mark)
        for process in found:
            proc.send_signal(process.pid, number, process.is_there)
        if not found:
            return


def _members(leader: int | None, mark: str) -> list[proc.Stat]:
    processes = [process for process in map(proc.stat_of, proc.pids()) if process is not None]
    marked = f"{MARK}={mark}".encode()
    own = os.getpid()
    found = set() if leader is None else {leader}
    found |= {
        process.pid
        for process in processes
        if (leader is not None and leader in (process.group, process.session))
        or marked in proc.environment_of(process.pid)
    }
    grown = True
    while grown:
        children = {process.pid for process in processes if process.parent in found}
        grown = not children <= found
        found |= children
    return [
        process
        for process in processes
        if process.pid in found and process.pid != own and process.state not in proc.DEAD
    ]
