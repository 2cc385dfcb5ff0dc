"""An open chat: its file, the side file, and the chain of records that each new one goes on.

Owns the envelope of a record. What a record says is the recorder's affair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from qwen_dual.chats.journal import Journal
from qwen_dual.chats.partial import Partial
from qwen_dual.chats.records import PROVENANCE, timestamp
from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.events import new_uuid
from qwen_dual.protocol.nesting import each_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from qwen_dual.chats.records import Record


HELD = 1 << 20
"""Bytes of a record from which on encoding and writing it are two things, between which keys are
taken."""

PART = 4 << 20
"""Bytes of it that are written in one go."""


class Stamp(Struct, frozen=True):
    """What every record of a program says, and how it is written.

    Attributes:
        cwd: the folder that the session is in.
        version: the program's.
        git_branch: tells the branch; asked once for each chat.
        scrub: takes secrets out of a text.
        now: seconds since the epoch.
        window: tells how many tokens the model in force takes; None where that is not known.
    """

    cwd: str
    version: str
    git_branch: Callable[[], str | None]
    scrub: Callable[[str], str]
    now: Callable[[], float]
    window: Callable[[], int | None] = lambda: None


class OpenChat:
    """A chat that this process writes.

    Args:
        path: its file.
        session_id: the session it keeps.
        stamp: what every record says.
        last: the record to go on from; None for a new chat.
        owed: records of an earlier session that were never written; they go before the first.
        new: there is no file yet.
        journal: the file where this process has it open already; it is closed with this.

    Attributes:
        last: the uuid of the record that the next one follows.

    Raises:
        ChatBusy: another process has it open.
        OSError: it cannot be created or opened.
    """

    def __init__(
        self,
        path: Path,
        session_id: str,
        stamp: Stamp,
        *,
        last: str | None = None,
        owed: Sequence[Record] = (),
        new: bool = True,
        journal: Journal | None = None,
    ) -> None:
        self.path = path
        self.session_id = session_id
        self.last = last
        self._stamp = stamp
        self._owed = list(owed)
        self._held: tuple[memoryview, Callable[[], None]] | None = None
        self._left_behind = not new
        self._journal = journal or Journal(path, new=new)
        try:
            self.partial = Partial(path, stamp.scrub)
        except OSError:
            self._journal.close()
            raise
        self._branch = stamp.git_branch()

    @property
    def now(self) -> float:
        """Seconds since the epoch."""
        return self._stamp.now()

    @property
    def window(self) -> int | None:
        """How many tokens the model in force takes."""
        return self._stamp.window()

    def add(
        self,
        kind: str,
        *,
        uuid: str | None = None,
        written: Callable[[], None] | None = None,
        **fields: Any,
    ) -> str:
        """Appends a record of this kind and returns its uuid; what is None is left out.

        Args:
            kind: its type.
            uuid: a new one unless given.
            written: called once it is written: at once, or of megabytes by ``write_held``, which
                then is for the caller to call.
            fields: what it holds besides.

        Raises:
            OSError: it cannot be written.
        """
        self.settle()
        self.write_held()
        return self._append(kind, uuid, fields, written)

    @property
    def holds(self) -> bool:
        """Whether a record waits for ``write_held``."""
        return self._held is not None

    def write_held(self, *, whole: bool = True) -> None:
        """Writes the record that waits, if one does.

        Args:
            whole: not only the next part of it.

        Raises:
            OSError: it cannot be written.
        """
        while self._held is not None:
            line, written = self._held
            if line:
                self._held = (line[PART:], written)
                self._journal.append(line[:PART])
            else:
                self._held = None
                written()
            if not whole:
                return

    def system(self, subtype: str, payload: dict[str, Any]) -> str:
        """Appends a system record.

        Raises:
            OSError: it cannot be written.
        """
        return self.add("system", subtype=subtype, systemPayload=payload)

    def close(self) -> None:
        """Gives the chat free; idempotent. What the side file still holds stays there."""
        self.partial.close(keep=self._left_behind)
        self._journal.close()

    def settle(self) -> None:
        """Writes what an earlier session owes, once; until then its side file has to stay.

        Raises:
            OSError: it cannot be written.
        """
        if not self._left_behind:
            return
        self._left_behind = False
        for record in self._owed:
            fields = {key: value for key, value in record.items() if key not in ("type", "uuid")}
            self._append(record["type"], record.get("uuid"), fields)
        self._owed.clear()
        self.partial.forget()

    def _append(
        self,
        kind: str,
        uuid: str | None,
        fields: dict[str, Any],
        written: Callable[[], None] | None = None,
    ) -> str:
        stamp = self._stamp
        uuid = uuid or new_uuid()
        record: dict[str, Any] = {
            "uuid": uuid,
            "parentUuid": self.last,
            "sessionId": self.session_id,
            "timestamp": timestamp(stamp.now()),
            "type": kind,
            "provenance": PROVENANCE[kind],
            "cwd": stamp.cwd,
            "version": stamp.version,
        }
        if self._branch is not None:
            record["gitBranch"] = self._branch
        for key, value in fields.items():
            if value is not None:
                record[key] = each_text(value, stamp.scrub)
        line = encode(record)
        self.last = uuid
        if written is not None and len(line) > HELD:
            self._held = (memoryview(line), written)
            return uuid
        self._journal.append(line)
        if written is not None:
            written()
        return uuid
