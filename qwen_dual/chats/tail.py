"""The end of a chat, read backwards: as much as a session goes on with, however large the file is.

Knows lines and records; what they say is ``load``'s affair.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.chats.reading import ASIDE, START, records_in
from qwen_dual.fs.foreign import ForeignFileError, read_up_to

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from qwen_dual.chats.records import Record

CHUNK_BYTES = 1 << 20

ENVELOPE_BYTES = 400
"""Of a record, beside what it says."""

LONGEST_LINE = 64 << 20
"""A longer line is passed over and counted as unreadable."""

_NEEDLESS = ("sessionId", "provenance", "version", "cwd", "gitBranch")
"""What a record says that is told once for the whole chat."""


class Bounds(Struct, frozen=True):
    """How much of a chat a session goes on with, at the most: whatever is reached first.

    Attributes:
        said: bytes of what was said: two million tokens, which is more than any model is sent.
        records: of a conversation of many short turns; each costs time and memory of its own.
        size: bytes of the file.
        replayed: records before a compaction, which are read only to be shown.
    """

    said: int = 8 << 20
    records: int = 30_000
    size: int = 48 << 20
    replayed: int = 1_000


class Tail(Struct, frozen=True):
    """The end of a chat.

    Attributes:
        every: its records, in the order of the file.
        skipped: lines that are none, but for the last one where it has no end.
        whole: it reaches back to the beginning.
        size: bytes of the file.
        read: bytes of the file that it is made of.
        recovered: lines that were torn, and held whole records all the same.
        cut_off: the last line has no end, and is none.
    """

    every: list[Record]
    skipped: int
    whole: bool
    size: int
    read: int
    recovered: int = 0
    cut_off: bool = False


def read_tail(fd: int, bounds: Bounds) -> Tail:
    """The end of the chat that ``fd`` is open for.

    It reaches back to the last compaction and what is shown of the time before it, or as far as
    the bounds go.

    Raises:
        OSError: it cannot be read.
    """
    size = os.fstat(fd).st_size
    backwards: list[Record] = []
    skipped = recovered = said = 0
    cut_off = False
    start = size
    on_branch: str | None = None  # the record that the branch goes back to next
    compacted_at: int | None = None
    back_to: str | None = None  # what stands after it, up to here, is on no branch any more
    for line, start, is_last in _lines_backwards(fd, size):
        of_line = records_in(line or b"")
        found = of_line.every
        recovered += of_line.recovered
        if line is None or (line.strip() and not found):
            if is_last and line is not None:
                cut_off = True
            else:
                skipped += 1
            continue
        if back_to is None or any(record["uuid"] == back_to for record in found):
            said += max(0, len(line) - ENVELOPE_BYTES)
        for record in reversed(found):
            if back_to is not None and record["uuid"] != back_to:
                continue
            back_to = None
            _slim(record)
            backwards.append(record)
            if record["uuid"] == on_branch or (
                on_branch is None and record.get("subtype") not in ASIDE
            ):
                on_branch = record.get("parentUuid") or ""
                if record.get("subtype") == "rewind":
                    back_to = on_branch
                if compacted_at is None and is_compaction(record):
                    compacted_at = len(backwards)
        if back_to == "":
            break  # to the beginning: there is nothing before it
        if backwards and (
            said >= bounds.said
            or len(backwards) >= bounds.records
            or size - start >= bounds.size
            or (compacted_at is not None and len(backwards) - compacted_at >= bounds.replayed)
        ):
            break
    backwards.reverse()
    return Tail(backwards, skipped, start == 0, size, size - start, recovered, cut_off)


def read_whole(fd: int, path: Path, limit: int) -> Tail:
    """All of the chat that ``fd`` is open for.

    Raises:
        OSError: it cannot be read, or is larger than ``limit`` bytes.
    """
    data = read_up_to(fd, limit + 1)
    if len(data) > limit:
        raise ForeignFileError(os.fspath(path), f"is larger than {limit:,} bytes")
    found = records_in(data)
    size = len(data)
    return Tail(found.every, found.skipped, True, size, size, found.recovered, found.cut_off)


def first_record(fd: int) -> Record:
    """What the chat that ``fd`` is open for begins with; empty where that is no short record."""
    found = records_in(os.pread(fd, CHUNK_BYTES, 0).split(b"\n", 1)[0]).every
    return found[0] if found else {}


def begins_record(fd: int) -> bool:
    """Whether the file that ``fd`` is open for begins as a record does, as far as it goes."""
    begin = os.pread(fd, len(START), 0)
    return START.startswith(begin)


def _lines_backwards(fd: int, size: int) -> Iterator[tuple[bytes | None, int, bool]]:
    """Each line, the last first, with where it begins and whether nothing ends it.

    None stands for a line that is too long.
    """
    end = size
    pieces: list[bytes] = []  # of the line whose beginning is not read yet, the last one first
    held = 0
    last = True
    while end > 0:
        begin = max(0, end - CHUNK_BYTES)
        chunk = os.pread(fd, end - begin, begin)
        if len(chunk) < end - begin:
            raise OSError(f"it was cut off at byte {begin + len(chunk)} while it was read")
        stop = len(chunk)
        while (at := chunk.rfind(b"\n", 0, stop)) >= 0:
            pieces.append(chunk[at + 1 : stop])
            held += stop - at - 1
            yield _line(pieces, held), begin + at + 1, last
            pieces.clear()
            held, last, stop = 0, False, at
        held += stop
        if held <= LONGEST_LINE:
            pieces.append(chunk[:stop])
        else:
            pieces.clear()
        end = begin
    yield _line(pieces, held), 0, last


def _line(pieces: list[bytes], held: int) -> bytes | None:
    return b"".join(reversed(pieces)) if held <= LONGEST_LINE else None


def _slim(record: Record) -> None:
    """Leaves out what each record repeats, which is most of the memory of a short one."""
    for key in _NEEDLESS:
        record.pop(key, None)


def is_compaction(record: Record) -> bool:
    """Whether the conversation begins anew with ``record``."""
    payload = record.get("systemPayload")
    return (
        record.get("subtype") == "chat_compression"
        and isinstance(payload, dict)
        and isinstance(payload.get("compressedHistory"), list)
    )
