"""The smallest images of each kind, and blocks with them."""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from typing import TYPE_CHECKING

from qwen_dual.protocol.blocks import image_block

if TYPE_CHECKING:
    from qwen_dual.protocol.shapes import ImageBlock


def png(width: int = 800, height: int = 600, filler: int = 0) -> bytes:
    """A PNG with as many bytes of data as ``filler`` says."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", b"\x55" * filler), (b"IEND", b""))
    out = b"\x89PNG\r\n\x1a\n"
    for name, data in chunks:
        out += struct.pack(">I", len(data)) + name + data
        out += struct.pack(">I", zlib.crc32(name + data))
    return out


GIF = b"GIF89a" + struct.pack("<HH", 3, 2) + b"\0\0\0;"
JPEG = (
    b"\xff\xd8"
     b"\xff\xe1" + struct.pack(">H", 302) + b"E" * 300
    + b"\xff\xff\xc2" + struct.pack(">HBHHB", 17, 8, 7, 9, 3) + b"\0" * 9
    + b"\xff\xd9"
)  # fmt: skip
WEBP_LOSSY = b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\x30\x01\x00\x9d\x01\x2a" + struct.pack("<HH", 11, 5)
WEBP_LOSSLESS = b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + struct.pack("<I", 12 | 7 << 14) + b"\0" * 8
WEBP_EXTENDED = b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0" + b"\x0f\0\0" + b"\x13\0\0"


def encoded(data: bytes) -> str:
    """As base64."""
    return b64encode(data).decode()


def image(data: bytes = b"", media_type: str = "image/png") -> ImageBlock:
    """A block with an image, a PNG unless given."""
    return image_block(media_type, encoded(data or png()))
