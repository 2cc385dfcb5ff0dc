"""A session's socket without a session: a desk that notes what comes, and hosts as small as they can be."""

from __future__ import annotations

import json
import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel

from qwen_dual.bridge.hosts import Hosts
from qwen_dual.bridge.socket_file import SocketFile
from qwen_dual.protocol import COMMAND_TYPES, HOST_RIGHTS, events
from tests.bridge_out.outputs import Events

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Collection
    from pathlib import Path

    from qwen_dual.bridge.connection import Host
    from qwen_dual.protocol.command_shapes import Command
    from qwen_dual.protocol.events import Event


@dataclass
class Receiver:
    """The commands of one host."""

    host: Host
    send: Callable[[Event], object]
    commands: list[Command] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    closed: bool = False

    def command(self, command: Command) -> None:
        self.commands.append(command)

    def error(self, code: str, message: str, offset: int, command_id: str | None) -> None:
        self.errors.append(code)

    def close(self) -> None:
        self.closed = True


@dataclass
class Desk:
    """Lets everybody in with all rights, unless ``rights`` says less."""

    rights: dict[str, Collection[str]] = field(default_factory=dict)
    receivers: list[Receiver] = field(default_factory=list)
    changes: int = 0

    def rights_of(self, name: str) -> Collection[str]:
        return self.rights.get(name, HOST_RIGHTS)

    def receive(self, host: Host, send: Callable[[Event], object]) -> Receiver:
        self.receivers.append(Receiver(host, send))
        return self.receivers[-1]

    def changed(self) -> None:
        self.changes += 1


@dataclass
class Room:
    """An open socket: ``source`` emits events, ``desk`` has what hosts send."""

    hosts: Hosts
    desk: Desk
    source: Events
    path: str
    peers: list[Peer] = field(default_factory=list)

    def call(self) -> Peer:
        """A connection that has said nothing."""
        self.peers.append(Peer(self.path))
        return self.peers[-1]

    async def until(self, condition: Callable[[], bool]) -> None:
        with anyio.fail_after(30):
            while not condition():
                await anyio.lowlevel.checkpoint()

    async def join(self, **hello: Any) -> Peer:
        """A host that has been greeted."""
        peer = self.call()
        peer.send({"type": "hello", "name": "zed", **hello})
        await peer.line()
        return peer


@asynccontextmanager
async def open_room(folder: Path, *, ring_bytes: int = 4 << 20) -> AsyncGenerator[Room, None]:
    """A socket in ``folder`` that takes hosts, with ``session_start`` told."""
    path = str(folder / "s.sock")
    hosts, desk = Hosts(SocketFile(path), ring_bytes=ring_bytes), Desk()
    room = Room(hosts, desk, Events(hosts), path)
    start: dict[str, object] = {"session_id": "s", "agent": "qwen-dual", "pid": 7}
    start["supported_commands"] = list(COMMAND_TYPES)
    room.source.send(events.system("session_start", start))
    async with anyio.create_task_group() as group:
        group.start_soon(hosts.run, desk)
        try:
            yield room
        finally:
            group.cancel_scope.cancel()
            hosts.close()
            for peer in room.peers:
                peer.close()


class Peer:
    """A host: one connection, lines as dicts."""

    def __init__(self, path: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.setblocking(False)
        try:
            self.socket.connect(path)
        except BlockingIOError:
            self.socket.close()
            raise
        self.events: list[dict[str, Any]] = []
        self._data = b""
        self.over = False

    def send(self, *lines: dict[str, Any] | bytes) -> None:
        for line in lines:
            data = line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n"
            self.socket.sendall(data)

    def read(self) -> None:
        """Takes what is there."""
        while not self.over:
            try:
                piece = self.socket.recv(1 << 16)
            except BlockingIOError:
                return
            except ConnectionResetError:
                piece = b""
            self.over = not piece
            self._data += piece
            *lines, self._data = self._data.split(b"\n")
            self.events += map(json.loads, lines)

    async def line(self, number: int = 1) -> dict[str, Any]:
        """The first line, or one of a later number."""
        await self.until(lambda: len(self.events) >= number)
        return self.events[number - 1]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Reads until something holds."""
        with anyio.fail_after(30):
            while not condition():
                if self.over:
                    raise EOFError(f"the connection ended behind {self.events[-1:]}")
                with anyio.move_on_after(0.05):
                    await anyio.wait_readable(self.socket)
                self.read()

    async def end(self) -> None:
        """Reads until the other side closes."""
        with anyio.fail_after(30):
            while not self.over:
                await anyio.wait_readable(self.socket)
                self.read()

    def known(self) -> set[int]:
        """The numbers that it has, or knows to be gone; each event once."""
        have: set[int] = set()
        for event in self.events:
            if event.get("data", {}).get("resumed"):
                have |= set(range(1, event["data"]["next_seq"]))
            elif event.get("subtype") == "gap":
                gone = set(range(event["data"]["from_seq"], event["data"]["to_seq"] + 1))
                assert not gone & have, "a gap over what came"
                have |= gone
            elif event["seq"] not in have or event["type"] == "control_request":
                have.add(event["seq"])
        return have

    def close(self) -> None:
        self.over = True
        self.socket.close()
