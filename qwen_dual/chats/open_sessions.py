"""Which sessions some process has open now, by the files of ``running``: ours, and the reference's."""

from __future__ import annotations

import os

from qwen_dual.chats.running import start_token
from qwen_dual.fs.foreign import read_foreign
from qwen_dual.protocol.codec import NotJson, decode

MAX_BYTES = 1 << 16


def open_sessions(home: str) -> set[str]:
    """The ids of the sessions of a person that run; reads, and writes nothing.

    A file counts as long as its process is there, and is the one that wrote it.

    Args:
        home: ``~/.qwen`` or what ``QWEN_HOME`` says.
    """
    folder, found = os.path.join(home, "sessions"), set()
    try:
        names = os.listdir(folder)
    except OSError:
        return set()
    for name in names:
        if name.endswith(".json"):
            try:
                record = decode(read_foreign(os.path.join(folder, name), limit=MAX_BYTES))
            except (OSError, NotJson):
                continue
            if isinstance(record, dict) and _lives(record.get("pid"), record.get("procStart")):
                found.add(str(record.get("sessionId")))
    return found


def _lives(pid: object, began: object) -> bool:
    if not isinstance(pid, int) or pid <= 0:
        return False
    if began is not None:
        return start_token(pid) == began
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True
