"""Where chats are: one folder for each folder that somebody worked in. Reads nothing.

The start makes a chat before its first event, and pathlib takes a tenth of that time to import: what it
needs works on names.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from qwen_dual.fs.projects import project_name, projects_folder

if TYPE_CHECKING:
    from pathlib import Path

_OF_ID = frozenset("0123456789abcdefABCDEF-")

MAX_CHAT_BYTES = 1 << 30
"""Of a chat that is read; a longer one is not one of ours."""


class BadSessionId(ValueError):
    """A session id that cannot name a chat."""

    def __init__(self, session_id: str) -> None:
        super().__init__(f"{session_id!r} is not a session id; one is a UUID")
        self.session_id = session_id


def is_chat_name(name: str) -> bool:
    """Whether a file of this name is a chat: neither what lies beside one nor anything else."""
    session_id = name.removesuffix(".jsonl")
    return session_id != name and 32 <= len(session_id) <= 36 and _OF_ID.issuperset(session_id)


def chats_folder(home: str, cwd: str) -> Path:
    """The folder of the chats that were held in ``cwd``."""
    from pathlib import Path

    return Path(_folder(home, cwd))


def chat_file(home: str, cwd: str, session_id: str) -> str:
    """The file of one chat, by name.

    Raises:
        BadSessionId: it is no UUID.
    """
    name = f"{session_id}.jsonl"
    if not is_chat_name(name):
        raise BadSessionId(session_id)
    return os.path.join(_folder(home, cwd), name)


def chat_path(home: str, cwd: str, session_id: str) -> Path:
    """The file of one chat.

    Raises:
        BadSessionId: it is no UUID.
    """
    from pathlib import Path

    return Path(chat_file(home, cwd, session_id))


def runtime_file(home: str, cwd: str, session_id: str) -> str:
    """The file beside a chat that tells which process runs it, by name.

    Raises:
        BadSessionId: it is no UUID.
    """
    return f"{chat_file(home, cwd, session_id).removesuffix('.jsonl')}.runtime.json"


def partial_file(chat: str) -> str:
    """The file beside ``chat`` for what is not complete yet, by name; the reference passes over it."""
    return f"{chat.removesuffix('.jsonl')}.partial.jsonl"


def partial_path(chat: Path) -> Path:
    """The file beside ``chat`` for what is not complete yet."""
    return chat.with_name(partial_file(chat.name))


def lanes_folder(chat: str | Path) -> str:
    """The folder of what the sub-agents of ``chat`` did; the reference's."""
    folder, name = os.path.split(os.fspath(chat))
    return os.path.join(os.path.dirname(folder), "subagents", name.removesuffix(".jsonl"))


def reserve(chat: str | Path) -> None:
    """Makes an empty chat where there is none; a folder that takes none is no error."""
    with contextlib.suppress(OSError):
        make_folder(os.path.dirname(chat))
        os.close(os.open(chat, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def give_up(chat: str | Path) -> None:
    """Takes away a chat that is empty; any other stays."""
    with contextlib.suppress(OSError):
        if os.lstat(chat).st_size == 0:
            os.unlink(chat)


def make_folder(path: str | Path) -> None:
    """Makes a folder that only this user may enter, and those on the way to it.

    Raises:
        OSError: it cannot be made.
    """
    if not os.path.isdir(path):
        make_folder(os.path.dirname(os.path.abspath(path)))
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, 0o700)


def _folder(home: str, cwd: str) -> str:
    return os.path.join(projects_folder(home), project_name(cwd), "chats")
