"""Images of prompts and results, drawn where they were named.

Made only where the person has asked for pictures (``ui.images``) and the terminal can draw them.
"""

from __future__ import annotations

import fcntl
import struct
import termios
from typing import TYPE_CHECKING

from qwen_dual.frontends.tui.state.blocks import PictureBlock
from qwen_dual.imaging.drawing import CELL, MAX_ROWS
from qwen_dual.protocol.blocks import images_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.imaging.drawing import Way
    from qwen_dual.protocol.events import Event
    from qwen_dual.protocol.shapes import ImageBlock

MOST = 4
"""Pictures of one prompt or result that are drawn."""

_LEAST_COLUMNS = 24


class Pictures:
    """Gives a block for each image that is told of.

    Args:
        way: how they are drawn.
        image_of: the image of a prompt with a hash, while it is kept.
        terminal: a descriptor of the terminal.
    """

    def __init__(
        self,
        way: Way,
        image_of: Callable[[str], ImageBlock | None],
        terminal: int,
    ) -> None:
        self._way = way
        self._image_of = image_of
        self._terminal = terminal

    def __call__(self, event: Event) -> list[PictureBlock]:
        """What an event tells of; nothing where the window has no room for pictures."""
        if event.get("parent_tool_use_id") is not None:
            return []
        if event["type"] == "user":
            told = event["message"]["content"]
        else:  # a notice of those that a prompt mentions
            told = event["data"].get("images", ()) if event.get("subtype") == "notice" else ()
        images: list[ImageBlock] = []
        for block in told:
            if block["type"] == "tool_result":
                images += images_in(block["content"])
            elif block["type"] == "image":
                source = block["source"]
                known = block if source["type"] == "base64" else self._image_of(source["sha256"])
                images += [known] if known is not None else []
        if not images or (cell := self._cell()) is None:
            return []
        return [PictureBlock(image["source"]["data"], self._way, cell) for image in images[:MOST]]

    def _cell(self) -> tuple[int, int] | None:
        """The pixels of a cell; None where the window is too small for pictures."""
        try:
            held = fcntl.ioctl(self._terminal, termios.TIOCGWINSZ, b"\0" * 8)
        except OSError:
            return None
        rows, columns, wide, high = struct.unpack("HHHH", held)
        if rows < MAX_ROWS * 2 - 4 or columns < _LEAST_COLUMNS:
            return None
        known = wide // columns >= 3 and high // rows >= 5
        return (wide // columns, high // rows) if known else CELL
