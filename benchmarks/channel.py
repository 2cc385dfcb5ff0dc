"""The host's ends of both channels: the events file with arrival times, and the input file.

A regular file, the one output that every program writes in full (some lose what a FIFO does not
take at once, some do not hand an inherited pipe on when they start themselves anew). A thread asks
for new bytes every 0.1 ms, in a burst every millisecond, and notes the clock; taking lines apart
is left to whoever waits.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_READ = 1 << 20
_POLL = 0.000_05
_POLL_BURST = 0.001  # while a long answer comes, so that asking takes no CPU time from its sender


@dataclass(frozen=True, slots=True)
class Arrival:
    """One event line and when its last byte had come, on the monotonic clock."""

    ns: int
    line: bytes

    @property
    def event(self) -> dict[str, Any]:
        """The line as JSON."""
        event: dict[str, Any] = json.loads(self.line)
        return event


class Events:
    """Follows a file that it makes itself; close it at the end."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._pieces: deque[tuple[int, bytes]] = deque()
        self._came = threading.Condition()
        self._half = b""
        self._lines: deque[Arrival] = deque()
        self._closing = False
        self._thread = threading.Thread(target=self._follow, name="events", daemon=True)
        self._thread.start()

    def wait_for(
        self, hint: bytes, matches: Callable[[dict[str, Any]], bool], timeout: float = 60
    ) -> Arrival:
        """The next event that matches; those before it are dropped.

        Args:
            hint: bytes that every matching line holds; others are not parsed.
            matches: tells by the event.
            timeout: seconds.

        Raises:
            TimeoutError: none came in time.
        """
        deadline = time.monotonic() + timeout
        last = b"nothing"
        while True:
            while self._lines:
                arrival = self._lines.popleft()
                last = arrival.line
                if hint in last and matches(arrival.event):
                    return arrival
            if not self._fetch(deadline - time.monotonic()):
                wanted = f"no {hint.decode()!r} event came in {timeout} s"
                raise TimeoutError(f"{wanted}; the last one was {last[:200]!r}")

    def take(self) -> list[Arrival]:
        """All that has come and was not waited for."""
        while self._fetch(0):
            pass
        lines = list(self._lines)
        self._lines.clear()
        return lines

    def close(self) -> None:
        """Ends the thread and closes the file."""
        self._closing = True
        self._thread.join(5)
        os.close(self._fd)

    def _fetch(self, timeout: float) -> bool:
        with self._came:
            if not self._came.wait_for(lambda: self._pieces, max(0, timeout)):
                return False
            pieces = list(self._pieces)
            self._pieces.clear()
        for ns, data in pieces:
            *whole, self._half = (self._half + data).split(b"\n")
            self._lines.extend(Arrival(ns, line) for line in whole if line)
        return True

    def _follow(self) -> None:
        while not self._closing:
            data = os.read(self._fd, _READ)
            if not data:
                time.sleep(_POLL)  # the kernel adds its timer slack of 0.05 ms
                continue
            now = time.monotonic_ns()
            with self._came:
                self._pieces.append((now, data))
                self._came.notify()
            time.sleep(_POLL_BURST)


class Commands:
    """Appends commands to an input file that it makes itself."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.touch(0o600)

    def send(self, command: dict[str, Any]) -> int:
        """Appends one line in one write; returns the monotonic clock just before it, in ns."""
        line = json.dumps(command).encode() + b"\n"
        # Opened for each line, as a shell's >> does it.
        fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        try:
            began = time.monotonic_ns()
            os.write(fd, line)
        finally:
            os.close(fd)
        return began
