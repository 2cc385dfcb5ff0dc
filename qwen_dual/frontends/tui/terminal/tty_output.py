"""Writing to the terminal without ever waiting for it.

Owns the descriptor the UI is written to, the queue for what the terminal does not take yet, and
prompt-toolkit's output on top of both. It does not decide what is drawn, nor when.
"""

from __future__ import annotations

import asyncio
import os
import select
import time
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prompt_toolkit.data_structures import Size
from prompt_toolkit.output.vt100 import Vt100_Output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO

    from prompt_toolkit.output import ColorDepth

_WITHOUT_A_LOOP = 1.0  # seconds

KEYS_ON = "\x1b[>4;1m"
"""Asks for keys with their modifiers where they would be lost, as Shift+Enter's (XTMODKEYS)."""

KEYS_OFF = "\x1b[>4m"


def open_own_description(fd: int) -> int | None:
    """Opens the terminal behind a descriptor once more, for non-blocking writes.

    Standard input, output and error of a PTY usually share one open file description, with the
    parent's shell too, and O_NONBLOCK belongs to the description: it must not be set on theirs.

    Returns:
        A descriptor of our own, or None where the terminal cannot be opened again (no such name
        in this container, or it belongs to another user after `su`).
    """
    flags = os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
    names = []
    try:
        names.append(os.ttyname(fd))
    except OSError:
        pass
    names.append(f"/proc/self/fd/{fd}")
    try:
        wanted = os.fstat(fd)
    except OSError:
        return None
    for name in names:
        try:
            own = os.open(name, flags)
        except OSError:
            continue
        found = os.fstat(own)
        # A name can mean another device in here than where the terminal was made.
        if os.isatty(own) and (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino):
            return own
        os.close(own)
    return None


class TtyWriter:
    """Writes bytes in order; what the terminal does not take waits in a bounded queue.

    All methods belong on the event loop's thread; they work without a running loop as well, and
    then wait for the terminal for one second at most.

    Args:
        fd: Where to write. Non-blocking for preference; a blocking one works and blocks.
        on_gone: Called once, from the loop where one runs, when the terminal is gone. What is
            written from then on is discarded.
        max_queued: Bytes. A write that comes while this much waits is dropped whole, which
            `on_drained` tells. One that finds nothing waiting is taken whatever its size.
    """

    def __init__(self, fd: int, on_gone: Callable[[], None], max_queued: int = 1024 * 1024) -> None:
        self._fd = fd
        self._on_gone = on_gone
        self._max_queued = max_queued
        self._queue: deque[memoryview] = deque()
        self._queued = 0
        self._loop: asyncio.AbstractEventLoop | None = None  # set while it watches the fd
        self._closed = False
        self._on_drained: list[Callable[[bool], None]] = []
        self._overflowed = False

    @property
    def blocked(self) -> bool:
        """Something waits for the terminal to read on."""
        return self._queued > 0

    def on_drained(self, callback: Callable[[bool], None]) -> None:
        """Registers a call for each time the queue has run empty.

        Args:
            callback: Gets True when something was dropped meanwhile, so that what the terminal
                shows is not what was drawn.
        """
        self._on_drained.append(callback)

    def write(self, data: bytes) -> None:
        """Writes, or queues what does not go out at once. Never raises."""
        if self._closed or not data:
            return
        if self._queued > self._max_queued:
            self._overflowed = True
            return
        self._queue.append(memoryview(data))
        self._queued += len(data)
        if len(self._queue) > 1:
            return
        self._write_queue()
        if self._queued:
            self._wait_for_terminal()

    def close(self, timeout: float = 1.0) -> None:
        """Gives what waits a last chance, for `timeout` seconds, and stops writing."""
        if self._closed:
            return
        self._stop_watching()
        self._drain_blocking(timeout)
        self._closed = True
        self._discard()

    def _write_queue(self) -> None:
        while self._queue:
            head = self._queue[0]
            try:
                written = os.write(self._fd, head)
            except BlockingIOError:
                return
            except OSError:  # EIO after a hang-up, EPIPE, EBADF: it will not come back
                self._gone()
                return
            self._queued -= written
            if written == len(head):
                self._queue.popleft()
            else:
                self._queue[0] = head[written:]

    def _wait_for_terminal(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._drain_blocking(_WITHOUT_A_LOOP)
            return
        if self._loop is None:
            self._loop = loop
            loop.add_writer(self._fd, self._on_writable)

    def _on_writable(self) -> None:
        self._write_queue()
        if not self._queued and not self._closed:
            self._stop_watching()
            self._drained()

    def _drain_blocking(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT)
        while self._queued and (left := deadline - time.monotonic()) > 0:
            if poll.poll(left * 1000):
                self._write_queue()
        if not self._queued and not self._closed:
            self._drained()

    def _drained(self) -> None:
        lost, self._overflowed = self._overflowed, False
        for callback in self._on_drained:
            callback(lost)

    def _stop_watching(self) -> None:
        if self._loop is not None:
            if not self._loop.is_closed():
                self._loop.remove_writer(self._fd)
            self._loop = None

    def _discard(self) -> None:
        self._queue.clear()
        self._queued = 0

    def _gone(self) -> None:
        self._closed = True
        self._stop_watching()
        self._discard()
        try:
            # prompt-toolkit may be in the middle of a draw: it must finish first.
            asyncio.get_running_loop().call_soon(self._on_gone)
        except RuntimeError:
            self._on_gone()


class TerminalOutput(Vt100_Output):
    """prompt-toolkit's VT100 output over a `TtyWriter`: its flush neither raises nor waits.

    Args:
        stdout: The stream behind the descriptor; only its encoding and descriptor are used.
        writer: Takes the bytes.
        size_fd: The descriptor whose window size counts.
        color_depth: What the terminal can show.
        term: The terminal's name, as in TERM.
        own_fd: A descriptor to close together with the output.

    Attributes:
        on_given: Gives what the terminal is told before it is another program's.
        shortened: A row got shorter since somebody set this to False.
    """

    def __init__(
        self,
        stdout: TextIO,
        writer: TtyWriter,
        *,
        size_fd: int,
        color_depth: ColorDepth,
        term: str,
        own_fd: int | None = None,
    ) -> None:
        super().__init__(
            stdout,
            self._window_size,
            term=term,
            default_color_depth=color_depth,
            # A host that does not answer the request costs a second at every detach.
            enable_cpr=False,
        )
        self._writer = writer
        self._size_fd = size_fd
        self._own_fd = own_fd
        self._keys = False
        self._batches = 0
        self.on_given: Callable[[], str] = lambda: ""
        self.shortened = False
        self._text_encoding = stdout.encoding or "utf-8"

    @property
    def blocked(self) -> bool:
        """The terminal does not read; redraws should wait until `on_drained`."""
        return self._writer.blocked

    def on_drained(self, callback: Callable[[bool], None]) -> None:
        """Registers a call for when the terminal has read on, see `TtyWriter.on_drained`."""
        self._writer.on_drained(callback)

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Holds flushes back, so that all of them leave as one write at the end."""
        self._batches += 1
        try:
            yield
        finally:
            self._batches -= 1
            self.flush()

    def flush(self) -> None:
        """Hands what was drawn to the writer, unless a batch holds it back."""
        if self._batches or not self._buffer:
            return
        data = "".join(self._buffer)
        self._buffer = []
        self._writer.write(data.encode(self._text_encoding, "replace"))

    def ask_for_modifiers(self) -> None:
        """Asks for keys with their modifiers from now on, whenever the terminal is ours.

        Only of a terminal that tells ``CSI >`` from ``CSI``: to others it is bold and underlined.
        """
        if not self._keys:
            self._keys = True
            self.write_raw(KEYS_ON)
            self.flush()

    def enable_bracketed_paste(self) -> None:
        """Asks for pastes in marks; the renderer does so when it gets the terminal."""
        super().enable_bracketed_paste()
        if self._keys:
            self.write_raw(KEYS_ON)

    def disable_bracketed_paste(self) -> None:
        """Ends that, when the renderer gives the terminal away."""
        super().disable_bracketed_paste()
        self.write_raw((KEYS_OFF if self._keys else "") + self.on_given())

    def erase_down(self) -> None:
        """Erases from the cursor, which is in the first column, to the end of the window.

        An erase that begins at the window's first cell makes tmux push a copy of the window into
        its history (`scroll-on-clear`), so it begins one column further.
        """
        self.write_raw("\x1b[K\x1b[C\x1b[J\r")

    def erase_end_of_line(self) -> None:
        """Erases from the cursor to the end of its row, which got shorter."""
        self.shortened = True
        super().erase_end_of_line()

    def close(self, timeout: float = 1.0) -> None:
        """Writes what waits, for at most `timeout` seconds, and ends all writing."""
        self.flush()
        self._writer.close(timeout)
        if self._own_fd is not None:
            os.close(self._own_fd)
            self._own_fd = None

    def _window_size(self) -> Size:
        try:
            size = os.get_terminal_size(self._size_fd)
        except OSError:
            return Size(rows=24, columns=80)
        return Size(rows=size.lines or 24, columns=size.columns or 80)
