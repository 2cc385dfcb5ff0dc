"""A recording that is there: its files, its events with the moment of each, and what is found in them."""

from __future__ import annotations

import os
from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING, Any, NamedTuple

from qwen_dual.protocol import MAX_LINE_BYTES
from qwen_dual.protocol.ansi import without_sequences
from qwen_dual.protocol.codec import NotJson, decode, encode
from qwen_dual.protocol.framing import LineFramer
from qwen_dual.recording.cast_reader import CastReader
from qwen_dual.recording.event_log import PIECE
from qwen_dual.recording.folder import CAST, EVENTS, INDEX, RecordingError, meta_of
from qwen_dual.recording.lines import too_long

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECE = 1 << 18


class TimedLine(NamedTuple):
    """One line of the events.

    Attributes:
        seconds: when it came, since the start; None where nobody noted it.
        line: as it came, with its newline.
        piece: 0 for a whole line; of one that is too long to be an event 1 for its beginning, 2 for what follows.
    """

    seconds: float | None
    line: bytes
    piece: int = 0


class Recorded:
    """A folder of ``qwen-dual record``, a ``.cast`` file, or a file of events.

    Args:
        path: of one of them.

    Attributes:
        cast: the terminal; None where there is none.
        events: the path of the events; empty where there are none.
        meta: what was recorded.

    Raises:
        RecordingError: there is nothing of that kind.
    """

    def __init__(self, path: str) -> None:
        self.cast: CastReader | None = None
        self.events = ""
        self.meta: dict[str, Any] = {}
        self._index = ""
        self._numbers: tuple[array[float], array[int]] | None = None
        if os.path.isdir(path):
            self.meta = meta_of(path)
            cast, events = os.path.join(path, CAST), os.path.join(path, EVENTS)
            if os.path.exists(cast):
                self.cast = CastReader(cast)
            if os.path.exists(events):
                self.events, self._index = events, os.path.join(path, INDEX)
            if self.cast is None and not self.events:
                raise RecordingError(f"{path}: there is no recording in it ({CAST}, {EVENTS})")
        elif path.endswith(".cast"):
            self.cast = CastReader(path)
        elif os.path.exists(path):
            self.events = path
        else:
            raise RecordingError(f"{path}: there is no such file or folder")

    def lines(self) -> Iterator[TimedLine]:
        """The events, line by line, with the moment of each; of lines that are too long the pieces.

        Raises:
            RecordingError: they cannot be read.
        """
        times = self._times()
        now: float | None = None
        upcoming = next(times, None)
        try:
            with open(self.events, "rb") as file:
                at = piece = 0
                while line := file.readline(MAX_LINE_BYTES + 1):
                    while upcoming is not None and at >= upcoming[0]:
                        now, upcoming = upcoming[1], next(times, None)
                    if piece or too_long(line):
                        piece = 2 if piece else 1
                    yield TimedLine(now, line, piece)
                    at += len(line)
                    if line.endswith(b"\n"):
                        piece = 0
        except OSError as error:
            raise RecordingError(f"{self.events}: {error.strerror}") from error

    def seq_at(self, seconds: float) -> int | None:
        """The number of the latest event that had come by a moment; None where nobody noted any.

        Read once, from the index: of an event a session long it is two numbers.
        """
        if self._numbers is None:
            moments, numbers = self._numbers = array("d"), array("q")
            for at in self._entries():
                number = at.get("to_seq")
                if isinstance(number, int) and abs(number) < 1 << 63:
                    moments.append(float(at["t"]))
                    numbers.append(number)
        moments, numbers = self._numbers
        found = bisect_right(moments, seconds)
        return numbers[found - 1] if found else None

    def find(self, text: str, after: float) -> float | None:
        """When ``text`` is next said or shown after a moment, upper and lower case alike; None for never.

        In the events where there are any with their times, else in what was painted.
        """
        if self.events and self._index and os.path.exists(self._index):
            said = (
                at.seconds
                for at in self.lines()
                if at.seconds is not None and at.seconds > after
                if not at.piece and not at.line.startswith(PIECE) and _says(at.line, text)
            )
            return next(said, None)
        shown = (
            event.seconds
            for event in self.cast or ()
            if event.code == "o" and event.seconds > after
            if text.lower() in without_sequences(event.data).lower()
        )
        return next(shown, None)

    def _times(self) -> Iterator[tuple[int, float]]:
        """Where in the events which moment begins."""
        return ((at["offset"], float(at["t"])) for at in self._entries())

    def _entries(self) -> Iterator[dict[str, Any]]:
        """Those of the index that can be used."""
        if not self._index or not os.path.exists(self._index):
            return
        framer = LineFramer(MAX_LINE_BYTES)
        with open(self._index, "rb") as file:
            while piece := file.read(_PIECE):
                for frame in framer.feed(piece):
                    try:
                        entry = decode(frame.data)
                    except NotJson:
                        continue
                    match entry:
                        case {"t": int() | float(), "offset": int()}:
                            yield entry


def _says(line: bytes, text: str) -> bool:
    """Whether ``text`` is in an event, however its program escapes what is not ASCII."""
    if text.isascii():
        return encode(text)[1:-2].lower() in line.lower()
    try:
        return text.lower() in encode(decode(line)).decode().lower()
    except NotJson:
        return False
