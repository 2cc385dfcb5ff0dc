"""The prompts of a chat as places to go back to, and what the conversation was before one of them.

A prompt is known by the uuid of the event that told of it, which is that of its first record.
"""

from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.chats.conversation import history_of
from qwen_dual.chats.paths import MAX_CHAT_BYTES
from qwen_dual.chats.reading import branch
from qwen_dual.chats.records import parts_of, text_of
from qwen_dual.chats.replay import without_context
from qwen_dual.chats.tail import read_whole
from qwen_dual.fs.foreign import open_foreign

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qwen_dual.chats.records import Record
    from qwen_dual.protocol.shapes import Message

_NO_PROMPTS = frozenset(
    ("cron", "goal_runtime", "mid_turn_user_message", "notification", "realtime_message")
)
"""What begins like a prompt in a chat of the reference, and nobody submitted as one."""


class SavedPrompt(Struct, frozen=True):
    """One prompt of a chat.

    Attributes:
        uuid: of its first record.
        text: it, as it was typed.
        at: seconds since the epoch; 0 where nobody told.
        parent: the record that the conversation goes on from where it is taken back; None for the
            beginning.
    """

    uuid: str
    text: str
    at: float
    parent: str | None


def prompts_of(records: Sequence[Record]) -> list[SavedPrompt]:
    """The prompts of a branch, the oldest first."""
    found: list[SavedPrompt] = []
    for index, record in enumerate(records):
        if record["type"] != "user" or record.get("subtype") in _NO_PROMPTS:
            continue
        begin, typed = index, _shown(record)
        while begin and records[begin - 1].get("subtype") == "at_command":
            begin -= 1
            typed = _payload_text(records[begin], "userText") or typed
        first = records[begin].get("parentUuid")
        parent = records[begin - 1]["uuid"] if begin else first
        found.append(
            SavedPrompt(
                _known_by(record),
                typed,
                _seconds(record.get("timestamp")),
                parent if isinstance(parent, str) else None,
            )
        )
    return found


def before(path: Path, uuid: str) -> list[Record] | None:
    """The records of the chat in ``path`` before a prompt; None where it is not on its branch.

    Raises:
        OSError: it cannot be read.
    """
    fd = open_foreign(path)
    try:
        found = read_whole(fd, path, MAX_CHAT_BYTES)
    finally:
        os.close(fd)
    records = branch(found.every)
    prompt = next((one for one in prompts_of(records) if one.uuid == uuid), None)
    if prompt is None:
        return None
    at = next((i for i, record in enumerate(records) if record["uuid"] == prompt.parent), -1)
    return records[: at + 1]


def history_before(path: Path, uuid: str) -> tuple[list[Message], list[Record]] | None:
    """The conversation before a prompt as the model is sent it, and its records; see ``before``."""
    records = before(path, uuid)
    return None if records is None else (history_of(records), records)


def _known_by(record: Record) -> str:
    supersedes = record.get("supersedes")
    return supersedes if isinstance(supersedes, str) else str(record["uuid"])


def _shown(record: Record) -> str:
    return _payload_text(record, "displayText") or without_context(text_of(parts_of(record)))


def _payload_text(record: Record, key: str) -> str:
    payload = record.get("systemPayload")
    said = payload.get(key) if isinstance(payload, dict) else ""
    return said if isinstance(said, str) else ""


def _seconds(timestamp: object) -> float:
    try:
        return datetime.fromisoformat(str(timestamp)).timestamp()
    except ValueError:
        return 0.0
