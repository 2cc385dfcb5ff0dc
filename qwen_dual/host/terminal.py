"""What the hosted program paints: the bytes of its PTY for whoever shows them, bounded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qwen_dual.host.buffer import Buffer
from qwen_dual.host.terminal_reports import (
    ProgramStatus,
    ScreenMark,
    TerminalReader,
    TerminalReports,
    WindowTitle,
)
from qwen_dual.protocol.ansi import without_sequences

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_BUFFER_BYTES = 1 << 18
_TAIL_BYTES = 8192
_CONTROLS = re.compile(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]")


class TerminalStream(Buffer[bytes]):
    """An asynchronous iterator over the terminal's bytes, in the pieces in which they came.

    The PTY is read all the time, since a program that cannot paint stops. What nobody takes waits
    here up to a bound; then the oldest pieces go, counted in ``dropped``. A screen that was rebuilt
    from the rest may be wrong: change the window's size for a moment, and a full-screen or
    prompt-toolkit program paints anew. It ends when the program does.

    What the program tells its terminal beside that is read on the way: ``reports`` gives it as it comes.

    Attributes:
        dropped: bytes that the reader has lost.
        status: what the program says that it is doing (OSC 7501); None where it has said nothing, or
            has taken it back. Qwen-dual says it where the terminal knows that: see ``open_session``.
        title: of the window, as the program has set it; empty without one.
        mark: the last mark of an event in the scrollback (OSC 7502, with ``--screen-marks``).
    """

    def __init__(self, max_buffer_bytes: int = MAX_BUFFER_BYTES) -> None:
        super().__init__(max_buffer_bytes)
        self.dropped = 0
        self.status: ProgramStatus | None = None
        self.title = ""
        self.mark: ScreenMark | None = None
        self._reader = TerminalReader()
        self._readers: list[TerminalReports] = []
        self._tail = bytearray()

    def put(self, item: bytes) -> None:
        """Adds what was painted; never waits."""
        self._tail += item
        del self._tail[:-_TAIL_BYTES]
        super().put(item)
        for report in self._reader.feed(item):
            if isinstance(report, ProgramStatus):
                self.status = report if report.state != "cleared" else None
            elif isinstance(report, WindowTitle):
                self.title = report.text
            else:
                self.mark = report
            for reader in self._readers:
                reader.put(report)

    @property
    def painted(self) -> int:
        """How many bytes the program has painted so far."""
        return self._reader.offset

    def reports(self) -> TerminalReports:
        """What the program tells its terminal from now on: statuses, marks, titles; to the end."""
        reader = TerminalReports()
        self._readers.append(reader)
        return reader

    def asks_for_status(self) -> bool:
        """Whether the program has asked if its status is of any use, since this was asked last."""
        asked, self._reader.asked = self._reader.asked, False
        return asked

    def end(self, error: Callable[[], Exception] | None = None) -> None:
        """Lets every reader finish after what waits."""
        super().end(error)
        for reader in self._readers:
            reader.end()

    def last_lines(self, count: int = 10) -> list[str]:
        """The last lines that were painted, without escape sequences: for messages, not a screen."""
        text = without_sequences(self._tail.decode("utf-8", "replace"))
        lines = [
            _CONTROLS.sub("", line).strip() for line in re.split(r"[\r\n]+", text) if line.strip()
        ]
        return [line for line in lines if line][-count:]

    def _weigh(self, item: bytes) -> int:
        return len(item)

    def _make_room(self) -> None:
        while self._weight > self._limit and len(self._items) > 1:
            self._lose(len(self._items.popleft()))
        over = self._weight - self._limit
        if over > 0:  # one piece alone is more than may wait: its end stays
            self._items[0] = self._items[0][over:]
            self._lose(over)

    def _lose(self, count: int) -> None:
        self._weight -= count
        self.dropped += count
