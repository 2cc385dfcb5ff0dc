"""An image as what a terminal draws: kitty's protocol, iTerm2's, or sixels.

The picture is made as small as it is shown, with Pillow where it is there. All that comes of the image is
base64, or sixels of our own making: nothing of a file reaches the terminal as it is.
"""

from __future__ import annotations

import logging
import math
import re
from base64 import b64decode, b64encode
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from qwen_dual.protocol.blocks import image_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qwen_dual.protocol.shapes import ImageBlock

log = logging.getLogger(__name__)

Way = Literal["kitty", "iterm2", "sixel"]

MAX_COLUMNS = 60
MAX_ROWS = 12
MAX_BYTES = 400_000
"""Of a picture that is handed over; a larger one is not drawn."""

CELL = (10, 20)
"""Pixels of a cell where the terminal does not say."""

_SIXELS = bytes(63 + bits if bits < 64 else 63 for bits in range(256))
_REPEATED = re.compile(r"(.)\1{3,}")
_CHUNK = 4096
_COLOURS = 64


def way_of(env: Mapping[str, str], wanted: str) -> Way | None:
    """How pictures are drawn here; None where they are not.

    Inside tmux and screen a picture would stay where it is while the text under it moves, so that none
    is drawn there but sixels that were asked for, which tmux may know itself.

    Args:
        env: the session's environment, which says what terminal this is.
        wanted: ``ui.images``.
    """
    term, program = env.get("TERM", "").lower(), env.get("TERM_PROGRAM", "").lower()
    if wanted == "off" or term in ("", "dumb", "linux", "unknown"):
        return None
    if env.get("TMUX") or env.get("STY") or term.startswith(("tmux", "screen")):
        return "sixel" if wanted == "sixel" else None
    for way in get_args(Way):
        if way == wanted:
            return cast("Way", way)
    if "kitty" in term or "ghostty" in term or env.get("KITTY_WINDOW_ID") or program == "ghostty":
        return "kitty"
    if program in ("iterm.app", "wezterm", "mintty") or env.get("LC_TERMINAL") == "iTerm2":
        return "iterm2"
    return "sixel" if term.startswith(("foot", "mlterm", "contour", "yaft")) else None


def drawn(
    image: ImageBlock, way: Way, columns: int, cell: tuple[int, int] = CELL
) -> tuple[int, str]:
    """The rows that an image takes and what draws it with the cursor at its upper left; 0 for none.

    Args:
        image: one that a model was shown.
        way: how.
        columns: of the window, as far as there is room.
        cell: width and height in pixels.
    """
    size = image_size(image["source"]["data"])
    columns = min(columns, MAX_COLUMNS)
    if size is None or columns < 4:
        return 0, ""
    (width, height), (wide, high) = size, cell
    scale = min(columns * wide / width, MAX_ROWS * high / height, 1.0)
    across, rows = _cells(width * scale / wide), _cells(height * scale / high)
    pixels = max(1, round(width * scale)), max(1, round(height * scale))
    if way == "sixel":
        # Six more would have to have room: else xterm moves all up by a row, at the foot of a window.
        pixels = pixels[0], max(1, min(pixels[1], (rows * high - 7) // 6 * 6))
    made = _made(image, pixels, way)
    if made is None:
        return 0, ""
    if isinstance(made, str):
        return rows, made
    data = b64encode(made).decode("ascii")
    if way == "kitty":
        return rows, _kitty(data, across, rows)
    head = f"inline=1;size={len(made)};width={across};height={rows};preserveAspectRatio=1"
    return rows, f"\x1b]1337;File={head}:{data}\x07"


def _cells(length: float) -> int:
    """Of so many: a picture that just fits takes none for what floats are off by."""
    return max(1, math.ceil(length - 1e-6))


def _kitty(data: str, columns: int, rows: int) -> str:
    pieces = [data[at : at + _CHUNK] for at in range(0, len(data), _CHUNK)]
    out = []
    for index, piece in enumerate(pieces):
        more = int(index < len(pieces) - 1)
        head = f"a=T,f=100,q=2,C=1,c={columns},r={rows},m={more}" if index == 0 else f"m={more}"
        out.append(f"\x1b_G{head};{piece}\x1b\\")
    return "".join(out)


def _made(image: ImageBlock, pixels: tuple[int, int], way: Way) -> bytes | str | None:
    """A PNG in so many pixels, or sixels; None where it cannot be had."""
    data = b64decode(image["source"]["data"])
    kind = image["source"]["media_type"]
    try:
        from PIL import Image
    except ImportError:
        as_it_is = kind == "image/png" or way == "iterm2"
        return data if as_it_is and way != "sixel" and len(data) <= MAX_BYTES else None
    form = kind.rpartition("/")[2].upper()
    try:
        with Image.open(BytesIO(data), formats=[form]) as opened:
            opened.draft("RGB", pixels)
            small = opened.convert("RGBA").resize(pixels)
    except Exception:  # of a decoder, whatever it is: nothing is drawn
        log.info("an image is not drawn", exc_info=True)
        return None
    if way == "sixel":
        return "".join(_sixels(small))
    out = BytesIO()
    small.save(out, "PNG")
    return out.getvalue() if out.tell() <= MAX_BYTES else None


def _sixels(picture: Any) -> Iterator[str]:
    """Six rows of pixels at a time, each colour of them in a pass of its own."""
    from PIL import Image

    white = Image.new("RGB", picture.size, "white")
    white.paste(picture, mask=picture.getchannel("A"))
    plain = white.quantize(_COLOURS)
    width, height = plain.size
    held, shades = plain.tobytes(), plain.getpalette() or []
    yield f'\x1bPq"1;1;{width};{height}'
    for number in range(len(shades) // 3):
        red, green, blue = (round(part * 100 / 255) for part in shades[number * 3 : number * 3 + 3])
        yield f"#{number};2;{red};{green};{blue}"
    for top in range(0, height, 6):
        if top:
            yield "-"  # none behind the last, which would be six rows more
        rows = [held[at * width : (at + 1) * width] for at in range(top, min(top + 6, height))]
        for colour in sorted(set(b"".join(rows))):
            yield f"#{colour}{_sixels_of(colour, rows)}$"
    yield "\x1b\\"


def _sixels_of(colour: int, rows: list[bytes]) -> str:
    """Where in at most six rows a colour is: a character for each column, those that repeat counted."""
    columns = 0  # a byte for each: all of them at once, since a loop over pixels holds up the keys
    for bit, row in enumerate(rows):
        kept = bytearray(256)
        kept[colour] = 1 << bit
        columns |= int.from_bytes(row.translate(kept))
    bits = columns.to_bytes(len(rows[0])).translate(_SIXELS).decode("ascii")
    return _REPEATED.sub(lambda run: f"!{len(run[0])}{run[1]}", bits)
