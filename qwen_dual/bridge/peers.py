"""Who is at the other end of a Unix socket, and whether they may be there."""

from __future__ import annotations

import os
import socket
import struct

from msgspec import Struct

from qwen_dual.fs.family import is_ours
from qwen_dual.fs.proc import is_confined, stat_of

_CREDENTIALS = struct.Struct("3i")  # struct ucred
_MAX_DEPTH = 10_000
"""Ancestors that are looked at; whoever has more hides behind them."""


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


def check_peer(peer: Peer) -> None:
    """Lets only this user's processes in, and no command of a session.

    One that this session started could else allow by itself what it asks for, and one in the sandbox of
    another session have this one do what it may not. One whose parents have ended is known by the
    mark that commands are started with. Without a sandbox a program can take that off, as it can do
    whatever else this user can.

    Raises:
        Refusal: they may not.
    """
    user = os.geteuid()
    if peer.uid != user:
        raise Refusal(
            "other_user",
            f"this session belongs to the user with uid {user}, and you are uid {peer.uid}",
        )
    if peer.pid in (0, os.getpid()):  # not told, or a program that has its host in itself
        return
    if is_confined(peer.pid) and not is_confined():
        raise Refusal(
            "confined",
            "a process in a sandbox, or without the right to new ones, cannot steer a session",
        )
    pid = peer.pid
    for _ in range(_MAX_DEPTH):
        found = stat_of(pid)
        if found is None:
            if pid == peer.pid and stat_of() is not None:
                raise Refusal("gone", "the process that connected has ended")
            return
        if is_ours(pid):
            break
        pid = found.parent
        if pid == 0:  # the first process of all
            return
        if pid == os.getpid():
            break
    raise Refusal(
        "own_child", "a process that this session started cannot steer it; connect from another"
    )
