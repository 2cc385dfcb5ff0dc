"""Makes an image such that every service takes it: small enough, one frame, the right way up.

One that is so already is left as it is, byte for byte. Decoding happens with Pillow alone, for the four
kinds that models are shown, after the header has said how many pixels there will be. It blocks: for a
thread; there, one image is decoded at a time, so that sixteen large ones take the memory of one.
"""

from __future__ import annotations

import logging
import threading
from base64 import b64encode
from binascii import a2b_base64
from io import BytesIO
from typing import TYPE_CHECKING, Any

from qwen_dual.imaging.headers import (
    described,
    is_animated,
    is_whole,
    orientation,
    values_at_once,
)
from qwen_dual.protocol.blocks import (
    MAX_IMAGE_CHARS,
    amount,
    image_block,
    image_line,
    image_size,
    joined,
    kind_of,
    text_block,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from PIL.Image import Image

    from qwen_dual.protocol.shapes import ImageBlock, ResultContent, TextBlock

log = logging.getLogger(__name__)

MAX_FILE_BYTES = 50_000_000
"""What a file may have to be looked at at all."""

MAX_SIDE = 2000
"""Pixels wide or high of what is sent: what Anthropic takes of many images in one request. What the
services look at is smaller still."""

MAX_PIXELS = 50_000_000
"""Of what is decoded: 200 MB at the most. A file of a few kilobytes may claim any number."""

MAX_WEBP_PIXELS = 15_000_000
"""Of a WebP, of which Pillow holds five copies while it decodes it."""

MAX_VALUES = 100_000_000
"""Of two bytes each, that the decoder of a progressive JPEG holds beside the pixels."""

MAX_PROMPT_BYTES = 3_750_000
"""What an image of a prompt is sent with at the most: Anthropic's 5 MiB, counted in base64."""

INSTALL = "pip install 'qwen-dual[images]'"

_QUALITIES = (85, 70, 50)
_SHRINK = 0.7
_SMALLEST = 64

_LARGE = 12_000_000
"""Pixels from which on an image is made smaller in strips."""

_STRIP = 64
"""Lines of what is made that are made at a time."""

_PIECE = 3 << 18
"""Bytes that are taken into base64 and out of it in one go: a multiple of three."""

_decoding = threading.Lock()


class UnusableImage(ValueError):
    """An image that cannot be sent to a model.

    Attributes:
        reason: why, as the end of a sentence that begins with the image's name.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def fitted(data: bytes, room: int = MAX_PROMPT_BYTES) -> ImageBlock:
    """The block for an image.

    Args:
        data: a file.
        room: bytes that it may have.

    Raises:
        UnusableImage: it is none, is damaged, or cannot be made to fit.
    """
    kind = kind_of(data[:16])
    if kind is None:
        raise UnusableImage(f"it is {described(data[:512])}; PNG, JPEG, GIF and WebP are shown")
    if len(data) > MAX_FILE_BYTES:
        raise UnusableImage(f"it is larger than {amount(MAX_FILE_BYTES)}")
    size = image_size(_base64(data[: 1 << 16]))
    if size is None:
        raise UnusableImage("it is damaged, or has no pixels")
    most = most_pixels(kind, data)
    if size[0] * size[1] > most:
        raise UnusableImage(
            f"it has {size[0]:,}×{size[1]:,} pixels; more than {most:,} are not decoded"
        )
    if not is_whole(kind, data):
        raise UnusableImage("it is damaged: its end is missing")
    why = _why_changed(kind, data, size, room)
    if not why:
        return image_block(kind, _base64(data))
    if (pillow := _pillow()) is None:
        return _as_it_is(kind, data, size, room, why)
    with _decoding:
        try:
            return _remade(pillow, data, kind, room)
        except UnusableImage:
            raise
        except Exception as error:  # of a decoder, whatever it is
            log.info("an image cannot be decoded", exc_info=True)
            why = str(error)[:200]
            # What is none of Pillow's names an object of ours, which tells nobody anything.
            told = f" ({why})" if why and "<" not in why else ": no decoder reads it"
            raise UnusableImage(f"it is damaged{told}") from error


def fitted_block(image: ImageBlock, room: int = MAX_PROMPT_BYTES) -> ImageBlock:
    """The same for an image that is a block already.

    Raises:
        UnusableImage: see ``fitted``, or it is no base64.
    """
    try:
        data = _bytes(image["source"]["data"])
    except ValueError:
        raise UnusableImage("it is no base64") from None
    return fitted(data, room)


def fitted_result(content: ResultContent) -> ResultContent:
    """What a tool gave with its images made to fit together; a line says of each that cannot why not."""
    images = 0 if isinstance(content, str) else sum(each["type"] == "image" for each in content)
    if isinstance(content, str) or not images:
        return content
    found: list[TextBlock | ImageBlock] = []
    for block in content:
        if block["type"] != "image":
            found.append(block)
            continue
        try:
            found.append(fitted_block(block, MAX_IMAGE_CHARS // 4 * 3 // images))
        except UnusableImage as error:
            found.append(text_block(f"{image_line(block)} was left out: {error.reason}."))
    return joined(found)


def most_pixels(kind: str, data: bytes) -> int:
    """How many pixels of such an image are decoded, which takes no more than 300 MB."""
    if kind == "image/webp":
        return MAX_WEBP_PIXELS
    planes = values_at_once(kind, data)
    return min(MAX_PIXELS, int(MAX_VALUES / planes)) if planes else MAX_PIXELS


def _why_changed(kind: str, data: bytes, size: tuple[int, int], room: int) -> str:
    """Why an image cannot stay as it is, as the end of a sentence; empty where it can."""
    if len(data) > room:
        return f"it has {amount(len(data))}, and {amount(room)} can be sent"
    if max(size) > MAX_SIDE:
        return f"it has {size[0]}×{size[1]} pixels, and {MAX_SIDE} can be sent"
    if is_animated(kind, data):
        return "it is animated, and one picture can be sent"
    if kind == "image/gif":
        return "it is a GIF, which not every service takes"
    return "it is to be turned" if orientation(kind, data) != 1 else ""


def _as_it_is(kind: str, data: bytes, size: tuple[int, int], room: int, why: str) -> ImageBlock:
    """The image without Pillow, where a service may take it all the same."""
    from qwen_dual.protocol.blocks import MAX_SIDE as LARGEST

    if len(data) > room or max(size) > LARGEST or is_animated(kind, data):
        raise UnusableImage(f"{why}. Install Pillow and it is made to fit: {INSTALL}")
    return image_block(kind, _base64(data))


def _pillow() -> ModuleType | None:
    try:
        from PIL import Image
    except ImportError:
        return None
    return Image


def _remade(pillow: Any, data: bytes, kind: str, room: int) -> ImageBlock:
    form = kind.rpartition("/")[2].upper()
    with pillow.open(BytesIO(data), formats=[form]) as opened:
        if opened.size[0] * opened.size[1] > MAX_PIXELS:
            raise UnusableImage("its parts disagree on its size")
        opened.draft("RGB", (MAX_SIDE, MAX_SIDE))  # a JPEG is decoded at a fraction of its size
        image = _reduced(pillow, opened)
        image.thumbnail((MAX_SIDE, MAX_SIDE), reducing_gap=2.0)
        from PIL import ImageOps

        image = ImageOps.exif_transpose(image)
    for made, media_type in _attempts(pillow, image, lossless=kind != "image/jpeg"):
        if len(made) <= room:
            return image_block(media_type, _base64(made))
    raise UnusableImage(f"it cannot be made to fit into {amount(room)}")


def _reduced(pillow: Any, opened: Image) -> Image:
    """The image in colours; a large one with less than twice the pixels each way that are sent.

    In strips: changing its mode, or weighing its colours by what they let through, takes another copy.
    """
    width, height = opened.size
    factor = max(width, height) // MAX_SIDE
    if factor < 2 or width * height < _LARGE:
        return _in_colours(opened)
    strips = (
        _in_colours(opened.crop((0, top, width, min(top + _STRIP * factor, height)))).reduce(factor)
        for top in range(0, height, _STRIP * factor)
    )
    first = next(strips)
    made: Image = pillow.new(first.mode, (first.width, -(-height // factor)))
    made.paste(first, (0, 0))
    for number, strip in enumerate(strips, 1):
        made.paste(strip, (0, number * _STRIP))
    if "exif" in opened.info:  # says how it is to be turned
        made.info["exif"] = opened.info["exif"]
    return made


def _in_colours(image: Image) -> Image:
    """The image in a mode that can be made smaller without loss of its colours, and saved."""
    if image.mode.startswith("I"):  # 16 bits of grey, which ``convert`` would cut off
        image = image.point(lambda value: value / 256).convert("L")
    if image.mode in ("RGB", "RGBA", "L"):
        return image if "transparency" not in image.info else image.convert("RGBA")
    has_alpha = "A" in image.getbands() or "transparency" in image.info
    return image.convert("RGBA" if has_alpha else "RGB")


def _attempts(pillow: Any, image: Image, *, lossless: bool) -> Iterator[tuple[bytes, str]]:
    """The image in ever fewer bytes: a picture of a screen stays sharp while there is room."""
    while True:
        if lossless:
            yield _saved(image, "PNG", optimize=False), "image/png"
        lossless = False  # of fewer pixels a JPEG shows as much
        flat = _flattened(pillow, image)
        for quality in _QUALITIES:
            yield _saved(flat, "JPEG", quality=quality), "image/jpeg"
        width, height = (max(1, round(side * _SHRINK)) for side in image.size)
        if max(width, height) < _SMALLEST:
            return
        image = image.resize((width, height))


def _flattened(pillow: Any, image: Image) -> Image:
    """The image on white, where it lets something through: a JPEG cannot."""
    if image.mode != "RGBA":
        return image
    white: Image = pillow.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white


def _saved(image: Image, form: str, **options: Any) -> bytes:
    out = BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def _base64(data: bytes) -> str:
    """In pieces, since each holds up every other thread."""
    pieces = (data[at : at + _PIECE] for at in range(0, len(data), _PIECE))
    return "".join(b64encode(piece).decode("ascii") for piece in pieces)


def _bytes(data: str) -> bytes:
    """What base64 stands for, in pieces; ValueError where it is none."""
    step = _PIECE // 3 * 4
    pieces = (data[at : at + step] for at in range(0, len(data), step))
    return b"".join(a2b_base64(piece, strict_mode=True) for piece in pieces)
