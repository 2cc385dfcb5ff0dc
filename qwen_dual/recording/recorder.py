"""Runs a program in a terminal for a person, unchanged, and keeps what it paints and what it tells.

Reads and keeps; what the person's own terminal is, and how its modes and signals are handled, its user
knows (``cli``). Everything is on one clock, which begins when the program does.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import time
from typing import TYPE_CHECKING, Any

from qwen_dual.fs.reasons import reason
from qwen_dual.host.pty import Child
from qwen_dual.recording.cast import CastWriter
from qwen_dual.recording.event_log import EventLog
from qwen_dual.recording.event_pipe import EventPipe
from qwen_dual.recording.folder import RecordingError, without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from qwen_dual.host.records import Exit
    from qwen_dual.recording.event_log import Mark
    from qwen_dual.recording.folder import NewRecording

PIPE_BYTES = 1 << 20
HANG_UP_SECONDS = 1.0
"""What the end of a program waits for its events: a child that it leaves behind may hold on to them."""
TAKEN = ("--json-fd", "--json-file", "--jsonFd", "--jsonFile", "--json_fd", "--json_file")
"""What a command must not have itself: there is one way out for its events, and it is recorded."""


class Recorder:
    """One program that is recorded.

    Args:
        command: the program and its arguments; where its events go is added at the end.
        recording: where it is kept.
        columns: the width of the person's terminal.
        rows: its height.
        cwd: where the program starts.
        env: the whole environment.
        max_bytes: at this size the recording ends, and the program goes on; 0 for no bound.

    Attributes:
        stopped: why nothing is kept any more; empty while it is.

    Raises:
        RecordingError: the command has an output for its events already.
        SpawnFailed: the program cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        recording: NewRecording,
        *,
        columns: int,
        rows: int,
        cwd: str,
        env: Mapping[str, str],
        max_bytes: int = 0,
    ) -> None:
        taken = next((part for part in command if part.partition("=")[0] in TAKEN), None)
        if taken is not None:
            raise RecordingError(
                f"{taken}: the events go into the recording; leave it out, and follow events.jsonl in "
                "the folder of the recording (-o DIR), which grows as they come"
            )
        self.stopped = ""
        self._recording = recording
        self._max = max_bytes
        self._pipe = EventPipe(command)
        _widen(self._pipe.fd)
        self._began = time.monotonic()
        self._about: dict[str, Any] = {
            "command": without_secrets(command),
            "cwd": cwd,
            "started_at": time.time(),
            "columns": columns,
            "rows": rows,
            "term": env.get("TERM", ""),
        }
        try:
            self.child = Child(
                [*command, *self._pipe.arguments],
                cwd=cwd,
                env=env,
                columns=columns,
                rows=rows,
                pass_fds=self._pipe.pass_fds,
            )
        except BaseException:
            self._pipe.close()
            raise
        self._pipe.spawned()
        self._cast = CastWriter(
            recording.cast_fd,
            columns,
            rows,
            started=self._about["started_at"],
            term=self._about["term"],
            about={
                "command": " ".join(self._about["command"]),
                "x-qwen-dual": {"events": "events.jsonl"},
            },
        )
        self._log = EventLog(recording.events_fd, recording.index_fd)
        self._described: dict[str, Any] = {}
        self._describe()

    def painted(self, data: bytes) -> None:
        """Keeps what the program has painted."""
        if not self.stopped:
            self._keeping(lambda: self._cast.output(self._now(), data))

    def resize(self, columns: int, rows: int) -> None:
        """The person's terminal has another size, and so has the program's."""
        self.child.resize(columns, rows)
        if not self.stopped:
            self._keeping(lambda: self._cast.resize(self._now(), columns, rows))

    @property
    def events_fd(self) -> int:
        """What the events are read from; -1 once it is closed."""
        return self._pipe.fd

    def take_events(self) -> int | None:
        """Keeps the events that have come: how many bytes; None when none will come any more."""
        count = 0
        while data := self._read():
            self._write(data)
            count += len(data)
        return count if data is None else None

    def finish(self, exit: Exit) -> int:
        """Keeps what is left; the status that a shell would give the program.

        What was started may be a launcher: the last words of what it has started come after its end.
        """
        self._pipe.ended()
        last = time.monotonic() + HANG_UP_SECONDS
        while (data := self._read()) or (data is None and self._waits(last)):
            if data:
                self._write(data)
        now = self._now()
        status = exit.status if exit.status is not None else 128 + (exit.signal or 0)
        if not self.stopped:
            self._keeping(lambda: self._mark(now, self._log.finish(now)))
            self._keeping(lambda: self._cast.exit(now, status))
        self._about |= {"ended_at": time.time(), "seconds": round(now, 6), "exit_status": status}
        self._close()
        return status

    def _close(self) -> None:
        if self._log.lost:
            self._about["lost_events"] = self._log.lost
        self._describe()
        self._cast.close()
        self._log.close()
        self._pipe.close()

    def _write(self, data: bytes) -> None:
        if self.stopped:
            return
        now = self._now()

        self._keeping(lambda: self._mark(now, self._log.take(now, data)))
        if self._log.start and "agent" not in self._about:
            start = self._log.start
            names = ("session_id", "agent", "version", "model", "protocol_version")
            self._about |= {name: start.get(name) for name in names}
            self._describe()
        if self._max and self._cast.written + self._log.written >= self._max:
            self._stop("max_size", f"it reached its bound of {self._max:,} bytes")

    def _mark(self, now: float, marks: Sequence[Mark]) -> None:
        for mark in marks:
            self._cast.marker(now, str(mark))

    def _keeping(self, act: Callable[[], object]) -> None:
        """Does something to the files; the person's program goes on whatever becomes of them."""
        try:
            act()
        except OSError as error:
            self._stop("failed", reason(error))

    def _stop(self, code: str, why: str) -> None:
        self.stopped = why
        self._about |= {"stopped": code, "stopped_why": why, "stopped_at": round(self._now(), 6)}
        try:
            self._describe()
        except OSError:
            pass  # the same disk; the person is told at the end

    def _describe(self) -> None:
        if self._about != self._described:
            self._described = dict(self._about)
            self._recording.describe(self._about)

    def _now(self) -> float:
        return time.monotonic() - self._began

    def _waits(self, last: float) -> bool:
        """Waits for more, until a moment; False when that is over."""
        left = last - time.monotonic()
        return left > 0 and bool(select.select([self._pipe.fd], [], [], left)[0])

    def _read(self) -> bytes | None:
        """Events: empty at their end, None when there are none now."""
        if self._pipe.fd < 0:
            return b""
        try:
            return os.read(self._pipe.fd, PIPE_BYTES)
        except BlockingIOError:
            return None
        except OSError as error:
            if error.errno == errno.EIO:
                return b""
            raise


def _widen(fd: int) -> None:
    """Makes a pipe hold as much as it may, so that a busy moment here is none of the program's."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        try:
            fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        except OSError:
            pass  # this user has no more to give
