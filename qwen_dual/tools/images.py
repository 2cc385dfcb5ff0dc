"""Files that are pictures, read and made such that a model can be shown them. Blocks: for a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.imaging.fit import MAX_FILE_BYTES, UnusableImage, fitted
from qwen_dual.protocol.blocks import kind_of, text_in
from qwen_dual.tools.calls import failed
from qwen_dual.tools.ignore import kept_back
from qwen_dual.tools.pdf import MAX_BYTES, read_pages
from qwen_dual.tools.textfile import open_regular
from qwen_dual.tools.workspace import ToolFailure

if TYPE_CHECKING:
    import threading
    from typing import BinaryIO

    from qwen_dual.protocol.shapes import ImageBlock, TextBlock
    from qwen_dual.tools.workspace import Folder, Location

_CHUNK = 1 << 20


def read_image(workspace: Folder, location: Location, room: int) -> ImageBlock:
    """The image at ``location``.

    Args:
        workspace: has the file.
        location: the file.
        room: bytes that the image may have.

    Raises:
        ToolFailure: there is none that can be shown, or it may not be read.
    """
    shown = location.path
    workspace.check(location)
    if kept_back(location.real, workspace):
        raise ToolFailure(f"{shown} is kept from the agent by .qwenignore.")
    try:
        with open_regular(workspace.files, location.real, shown) as file:
            return image_in(file, b"", room)
    except OSError as error:
        raise failed("read", shown, error) from error
    except UnusableImage as error:
        raise ToolFailure(f"{shown} cannot be shown to a model: {error.reason}.") from error


class Pictures:
    """Shows what is no text: an image, or the pages of a PDF.

    Args:
        workspace: has what is needed to read a PDF.
        gone: ends it early when set.
        room: bytes that the pictures of one file may have together.
        pages: which pages of a PDF: see ``pdf.parse_pages``.

    Attributes:
        blocks: what a model is shown.
    """

    def __init__(
        self, workspace: Folder, gone: threading.Event, room: int, pages: str = ""
    ) -> None:
        self._workspace = workspace
        self._gone = gone
        self._room = room
        self._pages = pages
        self.blocks: list[TextBlock | ImageBlock] = []

    def __call__(self, shown: str, start: bytes, file: BinaryIO) -> str | None:
        """What there is to see, in words; None where it is neither.

        Args:
            shown: the path of ``file``.
            start: of it, what has been read.
            file: it.

        Raises:
            ToolFailure: it is too large, or damaged.
        """
        try:
            if kind_of(start) is not None:
                self.blocks = [image_in(file, start, self._room)]
            elif start.startswith(b"%PDF-"):
                data = _all_of(file, start, MAX_BYTES)
                processes, env = self._workspace.processes, self._workspace.env
                self.blocks = read_pages(
                    shown, data, self._pages, self._room, processes, env, self._gone
                )
            else:
                return None
        except OSError as error:
            raise failed("read", shown, error) from error
        except UnusableImage as error:
            told = f"{shown} is an image that cannot be shown: {error.reason}."
            raise ToolFailure(told) from error
        return text_in(self.blocks)


def image_in(file: BinaryIO, start: bytes, room: int) -> ImageBlock:
    """The image in ``file``, of which ``start`` has been read.

    Raises:
        UnusableImage: it is none, or cannot be made to fit into ``room`` bytes.
        OSError: it cannot be read.
    """
    return fitted(_all_of(file, start, MAX_FILE_BYTES), room)


def _all_of(file: BinaryIO, start: bytes, most: int) -> bytes:
    """What ``file`` holds; somewhat more than ``most`` bytes where it holds more than that."""
    pieces, size = [start], len(start)
    while size <= most and (piece := file.read(_CHUNK)):
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)
