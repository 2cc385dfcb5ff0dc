"""A saved session as the beginning of another: its file, copied under a new id, and its lanes."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from qwen_dual.chats.paths import lanes_folder, make_folder
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

    with contextlib.suppress(OSError):  # the chat has what came of them
        _fork_lanes(lanes_folder(path), lanes_folder(copy), session_id)


def _fork_lanes(old: str, new: str, session_id: str) -> None:
    """Copies what sub-agents of a session did, where there were any."""
    if not os.path.isdir(old):
        return
    from qwen_dual.chats.lane_reading import MAX_FILES, MAX_LANE_BYTES
    from qwen_dual.fs.foreign import read_foreign

    make_folder(new)
    for name in sorted(os.listdir(old))[: 2 * MAX_FILES]:
        if not name.endswith((".jsonl", ".json")):
            continue
        lines = read_foreign(os.path.join(old, name), limit=MAX_LANE_BYTES).splitlines(True)
        if name.endswith(".json"):
            lines = [b"".join(lines)]
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(os.path.join(new, name), flags, 0o600), "wb") as file:
            file.writelines(_of(line, session_id) for line in lines)


def _of(line: bytes, session_id: str) -> bytes:
    try:
        record = decode(line)
    except NotJson:  # torn; whoever loads the chat makes of it what can be made
        return line
    if not isinstance(record, dict):
        return line
    changed = {key: session_id for key in ("sessionId", "parentSessionId") if key in record}
    return encode({**record, **changed}) if changed else line
