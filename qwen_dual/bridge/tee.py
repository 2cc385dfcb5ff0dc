"""The observer that writes every event to a sink, as one line, without ever waiting.

Synchronous and on the loop's own thread: encode, queue, write what the kernel takes. Events of one
pass of the loop go out in one write. What is not taken waits in the backlog; a failing sink closes
the tee and is told once. Knows of the session only what the events say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.bridge.aside import Aside
from qwen_dual.bridge.backlog import Backlog
from qwen_dual.bridge.greeting import Greeting
from qwen_dual.bridge.pacing import BREATH, STEP, Pacing, is_long
from qwen_dual.protocol.codec import encode

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from qwen_dual.bridge.sinks import Sink
    from qwen_dual.protocol.events import Event

MAX_BUFFER_BYTES = 1 << 20


class OutputStatus(Struct, frozen=True):
    """An output channel as ``/channels`` shows it.

    Attributes:
        target: a path, or ``fd 3``.
        kind: ``file``, ``fifo``, ``pipe``, ``socket`` or ``device``.
        state: ``open``, ``waiting for a reader``, or ``closed: why``.
        readers: readers (or files) so far.
        written: events that were queued for writing, less the dropped ones.
        dropped: events that no reader will get.
        waiting_bytes: what the kernel has not taken yet.
    """

    target: str
    kind: str
    state: str
    readers: int
    written: int
    dropped: int
    waiting_bytes: int


class Tee:
    """Writes the events of one session to one sink.

    The first event must be ``session_start``; it goes out at once, before a loop runs.

    Args:
        sink: where to; the tee closes it.
        max_buffer_bytes: what may wait for a slow or absent reader.
        on_failure: called once, from the loop, with a text for a person, when the channel closes
            by itself; also with what else they should know of where the events go.
    """

    def __init__(
        self,
        sink: Sink,
        *,
        max_buffer_bytes: int = MAX_BUFFER_BYTES,
        on_failure: Callable[[str], None] | None = None,
    ) -> None:
        self.on_failure = on_failure
        self._sink = sink
        self._greeting = Greeting(lambda seq: self._backlog.unprotect(seq))
        self._backlog = Backlog(max_buffer_bytes, self._greeting.gap_line, sink.keeps)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._scheduled = False
        self._blocked = False
        self._closed: str | None = None
        self._failure: str | None = None  # not told yet
        self._seen = 0
        self._on_drained: Callable[[], None] | None = None
        self._pacing = Pacing(self._append, self.fail)
        self._waiting = self._pacing.waiting
        self._aside = Aside()

    def __call__(self, event: Event) -> None:
        """Takes one stamped event."""
        if self._closed is not None:
            return
        if self._loop is not None and (self._waiting or is_long(event)):
            self._pacing.add(event, self._loop)
        else:
            self._append(event)

    def send(self, event: Event) -> None:
        """Takes an event for this channel alone, which stands beside the sequence.

        It goes out behind all that waits. For a reader who takes nothing no more is kept than
        ``aside`` says.
        """
        if self._closed is None:
            self._aside.add(event)
            if self._loop is not None and not (self._scheduled or self._blocked):
                self._scheduled = True
                self._loop.call_soon(self._flush_scheduled)

    def _append(self, event: Event, line: bytes | None = None) -> None:
        if self._closed is not None:
            return
        kind = event["type"]
        seq = event["seq"]
        if line is None:
            line = encode(event)
        self._seen += 1
        if kind == "stream_event":
            delta = event["event"]["type"] == "content_block_delta"
            self._backlog.add(seq, line, delta=delta)
        else:
            self._backlog.add(seq, line, protected=self._greeting.note(kind, event, line))
        if self._backlog.full:
            self._relieve()
        if self._scheduled or self._blocked:
            return
        if self._loop is None:
            self._flush()
        else:
            self._scheduled = True
            self._loop.call_soon(self._flush_scheduled)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Writes once a pass of ``loop`` from now on, and goes on when a slow reader can take more."""
        self._loop = loop
        if self._closed is None:
            self._sink.attach(loop, self._reader_came, self._lose_reader)
            self._flush()
        self._report_failure()

    async def drain(self, timeout: float) -> bool:
        """Waits until all was taken; whether it was. Returns at once when nobody reads."""
        import anyio

        self._pacing.take_all()
        self._flush()
        if self._backlog.empty or self._closed is not None or not self._sink.ready:
            return self._backlog.empty
        drained = anyio.Event()
        self._on_drained = drained.set
        with anyio.move_on_after(timeout):
            await drained.wait()
        self._on_drained = None
        return self._backlog.empty

    def fail(self, error: Exception) -> None:
        """Closes the channel, and tells why, since an event could not be written at all."""
        self._flush(whole=True)  # what came before it
        self._fail(
            f"{self._sink.target}: an event could not be written ({type(error).__name__}: {error}); "
            "the session goes on without it, and /bug has what a report needs"
        )

    def close(self) -> None:
        """Stops writing; idempotent. What still waits is gone."""
        self._close("the session ended")

    def status(self) -> OutputStatus:
        """How the channel is doing."""
        sink = self._sink
        state = "open" if sink.ready else "waiting for a reader"
        return OutputStatus(
            sink.target,
            sink.kind,
            state if self._closed is None else f"closed: {self._closed}",
            sink.readers,
            self._seen - self._backlog.dropped,
            self._backlog.dropped,
            self._backlog.waiting_bytes,
        )

    def _relieve(self) -> None:
        """Writes what can be written now; drops only what nobody takes."""
        if not self._blocked:
            self._flush()
        self._backlog.make_room()

    # -- writing -----------------------------------------------------------------------------

    def _flush_scheduled(self) -> None:
        self._scheduled = False
        self._flush()

    def _flush(self, *, whole: bool = False) -> None:
        if self._closed is not None:
            return
        if self._sink.ready and self._sink.renewed():
            if self._backlog.is_in_line:  # the new file gets that line as a whole
                self._backlog.rewind(0)
            self._greet()
        if self._sink.warnings:
            self._report_warnings()
        if not self._sink.ready:
            return
        try:
            self._write(whole=whole)
        except BrokenPipeError:
            self._lose_reader()
        except OSError as error:
            self._fail(f"{self._sink.target}: {error.strerror or error}")

    def _write(self, *, whole: bool = False) -> None:
        backlog, room = self._backlog, STEP
        while chunk := self._next_chunk():
            part = chunk[:room]
            taken = self._sink.write(part)
            backlog.advance(taken)
            if taken < len(part):
                self._block()
                return
            room -= taken
            if room == 0 and self._loop is not None and not whole:
                self._go_on(self._loop)
                return
            room = room or STEP
        self._unblock()

    def _go_on(self, loop: asyncio.AbstractEventLoop) -> None:
        """Writes the next part of megabytes a little later; where a reader is waited for, by that."""
        if not (self._scheduled or self._blocked):
            self._scheduled = True
            loop.call_later(BREATH, self._flush_scheduled)

    def _next_chunk(self) -> memoryview:
        backlog = self._backlog
        if not (chunk := backlog.chunk()) and self._aside:
            for line in self._aside.take():
                backlog.add_local(line)
            chunk = backlog.chunk()
        return chunk

    def _block(self) -> None:
        if not self._blocked and self._loop is not None:
            self._blocked = True
            self._sink.wait_writable(self._flush)

    def _unblock(self) -> None:
        if self._blocked:
            self._blocked = False
            self._sink.wait_writable(None)
        if self._on_drained is not None:
            self._on_drained()

    # -- readers -----------------------------------------------------------------------------

    def _reader_came(self) -> None:
        self._backlog.keep_bytes = self._sink.keeps
        if self._backlog.last > 0:
            self._greet()
        self._flush()

    def _lose_reader(self) -> None:
        if self._closed is not None:
            return
        unread = self._sink.lost_reader()
        if unread is None:
            self._fail(f"{self._sink.target}: the reader closed it")
            return
        self._blocked = False
        self._aside.clear()
        self._backlog.rewind(unread)
        if self._on_drained is not None:  # nobody is left to wait for
            self._on_drained()

    def _greet(self) -> None:
        """Tells a reader that came later what it could not see."""
        greeting = self._greeting
        if not greeting.begun:
            return
        self._backlog.add_local(greeting.start_line(self._backlog.last))
        for seq, line in greeting.requests.values():
            if seq not in self._backlog:
                self._backlog.add_local(line)

    # -- the end -----------------------------------------------------------------------------

    def _fail(self, why: str) -> None:
        self._close(why)
        if self._on_drained is not None:
            self._on_drained()
        self._failure = f"Warning: dual output disabled — {why}"
        self._report_failure()

    def _report_failure(self) -> None:
        # Not from within: the owner may publish it, and this may be the middle of a publication.
        if self._loop is not None and self._failure is not None and self.on_failure is not None:
            self._loop.call_soon(self.on_failure, self._failure)
            self._failure = None

    def _report_warnings(self) -> None:
        if self._loop is not None and self.on_failure is not None:
            for text in self._sink.warnings:
                self._loop.call_soon(self.on_failure, f"Warning: {text}")
            self._sink.warnings.clear()

    def _close(self, why: str) -> None:
        if self._closed is None:
            self._closed = why
            self._sink.close()
