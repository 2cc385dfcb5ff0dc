"""The output of a terminal, kept for pages that come later or fell behind, with the sizes it is for. Pure.

What is kept is bounded. Where its beginning is gone, a page begins at a place between two lines or two
frames, with the modes in force there put before it (``terminal_modes``): what was above is missing then,
and the program is to paint its screen anew, unless it had cleared all of it at that place.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from operator import attrgetter

from msgspec import Struct

from qwen_dual.web.terminal_modes import TerminalModes

MAX_BYTES = 1 << 20
"""Of the output of one terminal."""

FRAME_BYTES = 1 << 16

PLACE_BYTES = 1 << 15
"""From one place at which a page can begin to the next, roughly."""

RECENT_BYTES = 1 << 17
"""What a page that fell behind is given again."""

_CLEARED = re.compile(rb"\x1b(?:\[2J|\[H\x1b\[J|c)")
_FRAME = b"\x1b[?2026h"


class Size(Struct, frozen=True):
    """Of a terminal's window.

    Attributes:
        columns: how wide it is.
        rows: how high.
    """

    columns: int
    rows: int


class Place(Struct, frozen=True):
    """Where a page can begin.

    Attributes:
        offset: of the first byte that is shown.
        prelude: what puts a fresh terminal into the modes in force there.
        whole: nothing that was on the screen before is missing then.
    """

    offset: int
    prelude: bytes = b""
    whole: bool = True


class _Sized(Struct, frozen=True):
    offset: int
    size: Size


class TerminalLog:
    """The latest output of a terminal, by its offset in the whole output.

    Args:
        epoch: is another one where offsets begin anew.
        size: of the window at the start.
        max_bytes: what is kept at the least, once there is so much.

    Attributes:
        start: where what is kept begins.
        end: how much there was in all.
    """

    def __init__(self, epoch: str, size: Size, max_bytes: int = MAX_BYTES) -> None:
        self.epoch = epoch
        self.start = self.end = 0
        self._max_bytes = max_bytes
        self._bytes = bytearray()
        self._sizes = [_Sized(0, size)]
        self._modes = TerminalModes()
        self._noted_to = 0
        self._places = [Place(0)]

    @property
    def size(self) -> Size:
        """Of the window now."""
        return self._sizes[-1].size

    def add(self, data: bytes) -> None:
        """Takes what was painted next."""
        self._bytes += data
        self.end += len(data)
        if self.end - self._noted_to >= PLACE_BYTES:
            self._note_place()
        # A quarter more, so that not each byte that comes moves all others.
        if len(self._bytes) > self._max_bytes * 5 // 4:
            self._cut()

    def resized(self, size: Size) -> None:
        """What comes now is painted for a window of this size."""
        if self._sizes[-1].offset == self.end:
            self._sizes.pop()
        self._sizes.append(_Sized(self.end, size))

    def size_at(self, offset: int) -> Size:
        """What the bytes from an offset on are painted for."""
        at = bisect_right(self._sizes, offset, key=attrgetter("offset"))
        return self._sizes[max(0, at - 1)].size

    def has(self, offset: int) -> bool:
        """Whether all that follows an offset is kept."""
        return self.start <= offset <= self.end

    def first_place(self) -> Place:
        """Where a page begins that is to have all there is."""
        return self._places[0]

    def recent_place(self) -> Place:
        """Where a page begins that fell behind: not more is sent again than it takes to have the screen."""
        at = bisect_left(self._places, self.end - RECENT_BYTES, key=attrgetter("offset"))
        return self._places[min(at, len(self._places) - 1)]

    def read(self, offset: int, limit: int = FRAME_BYTES) -> bytes:
        """What follows an offset, all of it for windows of one size; empty for nothing."""
        until = min(self.end, offset + limit)
        at = bisect_right(self._sizes, offset, key=attrgetter("offset"))
        if at < len(self._sizes):
            until = min(until, self._sizes[at].offset)
        return bytes(self._bytes[offset - self.start : until - self.start])

    def _note_place(self) -> None:
        """Looks for the last place at which a page could begin."""
        begin = self._noted_to - self.start
        new = bytes(self._bytes[begin:])
        cleared = [found.start() for found in _CLEARED.finditer(new)]
        if cleared and cleared[-1] > 0:
            at, whole = cleared[-1], True
        else:
            at, whole = max(new.rfind(b"\n") + 1, new.rfind(_FRAME)), False
        if at <= 0:
            if len(new) < 4 * PLACE_BYTES:
                return  # one line so far, or one frame
            at = new.rfind(b"\x1b")
            at = at if at > len(new) // 2 else len(new)
        self._modes.feed(new[:at])
        self._noted_to += at
        self._places.append(Place(self._noted_to, self._modes.prelude(), whole))

    def _cut(self) -> None:
        """Lets the oldest go, up to a place at which a page can begin."""
        wanted = self.end - self._max_bytes
        at = bisect_right(self._places, wanted, key=attrgetter("offset")) - 1
        if at > 0:
            del self._places[:at]
            cut = self._places[0].offset
        elif len(self._bytes) < 2 * self._max_bytes:
            return
        else:  # there was no such place for long: it is no terminal that this is painted for
            cut = min(self._noted_to, wanted)
            self._places[0] = Place(cut, self._places[0].prelude, whole=False)
        del self._bytes[: cut - self.start]
        self.start = cut
        while len(self._sizes) > 1 and self._sizes[1].offset <= cut:
            del self._sizes[0]
