"""Images made such that a model can be shown them, and what is said of those that cannot be."""

from __future__ import annotations

import struct
import sys
import zlib
from base64 import b64decode
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.imaging.fit import (
    MAX_FILE_BYTES,
    MAX_SIDE,
    UnusableImage,
    fitted,
    fitted_block,
    fitted_result,
)
from qwen_dual.imaging.headers import is_animated, orientation
from qwen_dual.protocol.blocks import (
    MAX_IMAGE_CHARS,
    image_block,
    image_size,
    images_in,
    text_block,
    text_in,
)
from tests.support.images import GIF, JPEG, WEBP_EXTENDED, encoded, png
from tests.support.pictures import animation, picture, turned

if TYPE_CHECKING:
    from qwen_dual.protocol.shapes import ImageBlock


def size(block: ImageBlock) -> tuple[int, int] | None:
    return image_size(block["source"]["data"])


def why(data: bytes, **room: int) -> str:
    with pytest.raises(UnusableImage) as problem:
        fitted(data, **room)
    return problem.value.reason


@pytest.fixture
def no_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_what_fits_stays_as_it_is_byte_for_byte(form: str) -> None:
    data = picture(form=form)
    block = fitted(data)
    assert b64decode(block["source"]["data"]) == data
    assert block["source"]["media_type"] == f"image/{form.lower()}"


def test_what_is_as_it_is_needs_no_pillow(no_pillow: None) -> None:
    assert size(fitted(png(300, 200))) == (300, 200)
    assert size(fitted(GIF)) == (3, 2)


@pytest.mark.parametrize(
    ("given", "shown"), [((6000, 3000), (2000, 1000)), ((500, 4000), (250, 2000))]
)
def test_what_has_too_many_pixels_is_made_smaller(
    given: tuple[int, int], shown: tuple[int, int]
) -> None:
    assert size(fitted(picture(*given))) == shown


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_what_has_too_many_bytes_is_made_to_fit(form: str) -> None:
    data = picture(900, 700, form, noise=True, lossless=form == "WEBP")
    room = 100_000
    assert len(data) > room
    made = b64decode(fitted(data, room)["source"]["data"])
    assert len(made) <= room and made.startswith(b"\xff\xd8")


def test_a_picture_of_a_screen_stays_sharp_while_there_is_room() -> None:
    assert fitted(picture(3000, 2000))["source"]["media_type"] == "image/png"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_every_kind_of_colour_can_be_made_smaller(mode: str) -> None:
    image = pytest.importorskip("PIL.Image")
    out = BytesIO()
    image.new(mode, (2500, 10)).save(out, "PNG")
    assert size(fitted(out.getvalue())) == (MAX_SIDE, 8)
    assert size(fitted(out.getvalue(), 700)) is not None


def test_sixteen_bits_of_grey_keep_their_shades() -> None:
    image = pytest.importorskip("PIL.Image")
    out = BytesIO()
    image.new("I;16", (2500, 10), 0x4000).save(out, "PNG")
    made = image.open(BytesIO(b64decode(fitted(out.getvalue())["source"]["data"])))
    assert made.convert("L").getpixel((0, 0)) == 0x40


def test_a_photograph_is_turned_as_its_camera_says() -> None:
    image = pytest.importorskip("PIL.Image")
    block = fitted(turned(6, 40, 30))
    assert size(block) == (30, 40)
    made = image.open(BytesIO(b64decode(block["source"]["data"])))
    assert made.getexif().get(0x0112, 1) == 1


@pytest.mark.parametrize("value", range(1, 9))
def test_the_orientation_is_read_without_decoding(value: int) -> None:
    assert orientation("image/jpeg", turned(value)) == value


@pytest.mark.parametrize("cut", range(4, 60))
def test_a_cut_header_has_no_orientation_or_one(cut: int) -> None:
    assert orientation("image/jpeg", turned(6)[:cut]) in (1, 6)


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_of_a_film_the_first_picture_is_shown(form: str) -> None:
    data = animation(form=form)
    assert is_animated(f"image/{form.lower()}", data)
    block = fitted(data)
    assert block["source"]["media_type"] == "image/png"
    assert not is_animated("image/png", b64decode(block["source"]["data"]))


def test_without_pillow_what_is_too_large_names_the_command_that_installs_it(
    no_pillow: None,
) -> None:
    for data in (png(100, 100, 5_000_000), png(9000, 100), GIF + b"\0\x21\xf9\x04" * 2 + b";"):
        assert "pip install 'qwen-dual[images]'" in why(data)
    assert size(fitted(png(7000, 100))) == (7000, 100)  # services take that


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "empty"),
        (b"hello", "no image"),
        (b'<?xml version="1.0"?><svg xmlns="x"/>', "an SVG drawing"),
        (b"BM" + b"\0" * 60, "a BMP image"),
        (b"\0\0\0\x20ftypheic", "an HEIC image"),
        (b"%PDF-1.7", "a PDF"),
        (png(0, 10), "no pixels"),
        (png(10, 0), "no pixels"),
        (png(9_000, 9_000), "more than 50,000,000 are not decoded"),
        (png(2**31 - 1, 2**31 - 1), "more than 50,000,000 are not decoded"),
        (png()[:-12], "its end is missing"),
        (JPEG[:-2], "its end is missing"),
        (png(3000, 30), "damaged"),  # it has to be decoded, and has no picture
    ],
)
def test_what_cannot_be_used_is_said_in_words(data: bytes, told: str) -> None:
    if told == "damaged":
        pytest.importorskip("PIL")
    assert told in why(data)


def test_a_file_of_more_than_the_bound_is_not_looked_at() -> None:
    assert "larger than 50.0 MB" in why(png(filler=MAX_FILE_BYTES))


def test_a_picture_that_claims_less_than_it_holds_takes_no_more_memory() -> None:
    """A few kilobytes that would become gigabytes."""
    pytest.importorskip("PIL")
    bomb = zlib.compress(b"\0" * 30_000_000, 9)
    header = struct.pack(">IIBBBBB", 3000, 1, 8, 0, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n"
    for name, part in ((b"IHDR", header), (b"IDAT", bomb), (b"IEND", b"")):
        data += struct.pack(">I", len(part)) + name + part
        data += struct.pack(">I", zlib.crc32(name + part))
    assert size(fitted(data)) == (2000, 1)


def test_a_block_is_made_to_fit_as_a_file_is() -> None:
    assert size(fitted_block(image_block("image/jpeg", encoded(picture(4000, 20))))) == (2000, 10)
    with pytest.raises(UnusableImage, match="no base64"):
        fitted_block(image_block("image/png", "iVBORw0KGgo=!"))


def test_the_images_of_a_result_share_the_room_there_is() -> None:
    block = image_block("image/png", encoded(picture(900, 700, noise=True)))
    content = fitted_result([text_block("a"), block, block, image_block("image/png", "AAAA")])
    assert not isinstance(content, str)
    assert [each["type"] for each in content] == ["text", "image", "image", "text"]
    assert sum(len(each["source"]["data"]) for each in images_in(content)) <= MAX_IMAGE_CHARS
    assert "was left out: it is no image" in text_in(content)
    assert fitted_result("text") == "text"


STARTS = [picture_of[:20] for picture_of in (png(3000, 10), GIF, JPEG, WEBP_EXTENDED)]


@given(st.sampled_from(STARTS), st.binary(max_size=400), st.integers(1, 5000))
def test_no_bytes_do_more_than_to_be_refused(start: bytes, rest: bytes, room: int) -> None:
    for data in (start + rest, rest):
        try:
            fitted(data, room)
        except UnusableImage as error:
            assert error.reason.isprintable()


@given(st.data())
def test_no_damage_to_a_picture_does_more_than_to_have_it_refused(data: st.DataObject) -> None:
    form = data.draw(st.sampled_from(["PNG", "JPEG", "WEBP", "GIF"]))
    given = bytearray(picture(60, 40, form))
    for _ in range(data.draw(st.integers(1, 8))):
        given[data.draw(st.integers(0, len(given) - 1))] = data.draw(st.integers(0, 255))
    try:
        fitted(bytes(given), 2000)
    except UnusableImage as error:
        assert error.reason.isprintable()
