"""Whether the conversation of a chat went back, as its file says: for whoever goes back with it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from qwen_dual.chats.chain import REWIND
from qwen_dual.chats.reading import records_in
from qwen_dual.fs.foreign import open_foreign

if TYPE_CHECKING:
    from qwen_dual.chats.records import Record


def holds_rewound(path: str, event: str) -> bool:
    """Whether the chat in ``path`` has the record of a ``rewound`` event.

    Half a record, which is what a kill may leave, is none.

    Args:
        path: its file; where there is none, nothing went back.
        event: the uuid of the event.

    Raises:
        OSError: it cannot be read.
    """
    try:
        fd = open_foreign(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    wanted = event.encode()
    with os.fdopen(fd, "rb") as file:
        return any(
            _event_of(record) == event
            for line in file
            if wanted in line
            for record in records_in(line).every
        )


def _event_of(record: Record) -> str | None:
    payload = record.get("systemPayload")
    if record.get("subtype") != REWIND or not isinstance(payload, dict):
        return None
    told = payload.get("rewound")
    return told.get("uuid") if isinstance(told, dict) else None
