"""What is told of the hosts of a session, and to one that is not let in."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from qwen_dual.protocol.shapes import Envelope

HostRight = Literal["observe", "approve", "submit", "control"]


class GrantedHost(TypedDict):
    """In a ``session_start``: what the host that reads it is called here, and what it may do."""

    name: str
    rights: list[HostRight]


class PresentHost(GrantedHost):
    """A host that is there.

    ``since`` is a time in UTC (ISO 8601). ``pid`` is that of its process, where the system tells; the
    channels of the command line are the hosts ``file`` and ``fd`` and have none.
    """

    since: str
    pid: NotRequired[int]


class HostsChangedData(TypedDict):
    """All that are there."""

    hosts: list[PresentHost]


class HostsChanged(Envelope):
    """A host came or went."""

    type: Literal["system"]
    subtype: Literal["hosts_changed"]
    data: HostsChangedData


class RefusedData(TypedDict):
    """Why: a ``code`` for programs, such as ``other_user``, ``bad_name`` or ``no_right``."""

    code: str
    message: str


class Refused(Envelope):
    """The only line of a connection to the socket that is not taken; it tells nothing of the session."""

    type: Literal["system"]
    subtype: Literal["refused"]
    data: RefusedData
