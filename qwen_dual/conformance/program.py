"""A program in a terminal with channels of a given kind, watched from outside: what a host can see, and no more."""

from __future__ import annotations

import fcntl
import os
import sys
from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.conformance.promise import Broken
from qwen_dual.conformance.script import MADE
from qwen_dual.host.following import append
from qwen_dual.host.lines import LineDecoder
from qwen_dual.host.pty import Child
from qwen_dual.host.terminal import TerminalStream
from qwen_dual.protocol import MAX_LINE_BYTES
from qwen_dual.protocol.codec import encode

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Mapping, Sequence
    from typing import Literal

    from qwen_dual.host.event import Event
    from qwen_dual.host.records import Exit

    Output = Literal["file", "fifo", "fd"]

START_SECONDS = 60.0
"""How long a start may take. What follows gets a multiple of what it did take, on a machine as busy as this."""
AFTERWARDS = 5.0
"""How long what it started may still write, once the process that was started has ended."""
PASSED = 3
"""The descriptor that ``--json-fd`` is given: the first one behind the three that every program has."""
PACE = 0.005
_AS_PASSED = (
    "import os, sys; given = int(sys.argv[1]); "
    f"os.dup2(given, {PASSED}); given == {PASSED} or os.close(given); "
    "os.execvp(sys.argv[2], sys.argv[2:])"
)
_PIECE = 1 << 18
_SCREEN_BYTES = 1 << 22


class Reader:
    """The events of one output, as far as they were read.

    Attributes:
        events: all of them.
        raw: the bytes they came as.
        paused: nothing is read while it is.
    """

    def __init__(self, fd: int) -> None:
        self.events: list[Event] = []
        self.raw = bytearray()
        self.paused = False
        self._fd = fd
        self._decoder = LineDecoder(0, MAX_LINE_BYTES)

    def step(self) -> None:
        """Reads what there is."""
        while not self.paused and self._fd >= 0:
            try:
                data = os.read(self._fd, _PIECE)
            except BlockingIOError:
                return
            if not data:
                return
            self.raw += data
            self.events += self._decoder.feed(data)

    def close(self) -> None:
        """Leaves; what is written from now on, nobody reads."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class Program:
    """One run of the program.

    Args:
        command: the program and its arguments, without channels.
        folder: its own folder, with ``work`` and ``home`` in it.
        env: its environment.
        output: the kind of its output.
        arguments: further arguments.
        events_path: where its events go; ``folder/events`` unless given.
        reader: whether its events are read from the start.
        patience: seconds that anything but the start may take.

    Attributes:
        child: its process, with the terminal.
        reader: its events.
        work: the folder that it works in.
        input: the path of its input file.
        events_path: where its events go; no such file where its output is a descriptor.
        patience: seconds that anything but the start may take.
        painted: what its terminal says, as text.
        screen_bytes: what it has painted, the last four megabytes.
        bytes_painted: how much it was in all.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: str,
        env: Mapping[str, str],
        *,
        output: Output = "file",
        arguments: Sequence[str] = (),
        events_path: str | None = None,
        reader: bool = True,
        patience: float = 20.0,
    ) -> None:
        self.folder = folder
        self.work = os.path.join(folder, "work")
        self.input = os.path.join(folder, "input")
        self.events_path = events_path or os.path.join(folder, "events")
        self.painted = TerminalStream(_SCREEN_BYTES)
        self.patience = patience
        self.bytes_painted = 0
        self.screen_bytes = bytearray()
        self._exit: Exit | None = None
        os.close(os.open(self.input, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        passed: list[int] = []
        channels = ["--input-file", self.input]
        fd = -1
        if output == "fd":
            fd, theirs = os.pipe2(os.O_CLOEXEC)
            passed, channels = [theirs], ["--json-fd", str(PASSED), *channels]
            command = [sys.executable, "-ISc", _AS_PASSED, str(theirs), *command]
        else:
            if output == "fifo" and not os.path.exists(self.events_path):
                os.mkfifo(self.events_path, 0o600)
            channels = ["--json-file", self.events_path, *channels]
            if reader:
                fd = self._open()
        if fd >= 0:
            os.set_blocking(fd, False)
        self.reader = Reader(fd)
        self.child = Child(
            [*command, *channels, *arguments],
            cwd=self.work,
            env=env,
            columns=100,
            rows=40,
            pass_fds=passed,
        )
        for theirs in passed:
            os.close(theirs)

    def _open(self) -> int:
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
        if not os.path.exists(self.events_path):
            flags |= os.O_CREAT
        return os.open(self.events_path, flags, 0o600)

    def read_anew(self) -> Reader:
        """Another reader of the same output, in place of the one before."""
        self.reader = Reader(self._open())
        return self.reader

    # -- what is seen ---------------------------------------------------------------------------

    @property
    def made(self) -> bool:
        """Whether the call that has to be asked for has run."""
        return os.path.exists(os.path.join(self.work, MADE))

    def works_in(self, folder: object) -> bool:
        """Whether a folder that it named is its own."""
        return os.path.realpath(str(folder)) == self.work

    @property
    def events(self) -> list[Event]:
        """What came so far."""
        return self.reader.events

    def of(self, kind: str, subtype: str | None = None) -> list[Event]:
        """The events of a type, and of a subtype if one is given."""
        return [
            event
            for event in self.events
            if event.type == kind and (subtype is None or event.subtype == subtype)
        ]

    def lines(self) -> list[str]:
        """The last events, and what the terminal says, for a report."""
        told = [encode(event.raw).decode().rstrip() for event in self.events[-3:]]
        return [*told, *(f"terminal: {line}" for line in self.painted.last_lines(3))]

    def step(self) -> None:
        """Reads what there is, on both planes."""
        self.reader.step()
        while data := self.child.read():
            self.painted.put(data)
            self.bytes_painted += len(data)
            self.screen_bytes += data
            del self.screen_bytes[:-_SCREEN_BYTES]
        if self._exit is None:
            self._exit = self.child.poll()

    async def until(self, true: Callable[[], Any], what: str, seconds: float | None = None) -> Any:
        """What ``true`` gives as soon as that is something.

        Raises:
            Broken: it did not come, or cannot any more.
        """
        ended_before = False
        seconds = self.patience if seconds is None else seconds
        with anyio.move_on_after(seconds):
            while True:
                self.step()
                if found := true():
                    return found
                if ended_before:
                    raise Broken(f"{what} did not come; the program has ended", self.lines())
                ended_before = self._exit is not None
                await anyio.sleep(PACE)
        raise Broken(f"{what} did not come within {seconds:g} s", self.lines())

    async def event(
        self,
        kind: str,
        subtype: str | None = None,
        *,
        after: int = 0,
        seconds: float | None = None,
    ) -> Event:
        """The first event of a type that came behind the first ``after`` events."""

        def find() -> Event | None:
            for event in self.events[after:]:
                if event.type == kind and (subtype is None or event.subtype == subtype):
                    return event
            return None

        name = f"{kind}/{subtype}" if subtype else kind
        found: Event = await self.until(find, f"the event {name}", seconds)
        return found

    async def started(self) -> Event:
        """The first event, once the program can be worked with."""
        start = await self.event("system", "session_start", seconds=START_SECONDS)
        if "agent" not in start.data:
            await anyio.sleep(1.5)  # the base says nothing of when its input is watched
        return start

    async def turn(self, *, after: int = 0) -> None:
        """Waits until a turn that began behind ``after`` events is over, in programs of any level."""

        def over() -> bool:
            last: Event | None = None
            for event in self.events[after:]:
                if event.parent_tool_use_id is not None or event.subtype == "session_start":
                    continue
                if event.type == "result":
                    return True
                if event.type in ("assistant", "stream_event") or event.tool_result is not None:
                    last = event
            told = any(e.type == "system" and e.subtype == "state" for e in self.events)
            return bool(
                not told
                and last is not None
                and last.subtype == "message_stop"
                and not self._calls_tools(after)
            )

        await self.until(over, "the end of the turn")

    def _calls_tools(self, after: int) -> bool:
        """Whether the last message calls tools whose results have not led to another message."""
        for event in reversed(self.events[after:]):
            if event.type == "assistant":
                return any(block.get("type") == "tool_use" for block in event.blocks)
        return False

    async def quiet(self, seconds: float = 0.7) -> None:
        """Waits until its terminal has been still for a moment, or has not been for long: a clock may run on it."""
        size, still = -1, 0.0
        with anyio.move_on_after(self.patience / 3):
            while still < seconds:
                self.step()
                still = still + PACE if self.bytes_painted == size else 0.0
                size = self.bytes_painted
                await anyio.sleep(PACE)

    # -- what is done ---------------------------------------------------------------------------

    def send(self, kind: str, **fields: Any) -> None:
        """Appends a command to the input file."""
        append(self.input, encode({"type": kind, **fields}))

    def send_raw(self, line: bytes) -> None:
        """Appends bytes, as they are."""
        with open(self.input, "ab", buffering=0) as file:
            file.write(line)

    async def type(self, text: str) -> None:
        """Types at the keyboard."""
        await self.child.write(text.encode())

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to the program."""
        os.kill(self.child.pid, number)

    async def ended(self, seconds: float | None = None) -> Exit:
        """How the program ended."""
        await self.until(lambda: self._exit is not None, "the end of the program", seconds)
        self.step()
        assert self._exit is not None
        return self._exit

    async def last(self, kind: str) -> Event:
        """Its last event, once it has ended: of this type, or nothing more comes.

        What was started may be a launcher, which ends before the program that it has started does.
        """
        await self.ended()
        with anyio.move_on_after(min(AFTERWARDS, self.patience)):
            while self.events[-1].kind != kind and self._still_there():
                await anyio.sleep(PACE)
                self.step()
        self.step()
        return self.events[-1]

    def _still_there(self) -> bool:
        try:
            os.killpg(self.child.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
        return True

    async def quit(self) -> Exit:
        """Ends it in order."""
        self.send("submit", text="/quit")
        return await self.ended()

    def close(self) -> None:
        """Ends what still runs, and lets go of everything."""
        self.child.kill()
        while self.child.poll() is None:
            pass
        self.child.close()
        self.reader.close()


def fill_pipe(fd: int) -> int:
    """How many bytes a pipe holds."""
    return fcntl.fcntl(fd, fcntl.F_GETPIPE_SZ) if hasattr(fcntl, "F_GETPIPE_SZ") else 65536
