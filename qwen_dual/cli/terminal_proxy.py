"""The terminal of a recorded program and the person's, joined by one loop over their descriptors.

No event loop: what is painted, typed and told comes many times a second for hours, and each pass of one took
most of what recording cost. Nothing here waits but ``poll``.
"""

from __future__ import annotations

import os
import select
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from qwen_dual.cli.raw_terminal import PIECE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwen_dual.recording.recorder import Recorder
    from qwen_dual.runtime.typed_ahead import TypedAhead

END_SECONDS = 5.0
"""What a program gets to end in order when the recorder is asked to."""

LAST_SECONDS = 1.0
"""What it painted last may take so long to arrive once it has ended."""

BATCH_SECONDS = 0.05
"""How long events are let come together: a look at the pipe for each would cost more than they do."""

MANY_BYTES, MANY_SECONDS = 1 << 14, 0.1
"""Where so much came in that time, which is thousands a second, they are let come for longer."""

CHILD_SECONDS = 0.05
"""Between two looks whether the program has ended, where the system tells nobody."""

_SIGNALS = (signal.SIGWINCH, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
_IN = select.POLLIN
_OUT = select.POLLOUT
_OVER = select.POLLHUP | select.POLLERR | select.POLLNVAL


class TerminalProxy:
    """Runs one recorded program to its end. The person's terminal is on descriptors 0 and 1, and is raw.

    Args:
        recorder: the program, and what is kept of it.
        ahead: what was typed before the terminal was raw.
    """

    def __init__(self, recorder: Recorder, ahead: TypedAhead) -> None:
        self._recorder, self._ahead = recorder, ahead
        self._child = recorder.child
        self._poll = select.poll()
        self._watched: dict[int, int] = {}
        self._painted = b""  # not shown yet
        self._typed = b""  # not passed on yet
        self._painting = self._typing = self._telling = True
        self._events_from = 0.0  # events are not looked for before
        self._kill_at = 0.0
        self._over_at = 0.0

    def run(self) -> int:
        """Passes everything on until the program has ended; the status that a shell would give it."""
        child = self._child
        try:
            with _signals() as signals:
                self._poll.register(signals, _IN)
                if child.pidfd is not None:
                    self._poll.register(child.pidfd, _IN)
                while not self._is_over():
                    self._watch()
                    ready = dict(self._poll.poll(self._patience()))
                    if signals in ready:
                        self._heed(os.read(signals, PIECE))
                    self._pass_on(ready)
                    self._look_for_end(ready)
            ended = child.poll()
            assert ended is not None
            return self._recorder.finish(ended)
        finally:
            child.kill()
            child.close()

    def _is_over(self) -> bool:
        """Whether the program has ended and all of it is shown."""
        if not self._over_at:
            return False
        return time.monotonic() >= self._over_at or not (self._painting or self._painted)

    def _look_for_end(self, ready: dict[int, int]) -> None:
        pidfd = self._child.pidfd
        if self._over_at or (pidfd is not None and pidfd not in ready):
            return
        if self._child.poll() is not None:
            self._over_at = time.monotonic() + LAST_SECONDS
            if pidfd is not None:
                self._poll.unregister(pidfd)

    def _watch(self) -> None:
        """Looks at what there is something to do with: nothing is read that nobody takes."""
        child = self._child.fd
        wanted = (_IN if self._painting and not self._painted else 0) | (_OUT if self._typed else 0)
        self._set(child, wanted)
        self._set(1, _OUT if self._painted else 0)
        self._set(0, _IN if self._typing and not self._typed else 0)
        due = self._telling and time.monotonic() >= self._events_from
        self._set(self._recorder.events_fd, _IN if due else 0)

    def _set(self, fd: int, wanted: int) -> None:
        if wanted == self._watched.get(fd, 0):
            return
        self._watched[fd] = wanted
        if wanted:
            self._poll.register(fd, wanted)
        else:
            self._poll.unregister(fd)

    def _patience(self) -> float | None:
        """Milliseconds until something is due by itself; None for never."""
        dues = [self._over_at, self._kill_at]
        if self._telling:
            dues.append(self._events_from)
        now = time.monotonic()
        left = [due - now for due in dues if due > now]
        if self._child.pidfd is None:
            left.append(CHILD_SECONDS)
        return None if not left else 1000 * min(left) + 1

    def _pass_on(self, ready: dict[int, int]) -> None:
        child, recorder = self._child, self._recorder
        if ready.get(1, 0):
            self._show()
        if ready.get(child.fd, 0) & _OUT:
            self._type()
        if ready.get(child.fd, 0) & (_IN | _OVER):
            data = child.read()
            if data == b"":
                self._painting = False
            elif data:
                recorder.painted(data)
                self._painted += data
        if ready.get(0, 0):
            self._take_keys()
        if ready.get(recorder.events_fd, 0):
            came = recorder.take_events()
            self._telling = came is not None
            many = came is not None and came > MANY_BYTES
            self._events_from = time.monotonic() + (MANY_SECONDS if many else BATCH_SECONDS)
        if self._kill_at and time.monotonic() >= self._kill_at:
            self._kill_at = 0.0
            child.kill()

    def _show(self) -> None:
        try:
            self._painted = self._painted[os.write(1, self._painted[:PIECE]) :]
        except OSError:  # the person's terminal is gone; whoever closed it tells us by a signal
            self._painted = b""

    def _type(self) -> None:
        try:
            self._typed = self._typed[os.write(self._child.fd, self._typed[:PIECE]) :]
        except BlockingIOError:
            pass
        except OSError:  # it has ended
            self._typed, self._typing = b"", False

    def _take_keys(self) -> None:
        try:
            data = self._ahead.restore(os.read(0, PIECE))
        except OSError:
            data = b""
        self._typed += data
        if not data:
            self._typing = False
            self._end()

    def _heed(self, numbers: bytes) -> None:
        """Passes on what the person's terminal, or whoever ends us, has to say."""
        for number in numbers:
            if number == signal.SIGWINCH:
                columns, rows = os.get_terminal_size(1)
                self._recorder.resize(columns, rows)
            elif number == signal.SIGINT:
                os.kill(self._child.pid, signal.SIGINT)
            else:
                self._end()

    def _end(self) -> None:
        if not self._kill_at:
            self._child.terminate()
            self._kill_at = time.monotonic() + END_SECONDS


@contextmanager
def _signals() -> Iterator[int]:
    """A descriptor on which the numbers of signals come, a byte each."""
    ours, theirs = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    earlier = {number: signal.signal(number, lambda *_: None) for number in _SIGNALS}
    before = signal.set_wakeup_fd(theirs, warn_on_full_buffer=False)
    try:
        yield ours
    finally:
        signal.set_wakeup_fd(before)
        for number, handler in earlier.items():
            signal.signal(number, handler)
        os.close(ours)
        os.close(theirs)
