"""Where chats are: one folder for each folder that somebody worked in. Pure; reads nothing."""

from __future__ import annotations

import re
from pathlib import Path

from qwen_dual.fs.projects import project_name, projects_folder

_CHAT_NAME = re.compile(r"[0-9a-fA-F-]{32,36}\.jsonl")

MAX_CHAT_BYTES = 1 << 30
"""Of a chat that is read; a longer one is not one of ours."""


class BadSessionId(ValueError):
    """A session id that cannot name a chat."""

    def __init__(self, session_id: str) -> None:
        super().__init__(f"{session_id!r} is not a session id; one is a UUID")
        self.session_id = session_id


def is_chat_name(name: str) -> bool:
    """Whether a file of this name is a chat: neither what lies beside one nor anything else."""
    return _CHAT_NAME.fullmatch(name) is not None


def chats_folder(home: str, cwd: str) -> Path:
    """The folder of the chats that were held in ``cwd``."""
    return Path(projects_folder(home), project_name(cwd), "chats")


def chat_path(home: str, cwd: str, session_id: str) -> Path:
    """The file of one chat.

    Raises:
        BadSessionId: it is no UUID.
    """
    name = f"{session_id}.jsonl"
    if not is_chat_name(name):
        raise BadSessionId(session_id)
    return chats_folder(home, cwd) / name


def partial_path(chat: Path) -> Path:
    """The file beside ``chat`` for what is not complete yet; the reference passes over its name."""
    return chat.with_name(f"{chat.stem}.partial.jsonl")
