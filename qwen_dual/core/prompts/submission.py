"""What a ``submit`` says: its text, and what that is made of. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.protocol.blocks import media_type_of
from qwen_dual.protocol.command_shapes import ImageFile, TextPart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from qwen_dual.protocol.command_shapes import ImageData, Submit
    from qwen_dual.protocol.content_shapes import ImageSource, PathSource, PromptBlock, PromptImage

Said = tuple[str, "str | None", "Sequence[PromptBlock]"]
"""What is submitted: all of its text, the part of it in which mentions count, what it is made of."""


def said_in(command: Submit, number: Callable[[], int]) -> Said:
    """What a command submits; ``number`` gives each of its images one."""
    if command.content is None:
        return command.text, None, ()
    from qwen_dual.protocol.attachments import text_of, titled

    content = titled(_blocks(command), number)
    # What is piped in is no place for mentions: only the text of the command is typed.
    return text_of(content), command.text, content


def _blocks(command: Submit) -> Iterator[PromptBlock]:
    """The content of a ``submit``, its text first."""
    if command.text.strip():
        yield {"type": "text", "text": command.text}
    whole = "images" in command.include
    for part in command.content or ():
        if isinstance(part, TextPart):
            if part.text.strip():  # services refuse an empty block
                yield {"type": "text", "text": part.text}
            continue
        given: PromptImage = {"type": "image", "source": _source(part.source), "whole": whole}
        yield given if part.name is None else {**given, "name": part.name}


def _source(given: ImageData | ImageFile) -> ImageSource | PathSource:
    if isinstance(given, ImageFile):
        return {"type": "path", "path": given.path}
    kind = media_type_of(given.data) or given.media_type
    return {"type": "base64", "media_type": kind, "data": given.data}
