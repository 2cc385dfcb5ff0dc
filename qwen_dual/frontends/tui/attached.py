"""What the first screen of a terminal says that is attached to a session which runs elsewhere."""

from __future__ import annotations

ATTACHED, WATCHES = "attached", "watching"
"""What the footer says of it."""

TIP = "Ctrl+D leaves, and the session goes on · /help for commands, ? for keys"
WATCHES_TIP = "This terminal only watches · Ctrl+D leaves, and the session goes on"


def first_lines(about: str, session_id: str, *, watches: bool) -> list[str]:
    """The lines of it.

    Args:
        about: of the program, the model and the folder.
        session_id: of the session.
        watches: nothing that is typed reaches the session.
    """
    return [about, f"attached to {session_id[:8]}", WATCHES_TIP if watches else TIP]
