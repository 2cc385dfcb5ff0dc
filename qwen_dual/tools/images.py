"""An image file, read and made such that a model can be shown it. Blocks: for a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.imaging.fit import MAX_FILE_BYTES, UnusableImage, fitted
from qwen_dual.tools.calls import failed
from qwen_dual.tools.ignore import kept_back
from qwen_dual.tools.textfile import open_regular
from qwen_dual.tools.workspace import ToolFailure

if TYPE_CHECKING:
    from typing import BinaryIO

    from qwen_dual.protocol.shapes import ImageBlock
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


def image_in(file: BinaryIO, start: bytes, room: int) -> ImageBlock:
    """The image in ``file``, of which ``start`` has been read.

    Raises:
        UnusableImage: it is none, or cannot be made to fit into ``room`` bytes.
        OSError: it cannot be read.
    """
    data = bytearray(start)
    while len(data) <= MAX_FILE_BYTES and (piece := file.read(_CHUNK)):
        data += piece
    return fitted(bytes(data), room)
