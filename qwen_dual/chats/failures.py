"""Why nothing more of a session is saved, in words for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.chats.journal import ChatBusy
from qwen_dual.fs.reasons import reason

if TYPE_CHECKING:
    from pathlib import Path


def not_saved(error: Exception, path: Path | None, home: str) -> str:
    """What failed, and what helps.

    Args:
        error: what came of writing.
        path: the file of the session; None where it has none.
        home: the settings folder.
    """
    why, then = str(error), "start again, or begin a new session, to have what follows saved"
    if isinstance(error, OSError):
        why = f"{error.filename or path or home}: {reason(error)}"
        then = f"mend that and {then}"
    elif not isinstance(error, ChatBusy):
        why = f"{type(error).__name__}: {error}"
        then = "start again to have what follows saved; /bug has what a report needs"
    until = "" if path is None else f" What was said before is in {path}."
    return f"this session is not saved any more — {why}.{until} It goes on; {then}."
