"""The source behind a path: the file or FIFO that is there, and whatever takes its place.

Decides which file is read, from where, and when to change over; ``opened`` reads it.
"""

from __future__ import annotations

import os
import stat
import time
from typing import TYPE_CHECKING

from qwen_dual.bridge.checks import check_directory, open_input, refusal, status_of
from qwen_dual.bridge.errors import ChannelError
from qwen_dual.bridge.lines import Line, LineSplitter
from qwen_dual.bridge.opened import FIFO_FLAGS, Fifo, RegularFile
from qwen_dual.bridge.seen import RETURN_SECONDS, SeenLines
from qwen_dual.bridge.sources import Step
from qwen_dual.fs.folders import ForeignFileError
from qwen_dual.protocol import MAX_LINE_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.bridge.lines import Item
    from qwen_dual.bridge.opened import Pread

Identity = tuple[int, int]
"""``st_dev`` and ``st_ino``: which file it is, whatever its name."""

RECALLED = 4 << 20
"""Bytes before the start whose lines are known again when they come back with a rewritten file."""


class PathSource:
    """Whatever is at a path, now or later, and whatever takes its place.

    A symbolic link is not followed: whoever may write to the directory could turn it elsewhere.
    Lines that were read, or stood there before the start, and come back with a rewritten or replaced
    file are passed over.

    Args:
        path: a regular file or a FIFO; it need not exist yet, its directory must.
        start_offset: where reading a file that exists now begins; a later one is read from 0.
        start_identity: which file ``start_offset`` was taken from; another one is read from 0.
        max_line_bytes: longer lines are dropped.
        pread: how bytes are read from a regular file.
        now: a clock, in seconds.

    Raises:
        ChannelError: what is there cannot be used, or nothing can ever be there.
    """

    def __init__(
        self,
        path: str,
        *,
        start_offset: int = 0,
        start_identity: Identity | None = None,
        max_line_bytes: int = MAX_LINE_BYTES,
        pread: Pread = os.pread,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        check_directory(path)
        self.target = path
        self.kind = "missing"
        self.state = "waiting"
        self._pread = pread
        self._splitter = LineSplitter(max_line_bytes)
        self._open: RegularFile | Fifo | None = None
        self._identity: Identity | None = None
        self._told: str | None = None
        self._now = now
        self._seen = SeenLines(now=now)
        self._missing_since: float | None = None
        self._start_offset = start_offset
        self._recalled = False
        try:
            self._try_open(start_identity)
        except OSError as error:
            raise ChannelError(path, f"cannot be read: {error.strerror}") from error
        if self._told is not None:
            raise ChannelError(path, self._told)
        self._start_offset = 0

    @property
    def offset(self) -> int:
        """Bytes of the present file that were read; of a FIFO, bytes read since it was opened."""
        return self._open.offset if self._open is not None else 0

    @property
    def pollable_fd(self) -> int | None:
        """The FIFO's descriptor; None for a regular file, which has to be watched."""
        return self._open.fd if isinstance(self._open, Fifo) else None

    @property
    def unsettled(self) -> bool:
        """The file failed, or was deleted while open: no watch tells reliably of what follows."""
        # A deleted file that is still open keeps its directory half alive: the kernel tells of
        # the directory's end only when the file is closed.
        return self._open is not None and self.state != "open"

    def step(self) -> Step:
        """Reads at most one chunk; opens and changes over as the path demands."""
        if self._open is None:
            return self._step_closed()
        # Looked at before the read, so that the old file is read to its end after its name went
        # to another one. While it leads to none, the old one goes on.
        present = self._identity_at_path()
        missing, replaced = present is None, present not in (None, self._identity)
        if missing and self._missing_since is None:
            self._missing_since = self._now()
        try:
            self._recall()
            data = self._open.read()
            rewound = data is None and self._open.rewind()
        except OSError as error:
            # The place is kept, so that nothing is lost or run twice when it works again.
            return self._change_over() if replaced else self._step_failed(error)
        self.state, self._told = "waiting" if missing else "open", None
        if rewound:
            items = self._splitter.discard("the file was written anew")
            self._splitter.reset(self._open.offset)
            self._expect_again()
            return Step(items, more=True)
        if data:
            items = self._splitter.feed(data)
            return Step(items if self.kind == "fifo" else self._fresh(items), more=True)
        if replaced:
            return self._change_over()
        if not missing:
            self._missing_since = None
        if isinstance(self._open, Fifo) and self._open.left():
            return Step(self._splitter.discard("the last writer left"), more=True)
        return Step()

    def close(self) -> None:
        """Closes the file; the next ``step`` opens what is at the path then."""
        if self._open is not None:
            os.close(self._open.fd)
        self._open = None
        self._identity = None
        self.kind, self.state = "missing", "waiting"

    def _step_closed(self) -> Step:
        told = self._told
        try:
            self._try_open(None)
        except OSError as error:
            return self._step_failed(error)
        if self._told == told or self._told is None:
            return Step(more=self._open is not None)
        return Step(warning=f"{self.target}: {self._told}")

    def _recall(self) -> None:
        """Learns the lines that stood there before the start, once."""
        if self._recalled or not isinstance(self._open, RegularFile):
            return
        past = self._open.before(RECALLED)
        begin = self._open.offset - len(past)
        if begin:
            first = _lines(self._open.beginning())
            cut = past.find(b"\n") + 1
            begin, past = begin + cut, past[cut:]
            self._seen.begin_at(begin, first[0].data if first else b"")
        for line in _lines(past):
            self._seen.add(line.data, begin + line.offset)
        self._recalled = True

    def _expect_again(self) -> None:
        assert isinstance(self._open, RegularFile)
        again = self._open.taken_back
        self._seen.expect(None if again is None else len(_lines(again)))

    def _fresh(self, items: list[Item]) -> list[Item]:
        """Those that did not come back."""
        returned = self._seen.returned
        return [
            item
            for item in items
            if not isinstance(item, Line) or not returned(item.data, item.offset)
        ]

    def _change_over(self) -> Step:
        since, self._missing_since = self._missing_since, None
        if self.kind == "fifo" or (since is not None and self._now() - since > RETURN_SECONDS):
            self._seen.clear()
        else:
            self._seen.expect()
        self.close()
        return Step(self._splitter.discard("the file was replaced"), more=True)

    def _step_failed(self, error: OSError) -> Step:
        self.state = reason = f"cannot be read: {error.strerror}"
        if self._told == reason:
            return Step()
        self._told = reason
        return Step(warning=f"{self.target}: {reason}; trying again")

    def _identity_at_path(self) -> Identity | None:
        try:
            found = status_of(self.target)
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _try_open(self, start_identity: Identity | None) -> None:
        """Opens what is at the path, if there is something and it may be used."""
        try:
            found = status_of(self.target)
        except FileNotFoundError:
            self.state, self._told = "waiting", None
            return
        if self._refuse(found):
            return
        # A device or a directory is never opened.
        is_fifo = stat.S_ISFIFO(found.st_mode)
        try:
            fd = open_input(self.target, FIFO_FLAGS if is_fifo else os.O_RDONLY)
        except ForeignFileError as error:
            self._told = self.state = error.why
            return
        try:
            found = os.fstat(fd)
            if stat.S_ISFIFO(found.st_mode) == is_fifo:
                self._use(fd, found, start_identity)
        finally:
            if self._open is None:
                os.close(fd)

    def _refuse(self, found: os.stat_result) -> bool:
        reason = refusal(found)
        if reason is not None:
            self._told = self.state = reason
        return reason is not None

    def _use(self, fd: int, found: os.stat_result, start: Identity | None) -> None:
        identity = (found.st_dev, found.st_ino)
        if stat.S_ISFIFO(found.st_mode):
            opened: RegularFile | Fifo = Fifo(fd)
        else:
            fits = start in (None, identity) and self._start_offset <= found.st_size
            opened = RegularFile(fd, self._start_offset if fits else 0, self._pread)
        self._splitter.reset(opened.offset, mid_line=opened.inside_line)
        self._open, self._identity = opened, identity
        self.kind, self.state = opened.kind, "open"


def _lines(data: bytes) -> list[Line]:
    """The whole lines in ``data``."""
    return [item for item in LineSplitter().feed(data) if isinstance(item, Line)]
