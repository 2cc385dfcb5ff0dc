"""The debug log: where tracebacks go, since none may reach a person.

The file is made with the first record, so that a quiet session leaves none.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import TextIOWrapper


class DebugLog(logging.FileHandler):
    """Appends to ``<qwen home>/debug/<session id>.txt``, private to the user."""

    def __init__(self, home: str, session_id: str, scrub: Callable[[str], str] = str) -> None:
        path = os.path.join(home, "debug", f"{session_id}.txt")
        super().__init__(path, encoding="utf-8", errors="backslashreplace", delay=True)
        self._scrub = scrub
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))

    def _open(self) -> TextIOWrapper:
        from qwen_dual.fs.private import open_checked, owner_problem

        os.makedirs(os.path.dirname(self.baseFilename), mode=0o700, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        fd = open_checked(self.baseFilename, flags, owner_problem)
        return open(fd, "a", encoding="utf-8", errors="backslashreplace")

    def format(self, record: logging.LogRecord) -> str:
        """The record's text, tracebacks included, without secrets."""
        return self._scrub(super().format(record))

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one record; a log that cannot be opened loses it, never the session."""
        try:
            super().emit(record)
        except OSError:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Stays silent: a full disk must not print into the UI."""


def start(home: str, session_id: str, *, verbose: bool, scrub: Callable[[str], str] = str) -> str:
    """Sends all logging to the debug log, scrubbed of secrets; returns its path."""
    handler = DebugLog(home, session_id, scrub)
    root = logging.getLogger()
    for old in tuple(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.DEBUG if verbose else logging.WARNING)
    logging.captureWarnings(True)
    return handler.baseFilename
