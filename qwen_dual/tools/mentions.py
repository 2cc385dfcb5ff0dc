"""The files that a prompt names with ``@path``: found, read, and worded for the model.

Only what exists and lies in the workspace is attached; an address, a decorator or a handle that is
no file is left alone, and what reads like a path is told when it is not there. ``\\ `` or quotes
hold a path with spaces together; where no file has the whole name, punctuation, the number of a line
and a script without blanks between words end it.
"""

from __future__ import annotations

import itertools
import os
import re
from typing import TYPE_CHECKING

from msgspec import Struct, field

from qwen_dual.core.tools.tool import InvalidArguments
from qwen_dual.protocol.blocks import images_in
from qwen_dual.protocol.visible import visible_line
from qwen_dual.tools.calls import in_thread
from qwen_dual.tools.capture import Limits
from qwen_dual.tools.ignore import kept_back
from qwen_dual.tools.listing import list_folder
from qwen_dual.tools.read import Window, read_location
from qwen_dual.tools.workspace import ToolFailure, printable

if TYPE_CHECKING:
    import threading
    from typing import BinaryIO

    from qwen_dual.protocol.content_shapes import MentionedImage
    from qwen_dual.protocol.shapes import ImageBlock
    from qwen_dual.tools.states import FileStates
    from qwen_dual.tools.workspace import Folder, Location

MAX_MENTIONS = 20
MAX_CANDIDATES = 1000
MAX_CHARS = 100_000
MAX_PATH = 4096
MAX_SHOWN = 200

MAX_MENTIONED_IMAGE = 3_750_000
"""Bytes of an image that is mentioned, as of any that a prompt brings."""

MAX_CUTS = 60
MAX_MISSING = 5

_UNSPACED = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af"
"""Scripts that set no blank between a word and what comes after: kana, Han; Hangul's particles."""

_BEGINS = rf"(?<![.@/\\-])(?<!(?![{_UNSPACED}])\w)@"
_MENTION = re.compile(
    rf"""{_BEGINS}(?:"([^"\n]+)"|'([^'\n]+)'|((?:\\[^\n]|(?!{_BEGINS})[^\s\\])+))""",
)
_MAY_END = re.compile(
    rf"(?<=[^\\])(?:[{_UNSPACED}、。〈-】〔-〟！-／：-＠［-｀｛-･‘-”…,;|&)'\"`#]|:(?=\d))"
)
_TRAILING = ".,;:!?)]}>'\"`*"
_LIKE_A_PATH = re.compile(r"\.\.?/|[^/]*/.|.*\w\.[A-Za-z0-9]{1,10}\Z|~", re.DOTALL)


class Mentioned(Struct, frozen=True):
    """What became of the files that a prompt mentions.

    Attributes:
        blocks: to append to what the model gets; the path is in the first line of each text, and an
            image follows the text that names it.
        remarks: to the person, on what is not attached.
    """

    blocks: list[str | MentionedImage] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def candidates(text: str) -> list[list[str]]:
    """For each mention the paths it may mean, the likeliest first.

    A mention without quotes may end in punctuation that belongs to the sentence, or run into the
    next word: the path with it comes first, then shorter ones.
    """
    found = []
    for match in itertools.islice(_MENTION.finditer(text), MAX_CANDIDATES):
        quoted = match.group(1) or match.group(2)
        if quoted:
            found.append([quoted])
            continue
        raw = match.group(3)[:MAX_PATH]
        cuts = [end.start() for end in itertools.islice(_MAY_END.finditer(raw), MAX_CUTS)]
        choices: dict[str, None] = {}
        for end in (len(raw), *reversed(cuts)):
            part = raw[:end]
            choices[unescape(part)] = None
            while part and part[-1] in _TRAILING and part[-2:-1] != "\\":
                part = part[:-1]
                if part:
                    choices[unescape(part)] = None
        found.append(list(choices))
    return found


def unescape(path: str) -> str:
    """``path`` without the backslashes that keep spaces and other marks together."""
    return re.sub(r"\\([^\w])", r"\1", path)


async def expand_mentions(
    text: str, workspace: Folder, states: FileStates, limits: Limits | None = None
) -> Mentioned:
    """A block of text for each file or folder that ``text`` mentions, each once, in order.

    Args:
        text: the prompt.
        workspace: where the paths are looked for.
        states: learns of the files, which then count as read.
        limits: of one file; the usual ones unless given.
    """
    if "@" not in text:
        return Mentioned()
    bounds = limits or Limits()
    return await in_thread(lambda gone: _expand(text, workspace, states, bounds, gone))


def _expand(
    text: str, workspace: Folder, states: FileStates, limits: Limits, gone: threading.Event
) -> Mentioned:
    found = Mentioned()
    blocks = found.blocks
    missing: dict[str, None] = {}
    seen: set[str] = set()
    room = MAX_CHARS
    left_out = []
    for choices in candidates(text):
        location = _first_existing(choices, workspace)
        if location is None:
            missing |= dict.fromkeys(_missing(choices))
            continue
        if location.real in seen or gone.is_set():
            continue
        if not location.inside:
            seen.add(location.real)
            found.remarks.append(
                f"@{visible_line(location.path)} is outside the workspace and not attached: the "
                "model asks before it reads it."
            )
            continue
        seen.add(location.real)
        if len(seen) > MAX_MENTIONS or room <= 0:
            left_out.append(printable(location.name))
            continue
        images: list[ImageBlock] = []
        try:
            block = _block(location, workspace, states, limits, gone, images)
        except ToolFailure as failure:
            block = printable(f"Mentioned {location.path}:\n\n{failure}")
            found.remarks.append(_not_attached(location, str(failure)))
        room -= len(block)
        blocks.append(block)
        name = os.path.basename(location.path)
        for image in images:
            blocks.append({"type": "image", "source": image["source"], "name": name})
    if left_out:
        named = ", ".join(left_out[:MAX_MENTIONS])
        blocks.append(f"Mentioned too, but not included for their number or size: {named}")
    if missing:
        named = ", ".join(
            f"@{visible_line(name)}" for name in itertools.islice(missing, MAX_MISSING)
        )
        more = f" and {len(missing) - MAX_MISSING} more" if len(missing) > MAX_MISSING else ""
        found.remarks.append(f"Not found, so not attached: {named}{more}")
    return found


def _not_attached(location: Location, why: str) -> str:
    named = why if location.path in why else f"@{location.path}: {why}"
    return f"Not attached: {visible_line(named)}"


def _missing(choices: list[str]) -> list[str]:
    """What was meant by a mention of nothing that exists; none where it may be no path."""
    shown = (choice for choice in reversed(choices) if len(choice) <= MAX_SHOWN)
    return [choice for choice in shown if _LIKE_A_PATH.match(choice)][:1]


def _first_existing(choices: list[str], workspace: Folder) -> Location | None:
    for choice in choices:
        try:
            location = workspace.locate(choice)
        except InvalidArguments:
            continue
        if os.path.exists(location.real):
            return location
    return None


def _block(
    location: Location,
    workspace: Folder,
    states: FileStates,
    limits: Limits,
    gone: threading.Event,
    images: list[ImageBlock],
) -> str:
    """What the model gets of it; raises ``ToolFailure`` where it cannot be had."""
    is_folder = os.path.isdir(location.real)
    if kept_back(location.real, workspace):
        raise ToolFailure("It is kept from the agent by .qwenignore.")
    if workspace.hidden(location.real, is_folder=is_folder):
        raise ToolFailure("A permission rule keeps this from the agent.")
    if is_folder:
        listed = list_folder(location, workspace, (), limits, gone).text
        return printable(f"Folder {location.path}:\n\n{listed}")
    window = Window(0, limits.lines, limits.chars)

    def show(shown: str, start: bytes, file: BinaryIO) -> str | None:
        from qwen_dual.tools.images import Pictures

        pictures = Pictures(workspace, gone, MAX_MENTIONED_IMAGE)
        told = pictures(shown, start, file)
        images.extend(images_in(pictures.blocks))
        return told

    content = read_location(workspace.files, location, window, states, gone, show)
    return printable(f"File {location.path}:\n\n{content}")
