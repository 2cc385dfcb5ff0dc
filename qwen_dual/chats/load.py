"""A chat from its file: for the model, for a UI, and for a recorder that goes on with it.

Takes what this program wrote, what Qwen Code wrote, and what was cut off anywhere.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.chats.conversation import history_of
from qwen_dual.chats.journal import Journal
from qwen_dual.chats.partial import read_leftover
from qwen_dual.chats.paths import MAX_CHAT_BYTES, lanes_folder
from qwen_dual.chats.prompts import SavedPrompt, prompts_of
from qwen_dual.chats.reading import branch
from qwen_dual.chats.records import blocks_of, parts_of
from qwen_dual.chats.recovery import owed
from qwen_dual.chats.replay import end_of, replay_of, tokens_of
from qwen_dual.chats.tail import (
    Bounds,
    begins_record,
    first_record,
    is_compaction,
    read_tail,
    read_whole,
)
from qwen_dual.fs.foreign import open_foreign
from qwen_dual.fs.reasons import reason

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qwen_dual.chats.records import Record
    from qwen_dual.protocol.events import Event
    from qwen_dual.protocol.shapes import Message


BOUNDS = Bounds()
"""Of what a session needs to go on with a chat."""


class ChatUnreadable(Exception):
    """A chat that cannot be loaded; the text is for a person.

    Attributes:
        path: the file.
    """

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} cannot be loaded: {why}")
        self.path = path


class Chat(Struct, frozen=True):
    """An earlier session.

    Attributes:
        session_id: its id.
        path: its file.
        cwd: the folder that it began in.
        started: when, as its first record says (ISO 8601).
        history: the conversation as the model is sent it, valid for every service.
        replay: bodies of the events that show it, oldest first.
        model: the name of the model that answered last; empty where none did.
        tokens: what the conversation took at the last call; 0 where nobody told.
        interrupted: its last turn did not end: the program was killed, or still runs.
        interrupted_queue: prompts that waited when it ended, and were never run.
        skipped: lines that could not be read.
        recovered: lines that were torn, and of which whole records were read.
        prompts: those of its branch, the oldest first.
        last: the uuid of the record to go on from; None where what is owed takes the first's place.
        owed: records that the killed session could not write.
        before: bytes of the file before what was read: its beginning is not in ``history``.
        journal: the file under the lock of this process; None where it was only read.
    """

    session_id: str
    path: Path
    cwd: str
    started: str
    history: list[Message]
    replay: list[Event]
    model: str
    tokens: int
    interrupted: bool
    interrupted_queue: tuple[str, ...]
    skipped: int
    last: str | None
    owed: tuple[Record, ...]
    before: int = 0
    journal: Journal | None = None
    recovered: int = 0
    prompts: tuple[SavedPrompt, ...] = ()


def open_chat(path: Path, bounds: Bounds = BOUNDS) -> Chat:
    """The chat in ``path`` to go on with: its end, read under the lock that is kept from now on.

    Another process that writes it has ended by then, so that nothing of it is missed.

    Raises:
        ChatBusy: another process has it open.
        ChatUnreadable: it is not there, may not be written, or holds no record.
    """
    try:
        journal = Journal(path, new=False)
    except OSError as error:
        raise ChatUnreadable(path, reason(error)) from error
    try:
        return load(path, bounds, journal=journal)
    except BaseException:
        journal.close()
        raise


def load(path: Path, bounds: Bounds | None = None, *, journal: Journal | None = None) -> Chat:
    """The chat in ``path``, with what a killed session left beside it.

    Args:
        path: its file.
        bounds: of what a session needs to go on with it; None where all of it is wanted.
        journal: where it is locked.

    Raises:
        ChatUnreadable: it is not there, may not be read, or holds something and no record.
    """
    try:
        fd = open_foreign(path)
        try:
            first, torn = first_record(fd), begins_record(fd)
            if bounds is None:
                found = read_whole(fd, path, MAX_CHAT_BYTES)
            else:
                found = read_tail(fd, bounds)
        finally:
            os.close(fd)
    except OSError as error:
        raise ChatUnreadable(path, reason(error)) from error
    records = branch(found.every)
    if not found.size:
        return _begun(path, journal)
    if not records and (found.every or (torn and not found.skipped)):
        return _begun(path, journal)  # nothing was said in it
    if not records:
        raise ChatUnreadable(path, "there is no record of a session in it")
    left = read_leftover(path)
    missing = owed(records, left)
    interrupted = bool(missing) or _is_open(records)
    cwd, started = first.get("cwd"), first.get("timestamp")
    if missing and missing[-1].get("supersedes") == records[-1]["uuid"]:
        del records[-1]
    every = [*records, *missing]
    reaches_back = found.whole or not (records and records[0].get("parentUuid"))
    cut = not reaches_back and not any(map(is_compaction, records))
    shown = every if bounds is None else end_of(every)
    return Chat(
        session_id=path.stem,
        path=path,
        cwd=cwd if isinstance(cwd, str) else "",
        started=started if isinstance(started, str) else "",
        history=history_of(every, cut=cut),
        replay=_with_lanes(replay_of(shown, interrupted=interrupted), path),
        model=_last_model(records),
        tokens=tokens_at_end(records),
        interrupted=interrupted,
        interrupted_queue=tuple(left.queue),
        skipped=found.skipped + (found.cut_off and not missing),  # else its turn did not end
        last=records[-1]["uuid"] if records else None,
        owed=tuple(missing),
        before=found.size - found.read if cut else 0,
        journal=journal,
        recovered=found.recovered,
        prompts=tuple(prompts_of(every)),
    )


def _with_lanes(replay: list[Event], path: Path) -> list[Event]:
    """The events with those of sub-agents, where there were any."""
    folder = lanes_folder(path)
    if not os.path.isdir(folder):
        return replay
    from qwen_dual.chats.lane_reading import with_lanes

    return with_lanes(replay, folder)


def _begun(path: Path, journal: Journal | None) -> Chat:
    """A session that was killed before its first prompt."""
    return Chat(path.stem, path, "", "", [], [], "", 0, False, (), 0, None, (), journal=journal)


def _is_open(records: Sequence[Record]) -> bool:
    """Whether the last turn has no end."""
    for record in reversed(records):
        kind = record["type"]
        if record.get("subtype") == "turn_result":
            return False
        if kind in ("user", "tool_result"):
            return True
        if kind == "assistant":
            blocks = blocks_of(parts_of(record))
            return any(block["type"] == "tool_use" for block in blocks)
    return False


def _last_model(records: Sequence[Record]) -> str:
    for record in reversed(records):
        if isinstance(record.get("model"), str):
            return str(record["model"])
    return ""


def tokens_at_end(records: Sequence[Record]) -> int:
    """What the conversation took at its last call; 0 where nobody told."""
    for record in reversed(records):
        usage = tokens_of(record)
        if usage is not None:
            return usage.input_tokens + usage.output_tokens
        payload = record.get("systemPayload")
        if record.get("subtype") == "chat_compression" and isinstance(payload, dict):
            info = payload.get("info")
            after = info.get("newTokenCount") if isinstance(info, dict) else None
            return after if isinstance(after, int) else 0
    return 0
