"""Every kind of output, opened the way a host would, with a reader at its other end."""

from __future__ import annotations

import json
import os
import socket
from typing import TYPE_CHECKING, Any

from qwen_dual.bridge.sinks import open_sink
from qwen_dual.protocol import events

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from qwen_dual.bridge.sinks import Sink

KINDS = ("file", "inherited file", "fifo", "pipe", "socket", "dev fd")


class Output:
    """A sink and the bytes that came out of it.

    Args:
        kind: one of ``KINDS``.
        folder: an empty folder of this test.
    """

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.data = b""
        self._fds: list[int] = []
        self._path = folder / "events"
        self._reader: int | None = None
        self.sink = self._open()

    def _open(self) -> Sink:
        if self.kind == "file":
            return open_sink(path=str(self._path))
        if self.kind == "inherited file":
            fd = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
            self._fds.append(fd)
            return open_sink(fd=fd)
        if self.kind == "fifo":
            os.mkfifo(self._path)
            self._reader = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK)
            return open_sink(path=str(self._path))
        if self.kind == "socket":
            ours, theirs = socket.socketpair()
            self._reader = ours.detach()
            fd = theirs.detach()
        else:
            self._reader, fd = os.pipe()
        os.set_blocking(self._reader, False)
        self._fds.append(fd)
        if self.kind == "dev fd":
            return open_sink(path=f"/dev/fd/{fd}")
        return open_sink(fd=fd)

    def read(self) -> bytes:
        """All that came so far."""
        if self._reader is None:
            self.data = self._path.read_bytes()
            return self.data
        while True:
            try:
                piece = os.read(self._reader, 1 << 16)
            except BlockingIOError:
                return self.data
            if not piece:
                return self.data
            self.data += piece

    def lines(self) -> list[dict[str, Any]]:
        """All whole lines so far."""
        return [json.loads(line) for line in self.read().split(b"\n")[:-1]]

    def close(self) -> None:
        """Closes what the host side holds."""
        for fd in (*self._fds, self._reader):
            if fd is not None:
                os.close(fd)
        self._fds, self._reader = [], None


class Events:
    """Makes stamped events and hands them to a tee."""

    def __init__(self, emit: Callable[[events.Event], None]) -> None:
        self.seq = 0
        self._emit = emit

    def send(self, body: events.Event) -> int:
        """Stamps and emits; returns the number."""
        self.seq += 1
        self._emit(events.stamp(body, session_id="s", seq=self.seq))
        return self.seq

    def start(self) -> int:
        """The first event."""
        return self.send(events.system("session_start", {"session_id": "s", "model": "a"}))

    def delta(self, text: str = "word ") -> int:
        """A text delta."""
        return self.send(events.text_delta(0, text))

    def note(self, text: str = "note") -> int:
        """An event that is no delta."""
        return self.send(events.notice(text))

    def ask(self, request_id: str) -> int:
        """A control_request."""
        return self.send(events.control_request(request_id, {"subtype": "can_use_tool"}))

    def resolve(self, request_id: str) -> int:
        """Its response."""
        return self.send(events.control_response(request_id, allowed=True, resolved_by="input"))
