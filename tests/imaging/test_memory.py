"""What a picture may cost that is made smaller: bounded before anything of it is decoded."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from base64 import b64decode
from io import BytesIO
from typing import TYPE_CHECKING

import pytest

from qwen_dual.imaging.fit import MAX_PIXELS, MAX_WEBP_PIXELS, fitted, most_pixels
from qwen_dual.imaging.headers import values_at_once
from qwen_dual.protocol.blocks import image_size
from tests.support.pictures import picture

if TYPE_CHECKING:
    from pathlib import Path

SIDE, MOST_MB = 5000, 200
"""Half of the pixels that are decoded at the most, and what they may take: Pillow alone takes 330 MB."""

CORNERS = ((100, 100), (1000, 100), (100, 1900), (1000, 1900))

MEASURED = """
import sys
from qwen_dual.imaging.fit import fitted
with open(sys.argv[1], "rb") as file:
    fitted(file.read())
with open("/proc/self/status") as file:  # not getrusage, which counts what the parent had at the fork
    print(*(int(line.split()[1]) // 1024 for line in file if line.startswith("VmHWM")))
"""


def transparent_grey(side: int) -> bytes:
    """A PNG of a few kilobytes with two bytes a pixel, each of which takes four and more when decoded."""
    packer = zlib.compressobj(9)
    line = b"\0" * (2 * side + 1)
    packed = b"".join([*(packer.compress(line) for _ in range(side)), packer.flush()])
    header = struct.pack(">IIBBBBB", side, side, 8, 4, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n"
    for name, part in ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b"")):
        data += struct.pack(">I", len(part)) + name + part
        data += struct.pack(">I", zlib.crc32(name + part))
    return data


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_picture_of_kilobytes_takes_no_more_memory_than_its_pixels(tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    bomb = tmp_path / "bomb.png"
    bomb.write_bytes(transparent_grey(SIDE))
    assert bomb.stat().st_size < 200_000
    ran = subprocess.run(
        [sys.executable, "-c", MEASURED, bomb], capture_output=True, check=True, text=True
    )
    assert int(ran.stdout) < MOST_MB


def test_of_a_kind_that_takes_more_memory_fewer_pixels_are_decoded() -> None:
    pytest.importorskip("PIL")
    assert most_pixels("image/webp", b"") == MAX_WEBP_PIXELS
    assert most_pixels("image/png", b"") == MAX_PIXELS
    plain = picture(64, 48, "JPEG")
    assert values_at_once("image/jpeg", plain) == 0
    assert most_pixels("image/jpeg", plain) == MAX_PIXELS
    full = picture(64, 48, "JPEG", progressive=True, subsampling=0)
    half = picture(64, 48, "JPEG", progressive=True, subsampling=2)
    assert (values_at_once("image/jpeg", full), values_at_once("image/jpeg", half)) == (3.0, 1.5)
    assert most_pixels("image/jpeg", full) < 34_000_000 < most_pixels("image/jpeg", half)


@pytest.mark.parametrize("cut", range(0, 700, 7))
def test_a_cut_header_says_some_number(cut: int) -> None:
    pytest.importorskip("PIL")
    data = picture(64, 48, "JPEG", progressive=True)
    assert 0 <= values_at_once("image/jpeg", data[:cut]) <= 3


def test_what_is_made_smaller_in_strips_is_the_same_picture_turned_as_exif_says() -> None:
    image = pytest.importorskip("PIL.Image")
    wide, high = 4600, 2700
    corners = image.new("P", (wide, high), 0)
    corners.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255])
    corners.paste(1, (wide // 2, 0, wide, high // 2))
    corners.paste(2, (0, high // 2, wide // 2, high))
    corners.paste(3, (wide // 2, high // 2, wide, high))
    exif, out = image.Exif(), BytesIO()
    exif[0x0112] = 6  # a quarter to the right
    corners.save(out, "PNG", exif=exif)
    block = fitted(out.getvalue())
    assert image_size(block["source"]["data"]) == (1174, 2000)
    with image.open(BytesIO(b64decode(block["source"]["data"]))) as made:
        found = [made.convert("RGB").getpixel(at) for at in CORNERS]
    assert found == [(0, 0, 255), (255, 0, 0), (255, 255, 255), (0, 255, 0)]
