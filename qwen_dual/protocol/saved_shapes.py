"""The shape of the ``system`` event that tells of saved sessions."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from qwen_dual.protocol.shapes import Envelope


class SavedSession(TypedDict):
    """A session that one can go on with.

    ``title`` is how its first prompt begins, in one line; ``cwd`` the folder it began in, each empty
    where that cannot be told. ``updated_at`` is in seconds since the epoch. ``prompts`` counts what
    was asked in it, ``bytes`` those of its file. ``running`` says whether a process has it open now.
    """

    session_id: str
    title: str
    cwd: str
    updated_at: float
    prompts: int
    bytes: int
    running: bool


class SavedSessionsData(TypedDict):
    """Saved sessions, the newest first.

    ``more`` says that there are earlier ones: ``before`` with the last ``updated_at`` lists them.
    """

    sessions: list[SavedSession]
    more: bool
    command_id: str | None


class SavedSessions(Envelope):
    """In answer to ``list_sessions``."""

    type: Literal["system"]
    subtype: Literal["sessions"]
    data: SavedSessionsData
