"""The images of a prompt: how they are named in its text, and told of on the wire. Pure.

An image stands in the text as its title, ``[image 1: shot.png, 800×600]``, so that whoever shows
nothing but text shows it too. What a tool gives is ``blocks``'s affair.
"""

from __future__ import annotations

import re
from itertools import count as counting
from typing import TYPE_CHECKING, Any

from qwen_dual.protocol.blocks import amount, image_size, media_type_of
from qwen_dual.protocol.visible import visible_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from qwen_dual.protocol.content_shapes import PromptBlock, SubmittedImage
    from qwen_dual.protocol.shapes import ImageBlock, Message

MAX_NAME = 60
"""Characters of a file's name that a title repeats."""

TITLE = r"\[image (\d+)(?:: [^\[\]\n]*)?\]"
"""What every title matches."""

_NUMBERED = re.compile(TITLE.replace(r"\d+", r"\d{1,6}"))
"""A title with a number that somebody may have counted up to."""

_PIECE = 1 << 20
"""Characters of base64, a multiple of four."""

_NO_BRACKETS = str.maketrans("[]", "()")


def title_of(number: int, name: str, size: tuple[int, int] | None = None, count: int = 0) -> str:
    """What stands for an image in a text: ``[image 1: shot.png, 800×600]``.

    Args:
        number: which one it is.
        name: of its file; control characters are shown, brackets become round.
        size: in pixels; None where it is not known yet.
        count: the bytes of its file, told where the size is not known; 0 where nor these are.
    """
    shown = visible_line(name).translate(_NO_BRACKETS)
    if len(shown) > MAX_NAME:
        kept = (MAX_NAME - 1) // 2
        shown = f"{shown[:kept]}…{shown[-kept:]}"
    parts = [shown] if shown else []
    if size is not None:
        parts.append(f"{size[0]}×{size[1]}")
    elif count:
        parts.append(amount(count))
    return f"[image {number}: {', '.join(parts)}]" if parts else f"[image {number}]"


def name_of(block: PromptBlock) -> str:
    """What a person would call an image: its name, its file's, or its kind."""
    if block["type"] != "image":
        return ""
    source = block["source"]
    if name := block.get("name", ""):
        return str(name)
    if source["type"] == "path":
        return source["path"].rstrip("/").rpartition("/")[2]
    return (media_type_of(source["data"]) or "").rpartition("/")[2].upper()


def highest_number(texts: Iterable[str]) -> int:
    """The highest number of an image that a title in ``texts`` has; 0 where there is no title."""
    titles = (match for text in texts if "[image " in text for match in _NUMBERED.finditer(text))
    return max((int(match[1]) for match in titles), default=0)


def titles_in(messages: Iterable[Message]) -> Iterator[str]:
    """The titles that are said to the model of images that prompts mention, each a text of its own."""
    for message in messages:
        if message["role"] == "user":
            for block in message["content"]:
                if block["type"] == "text" and is_title(block["text"]):
                    yield block["text"]


def is_title(text: str) -> bool:
    """Whether ``text`` is the title of an image, and nothing besides."""
    return text.startswith("[image ") and _NUMBERED.fullmatch(text) is not None


def titled(
    content: Iterable[PromptBlock], number: Callable[[], int] | None = None
) -> list[PromptBlock]:
    """``content`` with a title for each image that has none, in their order.

    Args:
        content: of one prompt.
        number: gives each its number (``Session.number_image``); they count from 1 unless given.
    """
    number = number or counting(1).__next__
    found: list[PromptBlock] = []
    for block in content:
        if block["type"] == "image" and not block.get("title"):
            source = block["source"]
            size = image_size(source["data"]) if source["type"] == "base64" else None
            name = name_of(block)
            block = {**block, "name": name, "title": title_of(number(), name, size)}
        found.append(block)
    return found


def text_of(content: Sequence[PromptBlock]) -> str:
    """A prompt as text: the title stands for each image."""
    said = (
        block["text"] if block["type"] == "text" else str(block.get("title", ""))
        for block in content
    )
    return "\n".join(filter(None, said))


def submitted(block: ImageBlock, name: str, title: str, *, whole: bool = False) -> SubmittedImage:
    """What a ``user`` event says of an image.

    Args:
        block: the image, as the model is sent it.
        name: what it is called.
        title: what stands for it in the text.
        whole: with its bytes, in place of what identifies them.
    """
    from binascii import a2b_base64
    from hashlib import sha256

    source = block["source"]
    if whole:
        return {"type": "image", "source": source, "name": name, "title": title}
    length, digest = 0, sha256()
    for at in range(0, len(source["data"]), _PIECE):  # each holds up every other thread
        piece = a2b_base64(source["data"][at : at + _PIECE])
        length += len(piece)
        digest.update(piece)
    width, height = image_size(source["data"]) or (0, 0)
    told: Any = {
        "type": "reference",
        "media_type": source["media_type"],
        "bytes": length,
        "width": width,
        "height": height,
        "sha256": digest.hexdigest(),
    }
    return {"type": "image", "source": told, "name": name, "title": title}
