"""What an image's bytes say of it without being decoded: whole, animated, turned. Pure."""

from __future__ import annotations

_TAIL = 1024
"""Bytes at the end of a file in which its end mark has to stand; what follows is not looked at."""

_APP1 = 0xE1
_ORIENTATION = 0x0112
_START_OF_SCAN = 0xDA
_PROGRESSIVE = (0xC2, 0xCA)
_FRAMES = (0xC0, 0xC1, 0xC9, *_PROGRESSIVE)

_NAMES = (
    (b"BM", "a BMP image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"\0\0\1\0", "an icon"),
    (b"8BPS", "a Photoshop file"),
    (b"%PDF-", "a PDF"),
    (b"\xff\x0a", "a JPEG XL image"),
)
_CONTAINERS = {
    b"avif": "an AVIF image",
    b"heic": "an HEIC image",
    b"heix": "an HEIC image",
    b"mif1": "an HEIF image",
}


def described(start: bytes) -> str:
    """What a file is that is none of the kinds a model is shown, by its first bytes (512)."""
    for magic, name in _NAMES:
        if start.startswith(magic):
            return name
    if start[4:8] == b"ftyp" and start[8:12] in _CONTAINERS:
        return _CONTAINERS[start[8:12]]
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith(b"<") and b"<svg" in start.lower():
        return "an SVG drawing, which is text: read_file shows it as such"
    return "no image" if start else "empty"


def is_whole(kind: str, data: bytes) -> bool:
    """Whether the end of a file is there, as far as that can be told without decoding it."""
    if kind == "image/png":
        return b"IEND" in data[-_TAIL:]
    if kind == "image/jpeg":  # phones append a film to it
        return data.rfind(b"\xff\xd9") > data.find(b"\xff\xda") > 0
    if kind == "image/webp":
        return int.from_bytes(data[4:8], "little") <= len(data) - 8
    return b";" in data[-_TAIL:]


def is_animated(kind: str, data: bytes) -> bool:
    """Whether it has more than one frame, of which services show one, or refuse all."""
    if kind == "image/gif":
        return b"NETSCAPE2.0" in data[:2048] or data.count(b"\0\x21\xf9\x04") > 1
    if kind == "image/webp":
        return data[12:16] == b"VP8X" and bool(data[20] & 0x02)
    return kind == "image/png" and b"acTL" in data[:2048]


def orientation(kind: str, data: bytes) -> int:
    """How a JPEG is to be turned before it is looked at, as Exif counts (1 to 8); 1 is not at all."""
    if kind != "image/jpeg":
        return 1
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == _START_OF_SCAN:
            break
        if marker == 0xFF:  # padding
            at += 1
            continue
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == _APP1 and data[at + 4 : at + 10] == b"Exif\0\0":
            return _orientation_in(data[at + 10 : at + 2 + size])
        at += 2 + max(2, size)
    return 1


def values_at_once(kind: str, data: bytes) -> float:
    """How many values of a pixel a decoder of a JPEG has to hold of the whole image; 0 for few lines.

    It holds all where each scan brings a part of each pixel: one plane for each component, smaller by
    how that is sampled.
    """
    if kind != "image/jpeg":
        return 0
    planes, count, at = 0.0, 0, 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # padding
            at += 1
            continue
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == _START_OF_SCAN:
            return planes if count > data[at + 4 : at + 5][0] else 0
        if marker in _FRAMES:
            frame = data[at + 9 : at + 2 + size]
            sampled = [(each >> 4) * (each & 15) for each in frame[2::3]]
            planes = sum(sampled) / max([1, *sampled])
            # Those that refine what came before them come in scans of all components, too.
            count = len(sampled) if marker not in _PROGRESSIVE else 1 << 8
        at += 2 + max(2, size)
    return planes


def _orientation_in(tiff: bytes) -> int:
    order: dict[bytes, str] = {b"II": "little", b"MM": "big"}
    known = order.get(tiff[:2])
    if known is None:
        return 1

    def number(begin: int, size: int) -> int:
        part = tiff[begin : begin + size]
        return int.from_bytes(part, "little" if known == "little" else "big")

    first = number(4, 4)
    for entry in range(min(number(first, 2), 100)):
        begin = first + 2 + entry * 12
        if number(begin, 2) == _ORIENTATION:
            value = number(begin + 8, 2)
            return value if 1 <= value <= 8 else 1
    return 1
