"""Doubles for the input channel: every kind of input with its writer, and a collector."""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio

from qwen_dual.bridge.connection import ConnectionSource
from qwen_dual.bridge.lines import Line
from qwen_dual.bridge.reader import CommandReader, open_path
from qwen_dual.bridge.sources import FdSource

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from qwen_dual.bridge.path_source import PathSource
    from qwen_dual.bridge.reader import InputError
    from qwen_dual.protocol.command_shapes import Command

KINDS = ("file", "fifo", "pipe", "socket", "host")


@dataclass
class Collector:
    """What a reader handed over, in order; ``until`` waits for it."""

    commands: list[Command] = field(default_factory=list)
    errors: list[InputError] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    _changed: anyio.Event | None = None

    def on_command(self, command: Command) -> None:
        self.commands.append(command)
        self._tell()

    def on_error(self, error: InputError) -> None:
        self.errors.append(error)
        self._tell()

    def on_warning(self, text: str) -> None:
        self.warnings.append(text)
        self._tell()

    def _tell(self) -> None:
        if self._changed is not None:
            self._changed.set()

    @property
    def texts(self) -> list[str]:
        return [str(getattr(command, "text", command.type)) for command in self.commands]

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._changed = anyio.Event()
            await self._changed.wait()


@dataclass
class Channel:
    """One input of some kind, and a blocking way to write into it."""

    kind: str
    reader: CommandReader
    seen: Collector
    write: Callable[[bytes], None]
    path: Path | None = None


def send_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def append(path: Path, data: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        send_all(fd, data)
    finally:
        os.close(fd)


@contextmanager
def open_channel(kind: str, tmp_path: Path) -> Iterator[Channel]:
    """A reader over one input of ``kind``; the writing end is closed at the end."""
    seen = Collector()
    path = tmp_path / "input"
    if kind in ("file", "fifo"):
        if kind == "fifo":
            os.mkfifo(path, 0o600)
        reader = path_reader(path, seen)
        if kind == "file":
            yield Channel(kind, reader, seen, lambda data: append(path, data), path)
        else:
            with path.open("wb", buffering=0) as fifo:
                yield Channel(kind, reader, seen, lambda data: send_all(fifo.fileno(), data), path)
        return
    if kind == "pipe":
        reading, writing = os.pipe()
    else:
        ours, theirs = socket.socketpair()
        reading, writing = ours.detach(), theirs.detach()
    reader = fd_reader(reading, seen)
    if kind == "host":  # a connection to the session's own socket, behind its hello
        connected = socket.socket(fileno=os.dup(reading))
        connected.setblocking(False)
        source = ConnectionSource(connected)
        reader = source_reader(source, seen)
    try:
        yield Channel(kind, reader, seen, lambda data: send_all(writing, data))
    finally:
        os.close(reading)
        os.close(writing)
        if kind == "host":
            connected.close()


def fd_reader(fd: int, seen: Collector) -> CommandReader:
    return source_reader(FdSource(fd), seen)


def source_reader(source: FdSource | ConnectionSource, seen: Collector) -> CommandReader:
    return CommandReader(
        source,
        None,
        on_command=seen.on_command,
        on_error=seen.on_error,
        on_warning=seen.on_warning,
    )


def path_reader(path: Path, seen: Collector, start_offset: int = 0) -> CommandReader:
    return open_path(
        str(path),
        on_command=seen.on_command,
        on_error=seen.on_error,
        on_warning=seen.on_warning,
        start_offset=start_offset,
    )


def while_reading(reader: CommandReader, scenario: Callable[[], Awaitable[None]]) -> None:
    """Runs ``scenario`` beside the reader, then cancels the reader."""

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(reader.run)
            await scenario()
            group.cancel_scope.cancel()

    anyio.run(main)


def drain(source: PathSource | FdSource) -> tuple[list[bytes], list[str], list[str]]:
    """Steps until nothing is left: the lines, the codes of bad lines, the warnings."""
    lines: list[bytes] = []
    codes: list[str] = []
    warnings: list[str] = []
    more = True
    while more:
        step = source.step()
        for item in step.items:
            if isinstance(item, Line):
                lines.append(item.data)
            else:
                codes.append(item.code)
        if step.warning is not None:
            warnings.append(step.warning)
        more = step.more
    return lines, codes, warnings
