"""An open chat: its file, the side file, and the chain of records that each new one goes on.

Owns the envelope of a record. What a record says is the recorder's affair. Going back takes nothing
out of the file: as the reference does it, a record ``rewind`` follows the one that stood before the prompt,
so that what came after that one is on no branch which leads to the end.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from qwen_dual.chats.journal import Journal
from qwen_dual.chats.partial import Partial
from qwen_dual.chats.records import PROVENANCE, timestamp
from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.events import new_uuid
from qwen_dual.protocol.long_json import encode_long, holds_long
from qwen_dual.protocol.nesting import each_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from qwen_dual.chats.load import Chat
    from qwen_dual.chats.records import Record


REWIND = "rewind"
"""The subtype of the record."""

REWIND_COUNTS = ("prompts", "changed", "added", "removed")

TEXT_CHARS = 200
"""Of the prompt that was gone back to: enough for a line on the screen."""

STEP = 1 << 18
"""Bytes of a long record that are encoded and written in one go, behind which keys are taken."""


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
    git_branch: Callable[[], str | None] = lambda: None
    scrub: Callable[[str], str] = str
    now: Callable[[], float] = time.time
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
        path: str,
        session_id: str,
        stamp: Stamp,
        *,
        last: str | None = None,
        owed: Sequence[Record] = (),
        new: bool = True,
        journal: Journal | None = None,
    ) -> None:
        self.file = path
        self.session_id = session_id
        self.last = last
        self._stamp = stamp
        self._owed = list(owed)
        self._held: tuple[Iterator[bytes], Callable[[], None]] | None = None
        self._left_behind = not new
        self._journal = journal or Journal(path, new=new)
        try:
            self.partial = Partial(path, stamp.scrub)
        except OSError:
            self._journal.close()
            raise
        self._branch = stamp.git_branch()

    @property
    def path(self) -> Path:
        """The file."""
        from pathlib import Path

        return Path(self.file)

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
            pieces, written = self._held
            part = bytearray()
            for piece in pieces:
                part += piece
                if len(part) >= STEP:
                    break
            if part:
                self._journal.append(part)
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

    def aside(self, subtype: str, payload: dict[str, Any]) -> None:
        """Appends a system record that no other follows: about the chat, not of it.

        Raises:
            OSError: it cannot be written.
        """
        self.settle()
        last = self.last
        self.system(subtype, payload)
        self.last = last

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
        self.last = uuid
        if holds_long(record):
            self._held = (encode_long(record), written or _nothing)
            if written is None:
                self.write_held()
            return uuid
        self._journal.append(encode(record))
        if written is not None:
            written()
        return uuid


def _nothing() -> None:
    """What follows the writing of most records."""


class Branches:
    """The places of one chat that its conversation can go on from.

    Attributes:
        next: the chat that is resumed next.
    """

    def __init__(self) -> None:
        self.next: Chat | None = None
        self._parents: dict[str, str | None] = {}  # of each prompt on the branch, in their order
        self._left: tuple[str, str | None, dict[str, str | None]] | None = None
        self._written: str | None = None

    def begin(self, session_id: str) -> None:
        """Another chat begins, or the next one goes on."""
        chat = self.next
        prompts = chat.prompts if chat is not None and chat.session_id == session_id else ()
        self._parents = {prompt.uuid: prompt.parent for prompt in prompts}
        self._left, self.next = None, None

    def note(self, prompt: str, parent: str | None) -> None:
        """A prompt was written, behind ``parent``."""
        self._parents[prompt] = parent

    def go_back(
        self, chat: OpenChat, event: Mapping[str, Any], command: Mapping[str, str] | None = None
    ) -> bool:
        """Writes down a ``rewound`` event, once; False where the chat does not know where to.

        Args:
            chat: the chat.
            event: the event.
            command: the host's by which it goes back.

        Raises:
            OSError: it cannot be written.
        """
        data, to = event["data"], event["data"]["to"]
        if event["uuid"] == self._written:
            return True
        if data["undo"]:
            if self._left is None or self._left[0] != to:
                return False
            _, parent, self._parents = self._left
            self._left = None
        elif to in self._parents:
            prompts = list(self._parents)
            gone = set(prompts[prompts.index(to) :])
            parent = self._parents[to]
            chat.settle()
            self._left = (event["uuid"], chat.last, self._parents)
            kept = self._parents.items()
            self._parents = {uuid: before for uuid, before in kept if uuid not in gone}
        else:
            return False
        chat.settle()
        chat.last = parent
        told = {key: data[key] for key in ("to", "files", "undo", *REWIND_COUNTS)}
        told["uuid"] = event["uuid"]
        told["text"] = data["text"][:TEXT_CHARS]
        payload = {"truncatedCount": data["prompts"], "rewound": told}
        chat.add("system", subtype=REWIND, systemPayload=payload, hostCommand=command)
        self._written = event["uuid"]
        return True
