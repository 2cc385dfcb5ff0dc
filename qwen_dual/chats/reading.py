"""The records of a chat that count: lines to records, and the branch that ends with the last one.

Reads what a crash, a full disk or two writers left: broken lines are passed over and counted, lines
run together are taken apart, a missing parent is the record before it in the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from qwen_dual.protocol.codec import NotJson, decode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qwen_dual.chats.records import Record

START = b'{"uuid":"'
"""How a record begins; inside a text it would be escaped."""

ASIDE = frozenset(
    (
        "custom_title",
        "host_command",
        "managed_session_commit_v1",
        "managed_session_event_v1",
        "managed_session_header_v1",
        "session_artifact_event",
        "session_artifact_snapshot",
        "session_source",
        "session_sources_snapshot",
    )
)
"""Records, ours and of the reference, that no other follows: they are about the chat, not of it."""


class Records(Struct, frozen=True):
    """The records of a file.

    Attributes:
        every: in the order of the file.
        skipped: lines that are none, but for the last one where it has no end.
        cut_off: the last line has no end, and is none.
        recovered: lines that were torn or run together, and held whole records all the same.
    """

    every: list[Record]
    skipped: int
    cut_off: bool = False
    recovered: int = 0


def records_in(data: bytes) -> Records:
    """The records in the bytes of a chat."""
    every: list[Record] = []
    skipped = recovered = 0
    cut_off = False
    lines = data.split(b"\n")
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        record = _record(line)
        found = list(_records_of(line)) if record is None else [record]
        recovered += record is None and bool(found)
        every += found
        if found:
            continue
        if number == len(lines) - 1:
            cut_off = True
        else:
            skipped += 1
    return Records(every, skipped, cut_off, recovered)


def _records_of(line: bytes) -> Iterable[Record]:
    """The whole records in a line that is none by itself."""
    for piece in line.split(START)[1:]:
        record = _record(START + piece)
        if record is not None:
            yield record


def _record(line: bytes) -> Record | None:
    try:
        value: Any = decode(line)
    except NotJson:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("uuid"), str):
        return None
    return value if isinstance(value.get("type"), str) else None


def branch(every: list[Record]) -> list[Record]:
    """The records from the first to the last, along their parents.

    Records that share a uuid are pieces of one message and are put together.
    """
    first: dict[str, int] = {}
    whole: dict[str, Record] = {}
    for index, record in enumerate(every):
        uuid = record["uuid"]
        if uuid in whole:
            whole[uuid] = _joined(whole[uuid], record)
        else:
            first[uuid] = index
            whole[uuid] = record
    index = len(every) - 1
    while index >= 0 and every[index].get("subtype") in ASIDE:
        index -= 1
    if index < 0:
        return []
    current: str | None = every[index]["uuid"]
    chain: list[Record] = []
    seen: set[str] = set()
    while current is not None and current not in seen:
        seen.add(current)
        record = whole[current]
        chain.append(record)
        current = _parent(record, every, first)
    chain.reverse()
    return chain


def _parent(record: Record, every: list[Record], first: dict[str, int]) -> str | None:
    parent = record.get("parentUuid")
    if not isinstance(parent, str):
        return None
    if parent in first:
        return parent
    if record.get("subtype") == "rewind":
        return None  # what stands before it is what was gone back from
    # It was on a line that is lost: what stands before the child goes on from there.
    index = first[record["uuid"]]
    before: str | None = every[index - 1]["uuid"] if index else None
    return before


def _joined(record: Record, piece: Record) -> Record:
    message, more = record.get("message"), piece.get("message")
    joined = {**piece, **record}
    if isinstance(message, dict) and isinstance(more, dict):
        parts = [*(message.get("parts") or ()), *(more.get("parts") or ())]
        joined["message"] = {**message, "parts": parts}
    if "usageMetadata" in piece:
        joined["usageMetadata"] = piece["usageMetadata"]
    return joined
