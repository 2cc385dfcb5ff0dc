"""What the session knows of each file: the last version it read or wrote.

A file may be changed only if it still is as the session knows it. Changes happen one at a time,
under ``lock``, so that two edits of one turn cannot interleave.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import anyio

from qwen_dual.tools.workspace import ToolFailure

if TYPE_CHECKING:
    from qwen_dual.tools.textfile import Version


class FileStates:
    """Shared by the tools that read and those that write."""

    def __init__(self) -> None:
        self.lock = anyio.Lock()
        self._guard = threading.Lock()
        self._known: dict[str, Version] = {}
        self._ours: dict[str, bytes] = {}

    def note_read(self, real: str, version: Version) -> None:
        """The session has now seen ``version`` of the file."""
        with self._guard:
            self._known[real] = version

    def note_written(self, real: str, version: Version) -> None:
        """The session made ``version`` itself, which counts as having read it."""
        with self._guard:
            self._known[real] = version
            self._ours[real] = version.digest

    def forget(self) -> None:
        """The session has seen nothing yet."""
        with self._guard:
            self._known.clear()
            self._ours.clear()

    def knows(self, real: str) -> bool:
        """Whether the session has read the file, in whatever state it was."""
        with self._guard:
            return real in self._known

    def require_known(self, real: str, shown: str, now: Version) -> None:
        """Makes sure that the session has read the file as it is ``now``.

        A new modification time over the same content is no change.

        Raises:
            ToolFailure: it was not read, or was changed since.
        """
        with self._guard:
            known = self._known.get(real)
        if known is None:
            raise ToolFailure(
                f"{shown} was not read in this session.", "Read it with read_file first."
            )
        if known.digest != now.digest:
            raise ToolFailure(
                f"{shown} was changed since it was read (then {known.size:,} bytes, now "
                f"{now.size:,}).",
                "Read it again with read_file.",
            )

    def require_unmoved(
        self, real: str, shown: str, seen: Version | None, now: Version | None
    ) -> None:
        """Makes sure that between preview and change nobody but the session touched the file.

        Args:
            real: the file.
            shown: its name for the message.
            seen: what the preview was made from; None if there was no file.
            now: what is there.

        Raises:
            ToolFailure: somebody else changed, made or deleted it.
        """
        before = None if seen is None else seen.digest
        after = None if now is None else now.digest
        with self._guard:
            ours = self._ours.get(real)
        if before != after and (after is None or after != ours):
            raise ToolFailure(
                f"{shown} was changed on disk after the change was shown; nothing was written.",
                "Read it again with read_file.",
            )
