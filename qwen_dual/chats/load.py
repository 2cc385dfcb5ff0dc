"""A chat from its file: for the model, for a UI, and for a recorder that goes on with it.

Takes what this program wrote, what Qwen Code wrote, and what was cut off anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwen_dual.chats.conversation import history_of
from qwen_dual.chats.partial import read_leftover
from qwen_dual.chats.paths import MAX_CHAT_BYTES
from qwen_dual.chats.reading import branch, records_in
from qwen_dual.chats.records import blocks_of, parts_of
from qwen_dual.chats.recovery import owed
from qwen_dual.chats.replay import replay_of, tokens_of
from qwen_dual.fs.foreign import read_foreign

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qwen_dual.chats.records import Record
    from qwen_dual.protocol.events import Event
    from qwen_dual.protocol.shapes import Message


class ChatUnreadable(Exception):
    """A chat that cannot be loaded; the text is for a person.

    Attributes:
        path: the file.
    """

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} cannot be loaded: {why}")
        self.path = path


@dataclass(frozen=True, slots=True)
class Chat:
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
        last: the uuid of the record to go on from; None where what is owed takes the first's place.
        owed: records that the killed session could not write.
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


def load(path: Path) -> Chat:
    """The chat in ``path``, with what a killed session left beside it.

    Raises:
        ChatUnreadable: it is not there, may not be read, or holds no record.
    """
    try:
        data = read_foreign(path, limit=MAX_CHAT_BYTES)
    except OSError as error:
        raise ChatUnreadable(path, error.strerror or str(error)) from error
    found = records_in(data)
    records = branch(found.every)
    if not records:
        raise ChatUnreadable(path, "there is no record of a session in it")
    left = read_leftover(path)
    missing = owed(records, left)
    interrupted = bool(missing) or _is_open(records)
    cwd = records[0].get("cwd")
    started = records[0].get("timestamp")
    if missing and missing[-1].get("supersedes") == records[-1]["uuid"]:
        del records[-1]
    whole = [*records, *missing]
    return Chat(
        session_id=path.stem,
        path=path,
        cwd=cwd if isinstance(cwd, str) else "",
        started=started if isinstance(started, str) else "",
        history=history_of(whole),
        replay=replay_of(whole, interrupted=interrupted),
        model=_last_model(records),
        tokens=_tokens(records),
        interrupted=interrupted,
        interrupted_queue=tuple(left.queue),
        skipped=found.skipped,
        last=records[-1]["uuid"] if records else None,
        owed=tuple(missing),
    )


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


def _tokens(records: Sequence[Record]) -> int:
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
