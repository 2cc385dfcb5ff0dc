"""The chats there are, newest first, without reading any of them whole as JSON.

The head of a file tells who it is and how it began; its prompts are counted as bytes.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from msgspec import Struct

from qwen_dual.chats.paths import chats_folder, is_chat_name
from qwen_dual.chats.reading import records_in
from qwen_dual.chats.records import parts_of, text_of
from qwen_dual.fs.foreign import open_foreign
from qwen_dual.fs.projects import projects_folder
from qwen_dual.protocol.codec import NotJson, decode

if TYPE_CHECKING:
    from collections.abc import Iterable

HEAD_BYTES = 1 << 16
"""How much of a file is looked into for its beginning."""

CHUNK_BYTES = 1 << 20

MAX_KNOWN = 1000
"""States of files that are remembered for who lists them again."""

PROMPT_CHARS = 200

_PROMPT = b'Z","type":"user",'
_NO_PROMPTS = (b',"supersedes":"', b'"subtype":"mid_turn_user_message"')
"""What marks a user record that is no prompt of its own."""


_File = tuple[float, Path, int]  # changed, path, size


class Summary(Struct, frozen=True):
    """A chat as a picker shows it.

    Attributes:
        session_id: its id.
        path: its file.
        changed: when it was written to last, in seconds since the epoch.
        prompt: how its first prompt begins, in one line; empty where it has none.
        folder: the folder that it began in; empty where that cannot be told.
        prompts: how many there were.
        size: bytes of the file.
    """

    session_id: str
    path: Path
    changed: float
    prompt: str
    folder: str
    prompts: int
    size: int


Known: TypeAlias = "dict[_File, Summary | None]"
"""What was found before, by file; None for one that is no chat to be listed."""


def recent(
    home: str,
    cwd: str,
    limit: int = 100,
    known: Known | None = None,
    *,
    before: float | None = None,
) -> list[Summary]:
    """The chats of one folder, newest first.

    Args:
        home: the user's settings folder.
        cwd: the folder; where it has none there are none.
        limit: how many at the most.
        known: what was found before, which is not read again as long as the file is as it was; grows.
        before: only what was written to last before then, in seconds since the epoch.
    """
    return _newest(_earlier(_files(chats_folder(home, cwd)), before), limit, cwd, known=known)


def everywhere(
    home: str,
    limit: int,
    known: Known | None = None,
    *,
    before: float | None = None,
) -> list[Summary]:
    """The chats of all folders, newest first; see ``recent``."""
    return _newest(_earlier(_all_files(home), before), limit, None, known=known)


def _earlier(files: list[_File], before: float | None) -> list[_File]:
    return files if before is None else [file for file in files if file[0] < before]


def latest(home: str, cwd: str) -> Path | None:
    """The newest chat of one folder. Only its beginning is looked at, however long it is."""
    found = _newest(_files(chats_folder(home, cwd)), 1, cwd, count=False)
    return found[0].path if found else None


def find(home: str, cwd: str, session_id: str) -> Path | None:
    """The chat with this id, or the only one whose id begins so: in ``cwd`` first, then anywhere."""
    wanted = session_id.lower()
    if not wanted:
        return None
    for files in (_files(chats_folder(home, cwd)), _all_files(home)):
        empty = {path for _, path, size in files if not size}
        paths = [path for _, path, _ in files if path.stem.lower().startswith(wanted)]
        exact = [path for path in paths if path.stem.lower() == wanted]
        paths = [path for path in paths if path not in empty]
        if exact or len(paths) == 1:
            return (exact or paths)[0]
    return None


def _files(folder: Path) -> list[_File]:
    found: list[_File] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not is_chat_name(entry.name):
                    continue
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(status.st_mode):
                    found.append((status.st_mtime, Path(entry.path), status.st_size))
    except OSError:
        return found  # a folder that is not there has no chats, one that vanishes no more
    return found


def _all_files(home: str) -> list[_File]:
    try:
        projects = list(Path(projects_folder(home)).iterdir())
    except OSError:
        return []
    return [file for project in projects for file in _files(project / "chats")]


def _newest(
    files: Iterable[_File],
    limit: int,
    cwd: str | None,
    *,
    count: bool = True,
    known: Known | None = None,
) -> list[Summary]:
    found: list[Summary] = []
    known = {} if known is None else known
    if len(known) > MAX_KNOWN:
        known.clear()
    for file in sorted(files, key=lambda file: file[0], reverse=True):
        if len(found) >= limit:
            break
        if file not in known:
            known[file] = _summary(*file, cwd, count=count)
        if (summary := known[file]) is not None:
            found.append(summary)
    return found


def _summary(
    changed: float, path: Path, size: int, cwd: str | None, *, count: bool
) -> Summary | None:
    """None for a file that cannot be read, is no chat, or is of another folder than ``cwd``."""
    try:
        with os.fdopen(open_foreign(path), "rb") as file:
            head = file.read(HEAD_BYTES)
            folder = _value(head, b'"cwd":"')
            if b"\n" not in head and len(head) < HEAD_BYTES:
                return None  # killed while its first record was written: nothing is in it
            # Two folders may share a name once it has dashes for all else.
            if cwd is not None and folder not in ("", cwd):
                return None
            if size <= len(head) and _PROMPT not in head:
                return None  # what hosts' commands were: nothing was said in it
            prompts = _count(head, file) if count else 0
    except OSError:
        return None
    prompt = " ".join(_first_prompt(head).split())[:PROMPT_CHARS]
    return Summary(path.stem, path, changed, prompt, folder, prompts, size)


def _count(head: bytes, file: BinaryIO) -> int:
    """How many prompts there are in a file whose ``head`` was read."""
    count, chunk = 0, head
    while chunk:
        following = file.read(CHUNK_BYTES)
        count += _occurrences(_PROMPT, chunk, following)
        count -= sum(_occurrences(marker, chunk, following) for marker in _NO_PROMPTS)
        chunk = following
    return max(0, count)


def _occurrences(marker: bytes, chunk: bytes, following: bytes) -> int:
    """How often ``marker`` begins in ``chunk``; it may end in what follows."""
    edge = len(marker) - 1
    return chunk.count(marker) + (chunk[-edge:] + following[:edge]).count(marker)


def _first_prompt(head: bytes) -> str:
    for line in head.split(b"\n"):
        for record in records_in(line).every:
            if record["type"] == "user" and "subtype" not in record:
                return text_of(parts_of(record))
    at = head.find(_PROMPT)
    return _value(head[at:], b'"text":"') if at >= 0 else ""


def _value(data: bytes, key: bytes) -> str:
    """The string after ``key``, or how it begins where it is long or cut off."""
    at = data.find(key)
    if at < 0:
        return ""
    raw = data[at + len(key) : at + len(key) + 4 * PROMPT_CHARS]
    end = 0
    while end < len(raw) and raw[end] != ord('"'):
        end += 2 if raw[end] == ord("\\") else 1
    raw = raw[:end]
    for shorter in range(12):  # an escape or a character may be cut in two
        try:
            return str(decode(b'"' + raw[: len(raw) - shorter] + b'"'))
        except NotJson:
            continue
    return ""
