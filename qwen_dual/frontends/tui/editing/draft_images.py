"""The images of a draft: what their titles in its text stand for. Pure.

A title is one unit of the draft, and stands for its image as long as it stands there whole. Titles go
on counting for a whole session, so that one which comes back from the history means what it meant.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qwen_dual.protocol.attachments import TITLE, title_of
from qwen_dual.protocol.blocks import image_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qwen_dual.protocol.content_shapes import PromptImage
    from qwen_dual.protocol.shapes import ImageBlock

MAX_CHARS = 64 << 20
"""Of base64 that is held for one session; the oldest goes first."""

_TITLE = re.compile(TITLE)


class DraftImages:
    """The images of the prompts of a session.

    Args:
        number: gives each its number (``Session.number_image``).
    """

    def __init__(self, number: Callable[[], int]) -> None:
        self._images: dict[str, PromptImage] = {}  # by title
        self._number = number
        self._chars = 0

    def add(self, name: str, image: ImageBlock) -> str:
        """Takes an image that is there; returns its title."""
        title = title_of(self._number(), name, image_size(image["source"]["data"]))
        self._images[title] = {
            "type": "image",
            "source": image["source"],
            "name": name,
            "title": title,
        }
        self._chars += len(image["source"]["data"])
        self._drop_oldest()
        return title

    def add_file(self, path: str, size: int) -> str:
        """Takes the path of an image, which is read when the prompt is sent; returns its title."""
        name = path.rpartition("/")[2]
        title = title_of(self._number(), name, count=size)
        self._images[title] = {
            "type": "image",
            "source": {"type": "path", "path": path},
            "name": name,
            "title": title,
        }
        return title

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where the titles in ``text`` that stand for an image begin and end."""
        for match in _TITLE.finditer(text):
            if match[0] in self._images:
                yield match.span()

    def images_in(self, text: str) -> list[PromptImage]:
        """The images that ``text`` names, each once, in order."""
        titles = dict.fromkeys(text[begin:end] for begin, end in self.spans(text))
        return [self._images[title] for title in titles]

    def adopt(self, text: str) -> str:
        """``text`` of an earlier session, whose titles stand for nothing in this one."""
        return _TITLE.sub(lambda match: f"{match[0][:-1]}, not kept]", text)

    def _drop_oldest(self) -> None:
        for title in list(self._images):
            source = self._images[title]["source"]
            if self._chars <= MAX_CHARS or title == list(self._images)[-1]:
                return
            if source["type"] == "base64":
                self._chars -= len(source["data"])
                del self._images[title]
