"""What chats say of commands of hosts: which began, and what each came to.

Read when a command with an id comes in, from where it was read to the last time; what is found is kept as
places in the files. The records of turns that were taken back count like all others.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from qwen_dual.chats.chain import REWIND
from qwen_dual.chats.command_records import COMMAND
from qwen_dual.chats.paths import is_chat_name
from qwen_dual.chats.reading import records_in
from qwen_dual.chats.tail import LONGEST_LINE
from qwen_dual.core.commands.ledger import LIMIT, Known, digest_of
from qwen_dual.fs.foreign import open_foreign
from qwen_dual.protocol.framing import LineFramer

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.chats.records import Record
    from qwen_dual.protocol.framing import Frame

_MARK = b'"hostCommand'
"""In each line that says something of a command; inside a text its quote would be escaped."""

_CHUNK = 1 << 20


class _File(Struct):
    """A chat that is read.

    Attributes:
        path: where it is.
        read: bytes that are.
        before: bytes that there were when it was added: no command of them comes for the first time.
    """

    path: Path
    read: int = 0
    before: int = 0


class CommandLog:
    """The commands in the chats of one session: its own, and those before it that it names."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        self._places: dict[bytes, tuple[_File, int, int] | None] = {}  # None: it only began

    def add(self, path: Path) -> None:
        """A chat belongs to the session; its file need not be there yet."""
        if path.stem not in self._files:
            size = 0
            with contextlib.suppress(OSError):
                size = os.stat(path, follow_symlinks=False).st_size
            self._files[path.stem] = _File(path, before=size)

    def find(self, host: str, command_id: str, *, live: bool) -> Known | None:
        """What is known of a command; None where it never began.

        Args:
            host: who sent it.
            command_id: its id.
            live: it may be of this run of the program.

        Raises:
            OSError: a chat cannot be read.
        """
        self._read(live=live)
        digest = digest_of(host, command_id)
        if digest not in self._places:
            return None
        place = self._places[digest]
        if place is None:
            return Known("running" if live else "interrupted")
        return _known(place, digest)

    def _read(self, *, live: bool) -> None:
        done: set[str] = set()
        while left := [file for name, file in self._files.items() if name not in done]:
            for file in left:
                done.add(file.path.stem)
                if live or file.read < file.before:
                    self._read_file(file)

    def _read_file(self, file: _File) -> None:
        try:
            fd = open_foreign(file.path)
        except (FileNotFoundError, NotADirectoryError):
            return
        framer = LineFramer(LONGEST_LINE, file.read)
        try:
            while chunk := os.pread(fd, _CHUNK, framer.position):
                for frame in framer.feed(chunk):
                    self._take_line(frame, file)
                    file.read = frame.end
            if (last := framer.finish()) is not None:  # which may go on
                self._take_line(last, file)
        finally:
            os.close(fd)

    def _take_line(self, line: Frame, file: _File) -> None:
        if _MARK in line.data:
            for record in records_in(line.data).every:
                self._index(record, file, line.offset, line.size)

    def _index(self, record: Record, file: _File, start: int, size: int) -> None:
        begun, ended = _named(record)
        for digest in begun:
            self._places.setdefault(digest, None)
        for digest in ended:
            self._places[digest] = (file, start, size)
        while len(self._places) > LIMIT:
            del self._places[next(iter(self._places))]
        if record.get("subtype") == COMMAND:
            earlier = _payload(record).get("earlier")
            if isinstance(earlier, str) and is_chat_name(f"{earlier}.jsonl"):
                # Of the same folder, whatever it says.
                self.add(file.path.with_name(f"{earlier}.jsonl"))


def _named(record: Record) -> tuple[list[bytes], list[bytes]]:
    """The commands that began with a record, and those that ended with it."""
    begun, ended = _digests([record.get("hostCommand")]), _digests(record.get("hostCommands"))
    if record.get("subtype") == COMMAND:
        payload = _payload(record)
        named = _digests(payload.get("hostCommands"))
        return (named, []) if payload.get("outcome") == "begun" else ([], named)
    # One write both begins to go back and has done it.
    return ([], begun) if record.get("subtype") == REWIND else (begun, ended)


def _digests(named: Any) -> list[bytes]:
    return [
        digest_of(one["host"], one["id"])
        for one in (named if isinstance(named, list) else ())
        if isinstance(one, dict)
        and isinstance(one.get("host"), str)
        and isinstance(one.get("id"), str)
    ]


def _payload(record: Record) -> dict[str, Any]:
    payload = record.get("systemPayload")
    return payload if isinstance(payload, dict) else {}


def _known(place: tuple[_File, int, int], digest: bytes) -> Known:
    """What the record at a place says of a command."""
    file, start, size = place
    fd = open_foreign(file.path)
    try:
        line = os.pread(fd, size, start)
    finally:
        os.close(fd)
    payload = next((_payload(r) for r in records_in(line).every if digest in _named(r)[1]), {})
    result = payload.get("result")
    texts = {key: payload.get(key) for key in ("outcome", "code", "message")}
    outcome, code, message = (text if isinstance(text, str) else None for text in texts.values())
    return Known(outcome or "done", result if isinstance(result, dict) else None, code, message)
