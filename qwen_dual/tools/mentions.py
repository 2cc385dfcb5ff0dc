"""The files that a prompt names with ``@path``: found, read, and worded for the model.

Only what exists and lies in the workspace counts; an address, a decorator or a handle that is no
file is left alone. ``\\ `` or quotes hold a path with spaces together.
"""

from __future__ import annotations

import itertools
import os
import re
from typing import TYPE_CHECKING

from qwen_dual.core.tool import InvalidArguments
from qwen_dual.tools.calls import in_thread
from qwen_dual.tools.capture import Limits
from qwen_dual.tools.ignore import kept_back
from qwen_dual.tools.listing import list_folder
from qwen_dual.tools.read import Window, read_location
from qwen_dual.tools.workspace import ToolFailure, printable

if TYPE_CHECKING:
    import threading

    from qwen_dual.tools.states import FileStates
    from qwen_dual.tools.workspace import Location, Workspace

MAX_MENTIONS = 20
MAX_CANDIDATES = 1000
MAX_CHARS = 100_000
MAX_PATH = 4096

_MENTION = re.compile(
    r"""(?<![\w.@/\\-])@(?:"([^"\n]+)"|'([^'\n]+)'|((?:\\[^\n]|[^\s\\])+))""",
)
_TRAILING = ".,;:!?)]}>'\"`*"


def candidates(text: str) -> list[list[str]]:
    """For each mention the paths it may mean, the likeliest first.

    A mention without quotes may end in punctuation that belongs to the sentence: the path with it
    comes first, then shorter ones.
    """
    found = []
    for match in itertools.islice(_MENTION.finditer(text), MAX_CANDIDATES):
        quoted = match.group(1) or match.group(2)
        if quoted:
            found.append([quoted])
            continue
        raw = match.group(3)[:MAX_PATH]
        choices = [unescape(raw)]
        while raw and raw[-1] in _TRAILING and raw[-2:-1] != "\\":
            raw = raw[:-1]
            if raw:
                choices.append(unescape(raw))
        found.append(choices)
    return found


def unescape(path: str) -> str:
    """``path`` without the backslashes that keep spaces and other marks together."""
    return re.sub(r"\\([^\w])", r"\1", path)


async def expand_mentions(
    text: str, workspace: Workspace, states: FileStates, limits: Limits | None = None
) -> list[str]:
    """A block of text for each file or folder that ``text`` mentions, each once, in order.

    Args:
        text: the prompt.
        workspace: where the paths are looked for.
        states: learns of the files, which then count as read.
        limits: of one file; the usual ones unless given.

    Returns:
        Blocks to append to what the model gets; the path is in the first line of each.
    """
    if "@" not in text:
        return []
    bounds = limits or Limits()
    return await in_thread(lambda gone: _expand(text, workspace, states, bounds, gone))


def _expand(
    text: str, workspace: Workspace, states: FileStates, limits: Limits, gone: threading.Event
) -> list[str]:
    blocks: list[str] = []
    seen: set[str] = set()
    room = MAX_CHARS
    left_out = []
    for choices in candidates(text):
        location = _first_existing(choices, workspace)
        if location is None or location.real in seen or gone.is_set():
            continue
        seen.add(location.real)
        if len(seen) > MAX_MENTIONS or room <= 0:
            left_out.append(printable(location.name))
            continue
        block = _block(location, workspace, states, limits, gone)
        room -= len(block)
        blocks.append(block)
    if left_out:
        named = ", ".join(left_out[:MAX_MENTIONS])
        blocks.append(f"Mentioned too, but not included for their number or size: {named}")
    return blocks


def _first_existing(choices: list[str], workspace: Workspace) -> Location | None:
    for choice in choices:
        try:
            location = workspace.locate(choice)
        except InvalidArguments:
            continue
        if location.inside and os.path.exists(location.real):
            return location
    return None


def _block(
    location: Location,
    workspace: Workspace,
    states: FileStates,
    limits: Limits,
    gone: threading.Event,
) -> str:
    is_folder = os.path.isdir(location.real)
    try:
        if kept_back(location.real, workspace):
            raise ToolFailure("It is kept from the agent by .qwenignore.")
        if workspace.hidden(location.real, is_folder=is_folder):
            raise ToolFailure("A permission rule keeps this from the agent.")
        if is_folder:
            kind = "Folder"
            content = list_folder(location, workspace, (), limits, gone)
        else:
            kind = "File"
            content = read_location(location, Window(0, limits.lines, limits.chars), states, gone)
    except ToolFailure as failure:
        kind, content = "Mentioned", str(failure)
    return printable(f"{kind} {location.path}:\n\n{content}")
