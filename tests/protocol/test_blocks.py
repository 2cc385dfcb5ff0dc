"""What an image is, how large, and the line that stands for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.protocol.blocks import (
    MAX_IMAGE_CHARS,
    image_block,
    image_line,
    image_size,
    images_in,
    is_image,
    joined,
    media_type_of,
    text_block,
    text_in,
    why_unusable,
    with_text,
)
from tests.support import images
from tests.support.images import encoded, image, png

if TYPE_CHECKING:
    from qwen_dual.protocol.shapes import ResultContent


@pytest.mark.parametrize(
    ("data", "kind", "size"),
    [
        (png(1920, 1080), "image/png", (1920, 1080)),
        (images.GIF, "image/gif", (3, 2)),
        (images.JPEG, "image/jpeg", (9, 7)),
        (images.WEBP_LOSSY, "image/webp", (11, 5)),
        (images.WEBP_LOSSLESS, "image/webp", (13, 8)),
        (images.WEBP_EXTENDED, "image/webp", (16, 20)),
        (png()[:20], "image/png", None),
        (b"\xff\xd8\xff\xe0", "image/jpeg", None),
        (b"<svg/>", None, None),
        (b"", None, None),
    ],
)
def test_an_image_is_what_its_bytes_begin_with(
    data: bytes, kind: str | None, size: tuple[int, int] | None
) -> None:
    assert media_type_of(encoded(data)) == kind
    assert image_size(encoded(data)) == size


def test_a_line_stands_for_an_image() -> None:
    data = png(800, 600, filler=33_000)
    assert image_line(image(data)) == "[image: PNG, 800×600, 33 kB]"
    assert image_line(image(images.JPEG, "image/png")).startswith("[image: JPEG, 9×7, ")
    assert image_line(image(b"x", "a\x1b]0;b/c\nd")) == "[image: CD, 1 bytes]"
    content: ResultContent = [text_block("above"), image(), text_block("below")]
    assert text_in(content).split("\n")[::2] == ["above", "below"]
    assert "iVBOR" not in text_in(content)


@given(st.text(), st.text())
def test_whatever_is_said_to_be_an_image_has_a_line(media_type: str, data: str) -> None:
    line = image_line(image_block(media_type, data))
    assert line.startswith("[image: ") and line.isprintable() and len(line) < 100


def test_what_no_service_would_take_is_said() -> None:
    def told(data: str) -> str:
        return why_unusable(image_block("image/png", data))

    assert told(encoded(png())) == ""
    assert told("x" * (MAX_IMAGE_CHARS + 1)) == ("larger than the 590 kB that there is room for")
    assert told("é") == told("iVBO=w") == "no base64"
    assert told(encoded(png()[:-9])) == told(encoded(png()[:20])) == "not whole"
    assert told(encoded(png(8001, 2))) == "more than 8,000 pixels wide or high"
    assert told(encoded(b"%PDF-1.7")) == "neither PNG, JPEG, GIF nor WebP"


def test_only_an_image_makes_a_list_of_a_result() -> None:
    assert joined([text_block("a"), text_block("b")]) == "a\nb"
    assert joined([]) == ""
    assert joined([image()]) == [image()]
    assert images_in("a") == [] and images_in([text_block("a"), image()]) == [image()]


def test_text_is_added_before_and_after() -> None:
    assert with_text("b", before="a", after="c") == "abc"
    assert with_text([image()], after="c") == [image(), text_block("c")]
    assert with_text([image()], before="a") == [text_block("a"), image()]
    assert with_text([image()]) == [image()]


@pytest.mark.parametrize(
    "block",
    [
        {},
        {"type": "image"},
        {"type": "image", "source": {"type": "url", "url": "http://x"}},
        {"type": "image", "source": {"type": "base64", "media_type": 1, "data": "x"}},
        {"type": "text", "text": "x"},
    ],
)
def test_what_is_no_image_block_is_known(block: dict[str, object]) -> None:
    assert not is_image(block)
    assert is_image(image())
