"""The content of a tool's result: a string, or a list of blocks where it holds more than text. Pure.

Owns what an image block is, how much of it there may be, and the one line that stands for it where
there is nothing but text. An image is what its bytes begin with, whatever its sender calls it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwen_dual.protocol.shapes import ImageBlock, ResultContent, TextBlock

MAX_IMAGE_CHARS = 768 << 10
"""Characters of base64 that the images of one result may have together: their line then fits into
what a channel holds for a reader that is behind (1 MiB)."""

MAX_PROMPT_IMAGE_CHARS = 14 << 20
"""Characters of base64 that one image of a prompt may have: its line then fits into an input's."""

MEDIA_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")
"""What every service that takes images takes."""

MAX_SIDE = 8000
"""Pixels that an image may be wide or high: Anthropic takes no more."""

_TAIL = 1024
"""Bytes at the end of a PNG in which its end has to stand; what follows that is not looked at."""

_SIZED = 1 << 16
"""Bytes of a JPEG in which its size has to stand; before it may be a preview and a profile."""

_NO_SIZE = frozenset((0xC4, 0xC8, 0xCC))
"""Markers among those of a JPEG's frames (C0 to CF) that begin none."""


def text_block(text: str) -> TextBlock:
    """A block of text."""
    return {"type": "text", "text": text}


def image_block(media_type: str, data: str) -> ImageBlock:
    """A block with an image; ``data`` is base64."""
    return {
        "type": "image",
        "source": {"type": "base64", "media_type": media_type, "data": data},
    }


def is_image(block: Mapping[str, Any]) -> bool:
    """Whether ``block``, from wherever, is an image such as ``image_block`` makes."""
    source = block.get("source")
    return (
        block.get("type") == "image"
        and isinstance(source, dict)
        and source.get("type") == "base64"
        and isinstance(source.get("media_type"), str)
        and isinstance(source.get("data"), str)
    )


def images_in(content: ResultContent) -> list[ImageBlock]:
    """The images of a result, in their order."""
    if isinstance(content, str):
        return []
    return [block for block in content if block["type"] == "image"]


def text_in(content: ResultContent) -> str:
    """A result as text: a line stands for each image."""
    if isinstance(content, str):
        return content
    return "\n".join(_as_text(block) for block in content)


def joined(blocks: Sequence[TextBlock | ImageBlock]) -> ResultContent:
    """The content of ``blocks``: a string where none of them is an image."""
    if any(block["type"] == "image" for block in blocks):
        return list(blocks)
    return text_in(list(blocks))


def with_text(content: ResultContent, *, before: str = "", after: str = "") -> ResultContent:
    """``content`` with more text at its beginning or its end."""
    if isinstance(content, str):
        return before + content + after
    more = [text_block(text) for text in (before, after)]
    return [block for block in (more[0], *content, more[1]) if block.get("text") != ""]


def image_line(block: Mapping[str, Any]) -> str:
    """What stands for an image: ``[image: PNG, 800×600, 34 kB]``."""
    source = block["source"]
    data = source["data"]
    kind = media_type_of(data)
    told = (kind or source["media_type"]).rpartition("/")[2].upper()[:40]
    parts = ["".join(char for char in told if char.isalnum() or char in ".+-") or "unknown"]
    size = image_size(data)
    if size is not None:
        parts.append(f"{size[0]}×{size[1]}")
    parts.append(amount(len(data) * 3 // 4 - data[-2:].count("=")))
    return f"[image: {', '.join(parts)}]"


def why_unusable(block: ImageBlock, room: int = MAX_IMAGE_CHARS) -> str:
    """Why an image cannot be sent to a model, for the model; empty where it can.

    Args:
        block: the image.
        room: characters of base64 that it may have.
    """
    from binascii import a2b_base64

    data = block["source"]["data"]
    if len(data) > room:
        return f"larger than the {amount(room * 3 // 4)} that there is room for"
    try:
        held = a2b_base64(data, strict_mode=True)
    except ValueError:
        return "no base64"
    kind, size = media_type_of(data), image_size(data)
    if kind is None:
        return "neither PNG, JPEG, GIF nor WebP"
    if size is None or (kind == "image/png" and b"IEND" not in held[-_TAIL:]):
        return "not whole"
    if max(size) > MAX_SIDE:
        return f"more than {MAX_SIDE:,} pixels wide or high"
    return ""


def media_type_of(data: str) -> str | None:
    """One of ``MEDIA_TYPES`` by what base64 begins with; None for anything else."""
    return kind_of(_bytes(data, 16))


def kind_of(start: bytes) -> str | None:
    """One of ``MEDIA_TYPES`` for a file that begins with ``start`` (12 bytes); None for others."""
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if start.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if start.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return "image/webp"
    return None


def image_size(data: str) -> tuple[int, int] | None:
    """Width and height in pixels of an image in base64; None where they cannot be told."""
    start = _bytes(data, 32)
    kind = kind_of(start)
    size = None
    if kind == "image/png" and start[12:16] == b"IHDR" and len(start) >= 24:
        size = int.from_bytes(start[16:20], "big"), int.from_bytes(start[20:24], "big")
    elif kind == "image/gif" and len(start) >= 10:
        size = int.from_bytes(start[6:8], "little"), int.from_bytes(start[8:10], "little")
    elif kind == "image/webp" and len(start) >= 30:
        size = _size_of_webp(start)
    elif kind == "image/jpeg":
        size = _size_of_jpeg(_bytes(data, _SIZED))
    return size if size is not None and all(size) else None


def _size_of_webp(start: bytes) -> tuple[int, int] | None:
    form = start[12:16]
    if form == b"VP8X":
        width = int.from_bytes(start[24:27], "little") + 1
        return width, int.from_bytes(start[27:30], "little") + 1
    if form == b"VP8L":
        bits = int.from_bytes(start[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if form == b"VP8 ":
        width = int.from_bytes(start[26:28], "little") & 0x3FFF
        return width, int.from_bytes(start[28:30], "little") & 0x3FFF
    return None


def _size_of_jpeg(start: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(start) and start[at] == 0xFF:
        marker = start[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in _NO_SIZE:
            height = int.from_bytes(start[at + 5 : at + 7], "big")
            return int.from_bytes(start[at + 7 : at + 9], "big"), height
        if marker == 0xFF:  # padding
            at += 1
        else:
            at += 2 + max(2, int.from_bytes(start[at + 2 : at + 4], "big"))
    return None


def _bytes(data: str, count: int) -> bytes:
    """The first ``count`` bytes of base64, or somewhat more; none where it is none."""
    from binascii import a2b_base64

    part = data[: (count + 2) // 3 * 4]
    try:
        return a2b_base64(part[: len(part) // 4 * 4])
    except ValueError:
        return b""


def amount(count: int) -> str:
    """Bytes, as a person reads them."""
    if count < 1000:
        return f"{count} bytes"
    return f"{count / 1000:.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def _as_text(block: TextBlock | ImageBlock) -> str:
    return image_line(block) if block["type"] == "image" else block["text"]
