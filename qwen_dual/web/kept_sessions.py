"""The sessions of a server on disk, so that one that is started anew with ``--resume`` brings them back.

Which ones they were is written at each change. What was said in them the programs have saved themselves, and do
not tell again when they go on: so the server keeps the events of its pages too, but only from its end, in
order, to its next start. All of it is for this user alone: files of mode 0600 in a folder of mode 0700.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from qwen_dual.web.kept_files import read_kept, write_kept

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

MAX_BYTES = 64 << 20

log = logging.getLogger(__name__)


class KeptSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session as it was.

    Attributes:
        key: what pages know it by.
        session_id: of the conversation.
        cwd: its folder.
        title: how its first prompt begins.
        prompted: there was a prompt, so that there is something to resume.
        attached: it runs elsewhere, and was only followed.
        model: what it was started with; None for the program's own choice.
        mode: the approval mode, likewise.
    """

    key: str
    session_id: str
    cwd: str
    title: str = ""
    prompted: bool = False
    attached: bool = False
    model: str | None = None
    mode: str | None = None


class KeptSessions:
    """The files of one server.

    Args:
        folder: in which they are; made where it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "sessions.json"
        self._written: Sequence[KeptSession] | None = None

    def read(self) -> list[KeptSession]:
        """The sessions of the server before; none where nothing can be read."""
        try:
            return msgspec.json.decode(read_kept(self._path, MAX_BYTES), type=list[KeptSession])
        except FileNotFoundError:
            return []
        except (OSError, msgspec.DecodeError) as error:
            log.warning("%s is not used: %s", self._path, error)
            return []

    def write(self, sessions: Sequence[KeptSession]) -> None:
        """Keeps which sessions there are; that it cannot be written is logged."""
        if sessions != self._written:
            self._written = sessions
            write_kept(self._path, msgspec.json.encode(sessions))

    def write_chat(self, key: str, lines: Iterable[bytes]) -> None:
        """Keeps the events of a session's pages."""
        write_kept(self._chat(key), b"".join(line + b"\n" for line in lines))

    def take_chat(self, key: str) -> list[bytes]:
        """The events that were kept of a session, which are not kept any longer."""
        try:
            return read_kept(self._chat(key), MAX_BYTES).splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            log.warning("the events of session %s are not used: %s", key, error)
            return []
        finally:
            self._chat(key).unlink(missing_ok=True)

    def forget_chats(self) -> None:
        """Removes the events of sessions that nobody has brought back."""
        for path in self._folder.glob("chat-*.jsonl"):
            path.unlink(missing_ok=True)

    def _chat(self, key: str) -> Path:
        return self._folder / f"chat-{key}.jsonl"
