"""The socket of a session: where it is, what the hosts on it may do, and who is told of them."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from qwen_dual.cli.channel_options import AUTO_DIRECTORY
from qwen_dual.cli.places import DISABLED, private_directory
from qwen_dual.core.actor import Actor
from qwen_dual.fs.reasons import reason
from qwen_dual.protocol import HOST_RIGHTS, events
from qwen_dual.settings import keys
from qwen_dual.settings.host_keys import rights_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from qwen_dual.bridge.connection import Host
    from qwen_dual.cli.channels import Channels
    from qwen_dual.core.commands.rights import LimitedDispatcher
    from qwen_dual.protocol.command_shapes import Right
    from qwen_dual.runtime.opened import OpenSession


def open_socket(channels: Channels, path: str, session_id: str) -> None:
    """Opens the socket; that it cannot be is a warning.

    Args:
        channels: what is open besides.
        path: where; empty for a file named by the session in the person's own folder for such.
        session_id: of the session.
    """
    from qwen_dual.bridge.errors import ChannelError
    from qwen_dual.bridge.hosts import Hosts
    from qwen_dual.bridge.socket_file import SUFFIX, SocketFile, remove_left_behind

    try:
        if not path:
            path = _own_path(session_id + SUFFIX)
            remove_left_behind(os.path.dirname(path))
        channels.hosts = Hosts(SocketFile(os.path.abspath(path)))
    except ChannelError as error:
        channels.warnings.append(f"{DISABLED}{error}")
    except OSError as error:
        channels.warnings.append(f"{DISABLED}--socket: {reason(error)}")
    else:
        channels.paths = (*channels.paths, channels.hosts.path)


def _own_path(name: str) -> str:
    """Where a socket of this name is unless it is said; its folder is made.

    Raises:
        OSError: the folder cannot be made, or is not this user's alone.
    """
    from qwen_dual.bridge.socket_file import MAX_PATH_BYTES

    path = os.path.join(private_directory(AUTO_DIRECTORY), name)
    if len(os.fsencode(path)) > MAX_PATH_BYTES:  # a home that lies deep
        path = os.path.join(private_directory(f"/tmp/qwen-dual-{os.geteuid()}"), name)
    return path


class HostDesk:
    """Lets hosts in, and carries out what they may: see ``bridge.hosts.Desk``.

    Args:
        handle: the session.
        channels: all that is open.
    """

    def __init__(self, handle: OpenSession, channels: Channels) -> None:
        self._handle = handle
        self._channels = channels
        self._began = _time(datetime.now(UTC).timestamp())

    def rights_of(self, name: str) -> Collection[str]:
        """What the person's settings give it."""
        return rights_of(name, self._handle.launch.settings.get(keys.RIGHTS))

    def receive(self, host: Host, send: Callable[[events.Event], object]) -> LimitedDispatcher:
        """Carries out its commands, as far as it may."""
        rights = cast("Sequence[Right]", host.rights)
        actor = Actor("host", host.name)
        return self._handle.limited(actor, rights, send)

    def changed(self) -> None:
        """Tells everybody who is there."""
        session = self._handle.parts.session
        if not session.ended:
            session.publish(events.system("hosts_changed", {"hosts": self._present()}))

    def _present(self) -> list[dict[str, Any]]:
        hosts = self._channels.hosts
        assert hosts is not None
        told: list[dict[str, Any]] = [
            {"name": name, "rights": rights, "since": self._began}
            for name, rights in channel_hosts(self._channels)
        ]
        for host in hosts.present:
            about = {"name": host.name, "rights": list(host.rights), "since": _time(host.since)}
            told.append({**about, "pid": host.pid} if host.pid else about)
        return told


def channel_hosts(channels: Channels) -> list[tuple[str, list[str]]]:
    """The hosts ``file`` and ``fd``: what is open on the command line, and what can be done there."""
    found: dict[str, set[str]] = {}
    tee, source = channels.tee, channels.source
    if tee is not None and not tee.status().state.startswith("closed"):
        found.setdefault(_name(tee.status().target), set()).add("observe")
    if source is not None and source.state != "closed":
        found.setdefault(_name(source.target), set()).update(("approve", "submit", "control"))
    return [
        (name, [right for right in HOST_RIGHTS if right in rights])
        for name, rights in sorted(found.items(), reverse=True)
    ]


def _name(target: str) -> str:
    return "fd" if target.startswith(("fd ", "/dev/fd/")) else "file"


def _time(seconds: float) -> str:
    return (
        datetime.fromtimestamp(seconds, UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )
