"""A saved session as the beginning of another: its file, copied under a new id."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from qwen_dual.chats.paths import make_folder
from qwen_dual.protocol.codec import NotJson, decode, encode

if TYPE_CHECKING:
    from pathlib import Path


def fork(path: Path, copy: Path, session_id: str) -> None:
    """Copies a chat line by line; every record belongs to ``session_id`` then.

    Args:
        path: the chat; it is left as it is, and may be in use.
        copy: where the new one goes; nothing is there yet.
        session_id: of the new one.

    Raises:
        OSError: it cannot be read, or the copy cannot be written; then none is left behind.
    """
    make_folder(copy.parent)
    fd = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with path.open("rb") as old, os.fdopen(fd, "wb") as new:
            for line in old:
                new.write(_of(line, session_id))
    except OSError:
        copy.unlink(missing_ok=True)
        raise


def _of(line: bytes, session_id: str) -> bytes:
    try:
        record = decode(line)
    except NotJson:  # torn; whoever loads the chat makes of it what can be made
        return line
    if not isinstance(record, dict) or "sessionId" not in record:
        return line
    return encode({**record, "sessionId": session_id})
