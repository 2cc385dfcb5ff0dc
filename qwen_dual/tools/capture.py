"""Keeps the output of a command in bounded memory: its head, its tail, and the rest in a file.

Starting and reading processes is ``process``'s, what redraws itself ``terminal_rows``'.
"""

from __future__ import annotations

import codecs
import os
import threading
from collections import deque
from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.fs.reasons import reason
from qwen_dual.protocol.ansi import without_sequences

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_SAVED_BYTES = 64 << 20
LIVE_ROWS = 40
LIVE_CHARS = 4000
"""How much of the latest output is worth showing while a command runs."""

LAST_LINE_CHARS = 200


class Limits(Struct, frozen=True):
    """How much of a long text a model gets."""

    chars: int = 25_000
    lines: int = 1000


class Scratch:
    """The session's own folder (0700) for saved output (0600); made when first needed.

    Args:
        within: where it is made; the system's place for temporary files unless given.
    """

    def __init__(self, within: str | None = None) -> None:
        self._within = within
        self._lock = threading.Lock()
        self._made: str | None = None
        self._count = 0

    def create(self, prefix: str) -> tuple[str, int]:
        """A new file's path and its descriptor, open for writing.

        Raises:
            OSError: the folder or the file cannot be made.
        """
        with self._lock:
            if self._made is None:
                import tempfile

                made = tempfile.mkdtemp(prefix="qwen-dual-", dir=self._within)
                self._made = os.path.realpath(made)
            self._count += 1
            path = os.path.join(self._made, f"{prefix}-{self._count}.log")
        return path, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    @property
    def folder(self) -> str | None:
        """Where the files are; None as long as there are none."""
        return self._made

    def holds(self, path: str) -> bool:
        """Whether ``path`` is one of the files made here."""
        return self._made is not None and os.path.dirname(path) == self._made

    def remove(self) -> None:
        """Deletes the folder with all in it."""
        with self._lock:
            if self._made is not None:
                import shutil

                shutil.rmtree(self._made, ignore_errors=True)
                self._made = None


class Kept:
    """A text in bounded memory: its beginning and its end.

    Args:
        room: characters that each of the two may hold.
    """

    def __init__(self, room: int) -> None:
        self.newlines = 0
        self.whole = True
        self._room = room
        self._left = room
        self._head: list[str] = []
        self._tail: deque[str] = deque()
        self._tail_size = 0

    def add(self, text: str) -> None:
        """Takes the next piece."""
        self.newlines += text.count("\n")
        rest = text
        if self._left > 0:
            self._head.append(text[: self._left])
            rest = text[self._left :]
            self._left -= len(self._head[-1])
        if rest:
            self._tail.append(rest)
            self._tail_size += len(rest)
            while self._tail_size - len(self._tail[0]) >= self._room:
                self._tail_size -= len(self._tail.popleft())
                self.whole = False

    @property
    def head(self) -> str:
        """The beginning; all of it while ``whole``."""
        return "".join([*self._head, *self._tail] if self.whole else self._head)

    @property
    def tail(self) -> str:
        """The end."""
        return self.head if self.whole else "".join(self._tail)


class Capture:
    """All output of one command: the first and the last rows here, the whole in a file if long.

    What a model gets are the rows as a terminal would show them at the end; the file has every byte.

    Args:
        scratch: where the file is made.
        limits: what the result may hold.
        save_from_start: makes the file at once, for a command whose output is read while it runs.
        max_saved: bytes after which the file grows no more.
    """

    def __init__(
        self,
        scratch: Scratch,
        limits: Limits,
        *,
        save_from_start: bool = False,
        max_saved: int = MAX_SAVED_BYTES,
    ) -> None:
        self.total = 0
        self.path: str | None = None
        self._scratch = scratch
        self._limits = limits
        self._max_saved = max_saved
        # A character takes at most four bytes, so a text within the limit fits into the head.
        self._keep = limits.chars * 4
        self._head = bytearray()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._kept = Kept(self._keep)
        from qwen_dual.tools.terminal_rows import TerminalRows

        self._rows = TerminalRows(self._kept.add)
        self._fd: int | None = None
        self._saved = 0
        self._save_error: str | None = None
        if save_from_start:
            self.save()

    def feed(self, data: bytes) -> None:
        """Takes the next bytes."""
        self.total += len(data)
        self._rows.feed(self._decoder.decode(data))
        room = self._keep - len(self._head)
        rest = data
        if room > 0:
            self._head += data[:room]
            rest = data[room:]
        if self._fd is not None:
            self._write(data)
        elif rest and self.path is None and self._save_error is None:
            self.save()
            self._write(rest)

    def save(self) -> None:
        """Makes the file that takes everything, beginning with what came so far."""
        if self.path is not None or self._save_error is not None:
            return
        try:
            self.path, self._fd = self._scratch.create("output")
        except OSError as error:
            self._save_error = reason(error)
            return
        self._write(bytes(self._head))

    def close(self) -> None:
        """Closes the file; nothing may be fed afterwards."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def text(self) -> str:
        """The output for a model, within the limits; a marker says what was cut and where it is."""
        self._end()
        head = plain(self._kept.head)
        if self._kept.whole:
            text = head.rstrip("\n")
            if fits(text, self._limits):
                return text
            self.save()
            return cut(text, text, self._limits, self._marker)
        self.save()
        return cut(head, plain(self._kept.tail).rstrip("\n"), self._limits, self._marker)

    def coloured(self) -> str:
        """The output with its colours, for a person; empty where it has none or was cut."""
        self._end()
        if not self._kept.whole or "\x1b" not in self._kept.head:
            return ""
        text = self._kept.head.rstrip("\n")
        return text if fits(text, self._limits) else ""

    def latest(self) -> str:
        """The last rows as they stand now, without colours; bounded."""
        return plain(self._rows.latest(LIVE_ROWS))[-LIVE_CHARS:]

    def last_line(self) -> str:
        """The last line that is not blank of what came so far; bounded, from any thread."""
        lines = self.latest().strip().rsplit("\n", 1)
        return lines[-1].strip()[:LAST_LINE_CHARS]

    def _end(self) -> None:
        self._rows.feed(self._decoder.decode(b"", True))
        self._rows.end()

    def _marker(self, shown_lines: int) -> str:
        count = self._kept.newlines + 1
        hidden = max(count - shown_lines, 0)
        lines = f"{hidden:,} of {count:,} lines" if hidden else "the middle"
        said = f"{lines} left out, {self.total:,} bytes in all"
        if self.path is None:
            return f"[… {said}; the full output could not be saved: {self._save_error} …]"
        part = "the full output is"
        if self.total > self._saved:
            part = f"the first {self._saved:,} bytes are"
        return f"[… {said}; {part} in {self.path} …]"

    def _write(self, data: bytes) -> None:
        data = data[: self._max_saved - self._saved]
        try:
            while data and self._fd is not None:
                count = os.write(self._fd, data)
                self._saved += count
                data = data[count:]
        except OSError as error:
            # A full disk must not end the command; the file keeps what it has.
            self._save_error = reason(error)
            self.close()


def plain(text: str) -> str:
    """``text`` without terminal control sequences and with ``\\n`` as the only line end."""
    text = without_sequences(text)
    return text.replace("\r\n", "\n") if "\r" in text else text


def fits(text: str, limits: Limits) -> bool:
    """Whether ``text`` is within ``limits``."""
    return len(text) <= limits.chars and text.count("\n") < limits.lines


def cut(head: str, tail: str, limits: Limits, marker: Callable[[int], str]) -> str:
    """The first fifth and the last four fifths of what ``limits`` allow, around a marker.

    Args:
        head: the text's beginning, at least as long as the limit.
        tail: the text's end, at least as long as the limit; both may be the whole text.
        limits: what remains; the marker comes on top.
        marker: gets the number of lines shown in part or whole.
    """
    first = _first(head, limits.chars // 5, max(limits.lines // 5, 1))
    last = _first(tail[::-1], limits.chars - len(first), limits.lines - limits.lines // 5)[::-1]
    shown = first.count("\n") + last.count("\n") + 2
    return f"{first}\n\n{marker(shown)}\n\n{last}"


def _first(text: str, chars: int, lines: int) -> str:
    """The beginning of ``text``, ending with a whole line where there is one."""
    piece = text[:chars]
    end = -1
    for _ in range(lines):
        end = piece.find("\n", end + 1)
        if end < 0:
            break
    if end >= 0:
        return piece[:end]
    whole = piece.rfind("\n")
    return piece[:whole] if whole > chars // 2 and len(text) > chars else piece
