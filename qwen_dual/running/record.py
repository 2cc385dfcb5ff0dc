"""What is told of a running session, as JSON of one object. Pure."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct, ValidationError, convert, to_builtins

from qwen_dual.protocol.codec import NotJson, decode, encode

FORM = 1
"""``v`` of the records that are written here; a later one has the same keys and may have more."""

MAX_BYTES = 1 << 16

TITLE_CHARS = 120

RECORD, LOCK = ".json", ".lock"
"""How the files end: ``7-0a1b2c3d.1.json`` is a record of the process that holds ``7-0a1b2c3d.lock``."""


class Record(Struct, frozen=True, kw_only=True):
    """A running session.

    Attributes:
        v: the form of the record.
        pid: the process; another may have its number once this one has ended.
        session_id: of the conversation now; ``/clear`` and ``/resume`` change it.
        agent: the program.
        version: of the program.
        cwd: the folder that it works in.
        title: how its first prompt begins, in one line; empty before there is one.
        started_at: when it began, in seconds since the epoch.
        socket: where hosts connect to; None where it has none.
        events: the file or FIFO that the events go to; None where there is none with a name.
        input: the same for commands.
        state: the word of the latest ``state`` event.
        state_at: since when, in seconds since the epoch.
        waits: whether a person is to answer something: a request, or a prompt that is to be looked at.
    """

    v: Annotated[int, Meta(ge=1)] = FORM
    pid: Annotated[int, Meta(gt=0)]
    session_id: str
    agent: str
    version: str
    cwd: str
    title: str = ""
    started_at: float
    socket: str | None = None
    events: str | None = None
    input: str | None = None
    state: str = "idle"
    state_at: float = 0.0
    waits: bool = False

    def to_bytes(self) -> bytes:
        """The record as one line of JSON."""
        return encode(to_builtins(self))


def record_of(data: bytes) -> Record | None:
    """The record that a file holds; None where it holds none that can be used."""
    try:
        return convert(decode(data), Record)
    except (NotJson, ValidationError):
        return None


def lock_of(path: str) -> str:
    """The file whose lock says whether the session of the record at ``path`` lives."""
    return path.removesuffix(RECORD).rpartition(".")[0] + LOCK


def titled(text: str) -> str:
    """How a prompt begins, as a title: one line of ``TITLE_CHARS``."""
    line = " ".join(text[: 8 * TITLE_CHARS].split())
    return line if len(line) <= TITLE_CHARS else line[: TITLE_CHARS - 1] + "…"
