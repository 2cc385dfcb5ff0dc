"""Images as terminals draw them: how, in how many rows, and nothing of a file as it is."""

from __future__ import annotations

import base64
import re
import sys
from io import BytesIO

import pytest

from qwen_dual.imaging.drawing import MAX_ROWS, Way, drawn, way_of
from qwen_dual.protocol.blocks import image_block, kind_of
from tests.support.images import encoded
from tests.support.pictures import picture

PHOTO = image_block("image/jpeg", encoded(picture(1000, 500, "JPEG", noise=True)))
ICON = image_block("image/png", encoded(picture(16, 16)))


@pytest.mark.parametrize(
    ("env", "wanted", "way"),
    [
        ({"TERM": "xterm-kitty"}, "auto", "kitty"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, "auto", "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "auto", "iterm2"),
        ({"TERM": "foot"}, "auto", "sixel"),
        ({"TERM": "xterm-256color"}, "auto", None),
        ({"TERM": "xterm-256color"}, "sixel", "sixel"),
        ({"TERM": "xterm-kitty"}, "off", None),
        ({"TERM": "dumb"}, "kitty", None),
        ({}, "auto", None),
        ({"TERM": "tmux-256color", "TMUX": "x", "KITTY_WINDOW_ID": "1"}, "auto", None),
        ({"TERM": "tmux-256color", "TMUX": "x"}, "kitty", None),
        ({"TERM": "tmux-256color", "TMUX": "x"}, "sixel", "sixel"),
        ({"TERM": "xterm-kitty", "STY": "1"}, "auto", None),
    ],
)
def test_how_a_terminal_draws(env: dict[str, str], wanted: str, way: Way | None) -> None:
    assert way_of(env, wanted) == way


@pytest.mark.parametrize("way", ["kitty", "iterm2", "sixel"])
@pytest.mark.parametrize(("columns", "rows"), [(78, MAX_ROWS), (28, 7), (4, 1)])
def test_a_picture_keeps_within_its_rows_and_its_proportions(
    way: Way, columns: int, rows: int
) -> None:
    assert drawn(PHOTO, way, columns)[0] == rows


@pytest.mark.parametrize("way", ["kitty", "iterm2", "sixel"])
@pytest.mark.parametrize("cell", [(6, 13), (7, 14), (10, 20), (9, 17)])
def test_the_highest_picture_takes_no_row_for_what_floats_are_off_by(
    way: Way, cell: tuple[int, int]
) -> None:
    pytest.importorskip("PIL")
    for height in (300, 333):
        tall = image_block("image/png", encoded(picture(120, height)))
        assert drawn(tall, way, 78, cell)[0] == MAX_ROWS


@pytest.mark.parametrize("cell", [(6, 13), (7, 14), (10, 20)])
def test_sixels_leave_room_for_six_rows_more_as_xterm_wants_it(cell: tuple[int, int]) -> None:
    pytest.importorskip("PIL")
    rows, sequence = drawn(PHOTO, "sixel", 78, cell)
    found = re.match(r'\x1bPq"1;1;\d+;(\d+)', sequence)
    assert found is not None
    height = int(found[1])
    assert height % 6 == 0 and height + 6 < rows * cell[1]
    assert sequence.count("-") == height // 6 - 1 and sequence.endswith("$\x1b\\")


@pytest.mark.parametrize("way", ["kitty", "iterm2", "sixel"])
def test_a_small_one_is_not_blown_up_and_a_narrow_window_has_none(way: Way) -> None:
    assert drawn(ICON, way, 78)[0] == 1
    assert drawn(PHOTO, way, 3) == (0, "")
    assert drawn(image_block("image/png", "AAAA"), way, 78) == (0, "")


def test_kitty_gets_a_small_png_in_pieces() -> None:
    pytest.importorskip("PIL")
    rows, sequence = drawn(PHOTO, "kitty", 78)
    pieces = re.findall(r"\x1b_G([^;]*);([A-Za-z0-9+/=]{0,4096})\x1b\\", sequence)
    assert "".join(f"\x1b_G{head};{data}\x1b\\" for head, data in pieces) == sequence
    assert pieces[0][0] == f"a=T,f=100,q=2,C=1,c=48,r={rows},m=1"
    assert {head for head, _ in pieces[1:-1]} == {"m=1"} and pieces[-1][0] == "m=0"
    data = base64.b64decode("".join(data for _, data in pieces))
    assert kind_of(data) == "image/png"


def test_iterm2_gets_the_same_in_one() -> None:
    sequence = drawn(PHOTO, "iterm2", 78)[1]
    assert re.fullmatch(
        r"\x1b\]1337;File=inline=1;size=\d+;width=48;height=12;preserveAspectRatio=1:"
        r"[A-Za-z0-9+/=]+\x07",
        sequence,
    )


def test_sixels_show_the_picture() -> None:
    image = pytest.importorskip("PIL.Image")
    made = image.new("RGB", (40, 40), "white")
    made.paste((255, 0, 0), (0, 0, 20, 20))
    out = BytesIO()
    made.save(out, "PNG")
    rows, sequence = drawn(image_block("image/png", encoded(out.getvalue())), "sixel", 78)
    assert rows == 2
    assert re.fullmatch(r'\x1bPq"1;1;40;30[#;!$\-0-9?-~]*\x1b\\', sequence)
    assert sixel(sequence)[(5, 5)] == (100, 0, 0)
    assert sixel(sequence)[(25, 25)] == (100, 100, 100)


def sixel(sequence: str) -> dict[tuple[int, int], tuple[int, ...]]:
    """The pixels that a terminal would draw."""
    body = sequence.removeprefix("\x1bPq").removesuffix("\x1b\\")
    body = re.sub(r'^"[\d;]+', "", body)
    shades: dict[int, tuple[int, ...]] = {}
    pixels, x, top, colour = {}, 0, 0, 0
    for match in re.finditer(r"#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|!(\d+)(.)|([?-~])|([$-])", body):
        if match[1]:
            shades[int(match[1])] = tuple(map(int, match.group(2, 3, 4)))
        elif match[5]:
            colour = int(match[5])
        elif match[9]:
            x, top = 0, top + (6 if match[9] == "-" else 0)
        else:
            bits, count = ord(match[7] or match[8]) - 63, int(match[6] or 1)
            for at in range(x, x + count):
                for bit in range(6):
                    if bits >> bit & 1:
                        pixels[(at, top + bit)] = shades[colour]
            x += count
    return pixels


def test_without_pillow_a_png_is_drawn_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert ICON["source"]["data"] in drawn(ICON, "kitty", 78)[1]
    assert drawn(PHOTO, "kitty", 78) == (0, "")
    assert drawn(ICON, "sixel", 78) == (0, "")
