"""Who is at the other end of a Unix socket, and whether they may be there."""

from __future__ import annotations

import os
import socket
import struct
from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.fs.proc import stat_of

if TYPE_CHECKING:
    from collections.abc import Callable

_CREDENTIALS = struct.Struct("3i")  # struct ucred
_MAX_DEPTH = 64


class Peer(Struct, frozen=True):
    """A process, as it was when it connected.

    Attributes:
        pid: 0 where the system does not tell.
        uid: its user.
    """

    pid: int
    uid: int


class Refusal(Exception):
    """Why a connection is not taken.

    Attributes:
        code: for programs: ``other_user``, ``own_child``, ``invalid``, ``no_right`` …
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def peer_of(connected: socket.socket) -> Peer:
    """Who connected. Where the system tells nothing, the folder is what keeps others out."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return Peer(0, os.geteuid())
    pid, uid, _ = _CREDENTIALS.unpack(
        connected.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size)
    )
    return Peer(pid, uid)


def check_peer(peer: Peer, parent_of: Callable[[int], int] | None = None) -> None:
    """Lets only this user's processes in, and none that this session started.

    A command that a tool runs could else allow what it asks for by itself.

    Args:
        peer: who connected.
        parent_of: tells the parent of a process, 0 where it is not known; the system unless given.

    Raises:
        Refusal: they may not.
    """
    user = os.geteuid()
    if peer.uid != user:
        raise Refusal(
            "other_user",
            f"this session belongs to the user with uid {user}, and you are uid {peer.uid}",
        )
    find, pid, own = parent_of or _parent_of, peer.pid, os.getpid()
    if pid == own:
        return
    for _ in range(_MAX_DEPTH):
        if pid <= 1:
            return
        pid = find(pid)
        if pid == own:
            raise Refusal(
                "own_child",
                "a process that this session started cannot steer it; connect from another",
            )


def _parent_of(pid: int) -> int:
    found = stat_of(pid)
    return 0 if found is None else found.parent
