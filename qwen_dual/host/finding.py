"""Which sessions run on this machine, for programs that did not start them. Writes nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import to_builtins

from qwen_dual.fs.home import runtime_directory
from qwen_dual.host.errors import NoSuchSession
from qwen_dual.running import listing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class RunningSession:
    """A session that ran when it was looked for.

    Attributes:
        v: the form of its record, 1 or a later one.
        pid: its process.
        session_id: of the conversation now; ``/clear`` and ``/resume`` change it.
        agent: the program.
        version: of the program.
        cwd: the folder that it works in.
        title: how its first prompt begins, in one line; empty before there is one, or where the session
            is not saved.
        started_at: when it began, in seconds since the epoch.
        socket: where hosts connect to; None where it has none.
        events: the file or FIFO that its events go to; None where there is none with a name.
        input: the same for commands.
        state: the word of its latest ``state`` event, some tenths of a second old at the most.
        state_at: since when, in seconds since the epoch.
        waits: whether a person is to answer something: a request, or a prompt that is to be looked at.
    """

    v: int
    pid: int
    session_id: str
    agent: str
    version: str
    cwd: str
    title: str
    started_at: float
    socket: str | None
    events: str | None
    input: str | None
    state: str
    state_at: float
    waits: bool


def running(env: Mapping[str, str] | None = None) -> list[RunningSession]:
    """The sessions of this user that run now: those that wait for a person first.

    Each has a lock that the kernel drops with its process: one that was killed is not among them, even
    if its pid is another's by now. It reads a few small files, and writes none.

    Args:
        env: whose ``XDG_RUNTIME_DIR``, ``QWEN_HOME`` and ``HOME`` say where the records are; this
            program's unless given.

    Raises:
        OSError: the folder of the records cannot be read, or others may have a hand in it.
    """
    folder = runtime_directory(os.environ if env is None else env)
    return [RunningSession(**to_builtins(record)) for record in listing.running(folder)]


def find(wanted: str | None, sessions: Sequence[RunningSession], cwd: str = "") -> RunningSession:
    """The one session that somebody means.

    Args:
        wanted: an id, how one begins, or the number of a process; None for the only one that there is.
        sessions: those that run.
        cwd: with several and nothing else said, the only one of this folder is meant.

    Raises:
        NoSuchSession: it is none of them, or may be several; says which there are.
    """
    if wanted is None:
        found = list(sessions)
        here = [one for one in found if one.cwd == cwd]
        found = here if len(here) == 1 else found
    else:
        lower = wanted.lower()
        exact = [one for one in sessions if lower in (one.session_id.lower(), str(one.pid))]
        found = exact or [
            one for one in sessions if lower and one.session_id.lower().startswith(lower)
        ]
    if len(found) != 1:
        raise NoSuchSession(wanted, [one.session_id for one in found or sessions], len(found))
    return found[0]
