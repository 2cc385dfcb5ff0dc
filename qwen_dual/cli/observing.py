"""Where the events of sessions come from that are told to a collector from outside: files, sessions, programs."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import stat
import time
from typing import TYPE_CHECKING, Any

import anyio
from anyio import to_thread

from qwen_dual.host.attaching import attach
from qwen_dual.host.errors import HostError, SessionExited
from qwen_dual.host.event import LOCAL
from qwen_dual.host.finding import running
from qwen_dual.host.following import follow
from qwen_dual.protocol import MAX_LINE_BYTES
from qwen_dual.protocol.codec import NotJson, decode
from qwen_dual.protocol.framing import LineFramer
from qwen_dual.recording.event_log import PIECE
from qwen_dual.recording.event_pipe import EventPipe
from qwen_dual.recording.lines import too_long, whole_lines
from qwen_dual.recording.recorded import Recorded
from qwen_dual.recording.recorder import TAKEN
from qwen_dual.telemetry.times import SECOND, Layout, stamped, turn_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from anyio.abc import Process, TaskStatus

    from qwen_dual.host.event import Event
    from qwen_dual.host.finding import RunningSession
    from qwen_dual.telemetry.watching import Watched

LOOK_SECONDS = 1.0
"""Between two looks for sessions that have begun."""
HANG_UP_SECONDS = 1.0
"""What the end of a program waits for its events: a child that it leaves behind may hold on to them."""
_PIECE = 1 << 16
_PROGRESS = 1 << 24
_DELTA = b'"content_block_delta"'
_RESULT = re.compile(rb'\n\{"type": ?"result"')
_OVERLAP = 32  # bytes: it may be cut in two there
BLOCK = 1 << 20
"""How much of a file is looked at at once."""


class ObserveError(Exception):
    """What cannot be observed; the text is for a person."""


class Observing:
    """Takes events from where they come and passes them on.

    Args:
        watch: makes what a new stream of events is passed to.
        tell: told what a person should know.

    Attributes:
        bad_lines: how many lines were no events.
        guessed: the files whose events nobody noted the times of.
    """

    def __init__(self, watch: Callable[[], Watched], tell: Callable[[str], object]) -> None:
        self.bad_lines = 0
        self.guessed: list[str] = []
        self._watch = watch
        self._tell = tell

    # -- files -------------------------------------------------------------------------------

    def read(self, path: str, progress: Callable[[int], object]) -> None:
        """Takes all that a recording, or a file of events, holds.

        Args:
            path: of either.
            progress: told from time to time how many bytes were read.

        Raises:
            RecordingError: there is no such file, or it cannot be read.
            ObserveError: there are no events in it.
        """
        recorded = Recorded(path)
        if not recorded.events:
            raise ObserveError(f"{path}: there are no events in it")
        watched = self._watch()
        began = recorded.meta.get("started_at")
        began = began if isinstance(began, (int, float)) else None
        layout: Layout | None = None
        done, next_word, waits = 0, _PROGRESS, False
        for seconds, line in _lines(recorded):
            done += len(line)
            if done >= next_word:
                progress(done)
                next_word = done + _PROGRESS
            if line.startswith(PIECE):
                if _DELTA in line and not waits:
                    continue
                waits = b'"message_start"' in line
            if too_long(line):
                self.bad_lines += 1
                continue
            event = self._event(line)
            if event is None:
                continue
            at = stamped(event)
            if at is None and seconds is not None and began is not None:
                at = round((began + seconds) * SECOND)
            known = at is not None
            if at is None:
                if layout is None:
                    layout = _layout(recorded.events)
                    self.guessed.append(path)
                at = layout.at(event)
            watched.take(event, at, known=known)
        watched.finish()
        if not watched.events:
            raise ObserveError(f"{path}: there are no events in it")

    async def follow(self, path: str) -> None:
        """Takes what a file or FIFO holds and what is appended to it, until this is cancelled."""
        watched = self._watch()
        there, layout = 0, None
        with contextlib.suppress(OSError):
            status = os.stat(path)
            if stat.S_ISREG(status.st_mode) and status.st_size:
                there, layout = status.st_size, _layout(path)
        try:
            async with contextlib.aclosing(follow(path, forever=True)) as events:
                async for event in events:
                    past = layout if 0 < event.end <= there else None
                    self._process(watched, event, past)
        finally:
            watched.finish()

    async def read_pipe(self, path: str) -> None:
        """Takes what stdin (``-``) or a FIFO brings, until its end."""
        if path == "-":
            await self.read_stream(0)
            return
        fd = await to_thread.run_sync(os.open, path, os.O_RDONLY, abandon_on_cancel=True)
        try:
            await self.read_stream(fd)
        finally:
            os.close(fd)

    async def read_stream(self, fd: int) -> None:
        """Takes what a pipe brings, until its end; the times are those when it comes."""
        watched = self._watch()
        framer = LineFramer(MAX_LINE_BYTES)
        regular = stat.S_ISREG(os.fstat(fd).st_mode)
        os.set_blocking(fd, False)
        try:
            while True:
                if not regular:
                    await anyio.wait_readable(fd)
                try:
                    data = os.read(fd, _PIECE)
                except BlockingIOError:
                    continue
                now = time.time_ns()
                for frame in framer.feed(data or b"\n"):
                    event = None if frame.too_long else self._event(frame.data)
                    self.bad_lines += frame.too_long
                    if event is not None:
                        watched.take(event, stamped(event) or now)
                if not data:
                    return
                await anyio.lowlevel.checkpoint()
        finally:
            watched.finish()

    # -- sessions ----------------------------------------------------------------------------

    async def join(self, wanted: RunningSession | str | None, env: Mapping[str, str]) -> None:
        """Takes what a running session does from now on, until its end.

        Raises:
            HostError: there is no such session, or it does not let this host in.
        """
        watched = self._watch()
        async with attach(wanted, name="observe", rights=["observe"], env=env) as session:
            data = {
                "session_id": session.session_id,
                "agent": session.greeting.agent,
                "resumed": True,
            }
            start = {"type": "system", "subtype": "session_start", "data": data}
            watched.take(start, time.time_ns())
            try:
                async for event in session:
                    self._process(watched, event)
            except SessionExited:
                pass
            finally:
                watched.finish()

    async def join_all(self, env: Mapping[str, str]) -> None:
        """The same of every session that runs, and of those that begin, until this is cancelled."""
        seen: set[int] = set()

        async def join(session: RunningSession) -> None:
            try:
                await self.join(session, env)
            except HostError as error:
                self._tell(str(error))

        async with anyio.create_task_group() as group:
            while True:
                for session in await to_thread.run_sync(running, env):
                    if session.pid not in seen:
                        seen.add(session.pid)
                        group.start_soon(join, session)
                await anyio.sleep(LOOK_SECONDS)

    # -- programs ----------------------------------------------------------------------------

    async def run(self, command: Sequence[str], cwd: str, env: Mapping[str, str]) -> int:
        """Runs a program in this terminal and takes what it tells; its exit status.

        Raises:
            ObserveError: it has an output for its events already, or cannot be started.
        """
        taken = next((part for part in command if part.partition("=")[0] in TAKEN), None)
        if taken is not None:
            raise ObserveError(f"{taken}: the events are read here; leave it out")
        pipe = EventPipe(command)
        try:
            process = await anyio.open_process(
                [*command, *pipe.arguments],
                stdin=None,
                stdout=None,
                stderr=None,
                cwd=cwd,
                env=env,
                pass_fds=pipe.pass_fds,
            )
        except OSError as error:
            pipe.close()
            raise ObserveError(f"{command[0]} cannot be started: {error.strerror}") from error
        pipe.spawned()
        hung_up = anyio.Event()

        async def read() -> None:
            await self.read_stream(pipe.fd)
            hung_up.set()

        try:
            async with anyio.create_task_group() as group:
                group.start_soon(read)
                group.start_soon(_pass_on, process)
                status = await process.wait()
                pipe.ended()
                with anyio.move_on_after(HANG_UP_SECONDS):
                    await hung_up.wait()
                group.cancel_scope.cancel()
        finally:
            pipe.close()
        return status if status >= 0 else 128 - status

    # -- lines and events --------------------------------------------------------------------

    def _process(self, watched: Watched, event: Event, past: Layout | None = None) -> None:
        if event.type != LOCAL:
            told = stamped(event.raw)
            at = told or (time.time_ns() if past is None else past.at(event.raw))
            watched.take(event.raw, at, known=told is not None or past is None)
        elif event.subtype == "skipped":
            gap = {"type": "system", "subtype": "gap", "data": event.data}
            watched.take(gap, time.time_ns())
        elif event.subtype == "bad_line":
            self.bad_lines += 1

    def _event(self, line: bytes) -> Mapping[str, Any] | None:
        try:
            value = decode(line)
        except NotJson:
            value = None
        if isinstance(value, dict) and isinstance(value.get("type"), str):
            return value
        self.bad_lines += bool(line.strip())
        return None


def is_stream(path: str) -> bool:
    """Whether what is at a path has no end that is known: stdin, a FIFO, a terminal."""
    if path == "-":
        return True
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


async def _pass_on(process: Process) -> None:
    """Has a program end that this one was asked to end with; Ctrl+C it gets itself."""
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
        async for number in signals:
            if number != signal.SIGINT:
                process.terminate()


def _layout(path: str) -> Layout:
    """By what a file's turns say of how long they took, and by when it was written last."""
    return Layout(os.stat(path).st_mtime_ns, sum(turns(path)))


def turns(path: str) -> Iterator[float]:
    """How long each turn took; of all other lines nothing is looked at."""
    with open(path, "rb", buffering=0) as file, open(path, "rb") as lines:
        offset, before, latest = 0, b"\n", -1
        while piece := file.read(BLOCK):
            data = before + piece
            for found in _RESULT.finditer(data):
                begin = offset - len(before) + found.start() + 1
                if begin <= latest:
                    continue
                latest = begin
                lines.seek(begin)
                with contextlib.suppress(NotJson):
                    event = decode(lines.readline(MAX_LINE_BYTES + 1))
                    yield turn_seconds(event) if isinstance(event, dict) else 0.0
            offset += len(piece)
            before = data[-_OVERLAP:]


def _lines(recorded: Recorded) -> Iterator[tuple[float | None, bytes]]:
    """Lines with the moment of each, where somebody noted it."""
    if recorded.meta:
        yield from ((at.seconds, at.line) for at in recorded.lines() if at.piece < 2)
        return
    with open(recorded.events, "rb", buffering=BLOCK) as file:
        for line in whole_lines(file):
            yield None, line


async def until_signal(
    scope: anyio.CancelScope, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED
) -> None:
    """Cancels at Ctrl+C, and when something else asks this program to end."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    with anyio.open_signal_receiver(*numbers) as signals:
        task_status.started()
        async for _ in signals:
            scope.cancel()
