"""Reads asciicast, versions 2 and 3, step by step: a recording of any length in bounded memory."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct

from qwen_dual.protocol.codec import NotJson, decode
from qwen_dual.protocol.framing import LineFramer
from qwen_dual.recording.folder import RecordingError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECE = 1 << 18
_MAX_LINE = 64 << 20
_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")
_SHOWN = 60


class CastEvent(NamedTuple):
    """Something that happened to a terminal.

    Attributes:
        seconds: since the start of the recording.
        code: ``o`` output, ``i`` input, ``m`` marker, ``r`` resize, ``x`` exit; others may come.
        data: the text, the label, ``90x30``, or the status.
    """

    seconds: float
    code: str
    data: str


class CastHeader(Struct, frozen=True):
    """What a recording says of itself.

    Attributes:
        version: 2 or 3.
        columns: the width of the terminal at the start.
        rows: its height.
        title: what it is called; may be empty.
        command: what was run; may be empty.
        idle_limit: seconds that a pause is to last at the most; None for no bound.
    """

    version: int
    columns: int
    rows: int
    title: str = ""
    command: str = ""
    idle_limit: float | None = None


class CastReader:
    """A recording at a path; iterating gives its events from the start, each time anew.

    A last line that was cut off, as by a crash, ends it; a bad one in the middle is left out and counted.
    One that ended before its header was written is empty, and no error.

    Args:
        path: of the ``.cast`` file.

    Attributes:
        header: what it says of itself; of an empty one a window of 80 by 24.
        empty: nothing had been shown when it ended.
        bad_lines: lines that were no events, in the last pass.

    Raises:
        RecordingError: it cannot be read, or is no asciicast of these versions.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.bad_lines = 0
        first = next(self._lines(), None)
        self.empty = first is None and _ends_in_header(path)
        self.header = CastHeader(3, 80, 24) if self.empty else _header(path, first)

    def __iter__(self) -> Iterator[CastEvent]:
        self.bad_lines = 0
        now = 0.0
        relative = self.header.version == 3
        lines = self._lines()
        next(lines, None)
        for value in lines:
            event = _event(value)
            if event is None:
                self.bad_lines += 1
                continue
            now = now + event.seconds if relative else max(now, event.seconds)
            yield event._replace(seconds=now)

    def _lines(self) -> Iterator[Any]:
        framer = LineFramer(_MAX_LINE)
        try:
            with open(self.path, "rb") as file:
                while piece := file.read(_PIECE):
                    for frame in framer.feed(piece):
                        body = frame.body
                        if frame.too_long:
                            self.bad_lines += 1
                        elif body and not body.startswith(b"#"):
                            yield _value(body)
        except OSError as error:
            raise RecordingError(f"{self.path}: {error.strerror}") from error
        if (rest := framer.finish()) is not None and rest.body and not rest.too_long:
            value = _value(rest.body)
            if value is not None:
                yield value


def _value(line: bytes) -> Any:
    try:
        return decode(line)
    except NotJson:
        return None


def _event(value: Any) -> CastEvent | None:
    match value:
        case [int() | float() as seconds, str() as code, str() | int() as data] if seconds >= 0:
            return CastEvent(float(seconds), code, str(data))
    return None


def _ends_in_header(path: str) -> bool:
    """Whether a file ends before its first line does, and that is a header as far as it goes."""
    with open(path, "rb") as file:
        held = file.read(_PIECE)
    return b"\n" not in held and held[:1] in (b"", b"{")


def _header(path: str, value: Any) -> CastHeader:
    if not isinstance(value, dict) or value.get("version") not in (2, 3):
        told = "what is no JSON" if value is None else repr(value)[:_SHOWN]
        raise RecordingError(f"{path}: is no asciicast of version 2 or 3 (it begins with {told})")
    version = value["version"]
    inner = value.get("term") if version == 3 else value
    size = inner if isinstance(inner, dict) else {}
    names = ("cols", "rows") if version == 3 else ("width", "height")
    columns, rows = (size.get(name) for name in names)
    if not (isinstance(columns, int) and isinstance(rows, int) and columns > 0 and rows > 0):
        raise RecordingError(f"{path}: its header has no size of the terminal")
    limit = value.get("idle_time_limit")
    return CastHeader(
        version,
        columns,
        rows,
        title=_text(value.get("title")),
        command=_text(value.get("command")),
        idle_limit=float(limit) if isinstance(limit, (int, float)) and limit > 0 else None,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def size_of(resize: str) -> tuple[int, int] | None:
    """Columns and rows of a resize event's ``90x30``; None where it is no such."""
    found = _SIZE.fullmatch(resize)
    return (int(found[1]), int(found[2])) if found else None
