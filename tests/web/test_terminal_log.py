"""The output of a terminal, kept: where it is cut, what a page begins with then, judged by an emulator."""

from __future__ import annotations

import random

import pyte
import pytest

from qwen_dual.web.terminal_log import PLACE_BYTES, Place, Size, TerminalLog
from qwen_dual.web.terminal_modes import TerminalModes
from qwen_dual.web.window import Window

SIZE = Size(40, 10)


def screen_of(*pieces: bytes, size: Size = SIZE) -> pyte.Screen:
    screen = pyte.Screen(size.columns, size.rows)
    stream = pyte.ByteStream(screen)
    for piece in pieces:
        stream.feed(piece)
    return screen


def kept(log: TerminalLog, place: Place) -> bytes:
    found, offset = [place.prelude], place.offset
    while data := log.read(offset):
        found.append(data)
        offset += len(data)
    return b"".join(found)


def looks(screen: pyte.Screen) -> tuple[list[str], object, bool]:
    cells = [
        [(cell.data, cell.fg, cell.bold) for _, cell in sorted(screen.buffer[row].items())]
        for row in range(screen.lines)
    ]
    return screen.display, cells, screen.cursor.hidden


def test_what_is_kept_is_what_came_at_its_offset() -> None:
    log = TerminalLog("e", SIZE, max_bytes=1000)
    whole = b"".join(b"%d\n" % number for number in range(100_000))
    for at in range(0, len(whole), 777):
        log.add(whole[at : at + 777])
    assert log.end == len(whole)
    assert whole[log.start :] == kept(log, Place(log.start))
    assert len(whole) - log.start < 3 * PLACE_BYTES
    assert log.read(log.end) == b""


@pytest.mark.parametrize("place", ["first_place", "recent_place"])
def test_a_page_that_begins_in_the_middle_of_lines_has_the_same_screen(place: str) -> None:
    chance = random.Random(3)
    log = TerminalLog("e", SIZE, max_bytes=1 << 15)
    pieces = [b"\x1b[?25l\x1b[?2004h\x1b[1;32m"]
    for number in range(8_000):
        text = chance.choice(
            (b"plain", b"\x1b[31mred", b"\x1b[0mnone \xe2\x82\xac", b"\x1b[1mbold")
        )
        pieces.append(b"%s %d\r\n" % (text, number))
    for piece in pieces:
        log.add(piece)
    begin: Place = getattr(log, place)()
    assert begin.offset > 0
    assert looks(screen_of(kept(log, begin))) == looks(screen_of(*pieces))


def test_a_page_that_begins_where_the_screen_was_cleared_lacks_nothing_of_it() -> None:
    log = TerminalLog("e", SIZE, max_bytes=1 << 15)
    pieces = []
    for number in range(400):
        frame = b"".join(
            b"\x1b[%d;1Hrow %d of %d\x1b[K" % (row + 1, row, number) for row in range(10)
        )
        pieces.append((b"\x1b[2J" if number % 30 == 0 else b"") + frame)
    for piece in pieces:
        log.add(piece)
    begin = log.first_place()
    assert begin.offset > 0
    assert begin.whole
    assert looks(screen_of(kept(log, begin))) == looks(screen_of(*pieces))


def test_output_without_any_place_to_begin_is_bounded_all_the_same() -> None:
    log = TerminalLog("e", SIZE, max_bytes=1 << 16)
    for _ in range(3_000):
        log.add(b"x" * 1000)
    assert log.end - log.start <= 3 << 16
    assert not log.first_place().whole
    assert log.has(log.first_place().offset)


def test_bytes_are_told_for_the_size_that_they_were_painted_for() -> None:
    log = TerminalLog("e", SIZE)
    log.add(b"narrow")
    log.resized(Size(100, 30))
    log.resized(Size(120, 30))
    log.add(b"wide")
    assert log.read(0) == b"narrow"
    assert (log.size_at(0), log.size_at(5)) == (SIZE, SIZE)
    assert log.read(6) == b"wide"
    assert log.size_at(6) == log.size == Size(120, 30)


def test_modes_are_put_back_and_what_is_of_the_moment_is_not() -> None:
    modes = TerminalModes()
    modes.feed(
        b"\x1b[?1049h\x1b[?25l\x1b[?1000;1006h\x1b[?2026h\x1b[2;9r\x1b=\x1b[4 q\x1b[>1u"
        b"\x1b[31mold\x1b[0;1mtext\x1b[38;5;9m"
    )
    prelude = modes.prelude()
    assert prelude.startswith(b"\x1b[?1049h")
    assert b"2026" not in prelude
    for part in (b"\x1b[?25l", b"\x1b[?1000h", b"\x1b[?1006h", b"\x1b[2;9r", b"\x1b=", b"\x1b[4 q"):
        assert part in prelude
    assert prelude.endswith(b"\x1b[0;1m\x1b[38;5;9m")
    modes.feed(b"\x1bc\x1b[m")
    assert modes.prelude() == b""


def test_modes_that_are_only_made_up_are_bounded() -> None:
    modes = TerminalModes()
    for number in range(10_000):
        modes.feed(b"\x1b[?%dh\x1b[38;5;%dm\x1b[>%du" % (number, number % 256, number))
    assert len(modes.prelude()) < 4_000


def test_the_size_is_that_of_the_page_that_was_used_last() -> None:
    window = Window()
    assert window.fits("desk", 120, 40) == Size(120, 40)
    assert window.fits("phone", 40, 20) == Size(120, 40), "nobody has used it yet"
    assert window.giver == "desk"
    assert window.used("phone") == Size(40, 20)
    assert window.fits("desk", 130, 40) == Size(40, 20)
    assert window.left("phone") == Size(130, 40)
    assert window.giver == "desk"
    assert window.left("desk") is None
    assert window.fits("hostile", 0, 10**9) == Size(10, 500)
