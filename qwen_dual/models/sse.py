"""Server-sent events from bytes that are cut anywhere, after the grammar of the HTML standard. Pure.

Ids and reconnection times are read over: an answer is never asked for again from its middle. Data stays
bytes, which is what JSON is read from; text is decoded where it is no JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.models import endings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MAX_EVENT_BYTES = 32 * 2**20
"""Of one event; a service that sends more without an end of it would fill the memory."""

LONG_BYTES = 1 << 20
"""Of an event from which on its line is put together in one step and read in another."""

_MARK = b"\xef\xbb\xbf"  # of the byte order, which may stand before the first line


class ServerSentEvent(Struct, frozen=True):
    """One event; its lines of data are joined with line feeds."""

    event: str
    data: bytes | bytearray


class EventReader:
    """Reads the events of one answer; those without data are none."""

    def __init__(self) -> None:
        # What came of the line that has no end yet. It grows in place: megabytes would be copied once
        # when its pieces are joined and once more without its name, 20 ms each.
        self._line = bytearray()
        self._first = True  # no line has ended
        self._after_return = False  # a line feed that comes now belongs to the end before it
        self._name = b""
        self._data: list[bytes | bytearray] = []
        self._open_bytes = 0  # since the last event

    def feed(self, data: bytes) -> Iterable[ServerSentEvent | None]:
        """The events that ``data`` completes; None where others should run before the next.

        Raises:
            ModelError: an event has no end.
        """
        # Most services send a long answer this way, and each of its pieces pays for every step.
        if (
            not (self._line or self._data or self._name)
            and data.startswith(b"data: ")
            and data.find(b"\n") == len(data) - 2
            and data.endswith(b"\n")
            and b"\r" not in data
        ):
            self._first = self._after_return = False
            return (ServerSentEvent("message", data[6:-2]),) if len(data) > 8 else ()
        return self._read(data)

    def end(self) -> Iterator[ServerSentEvent]:
        """What the end of the stream completes; the blank line may be missing after the last."""
        return self._decode(self._lines(b"\n\n"))

    def _read(self, data: bytes) -> Iterator[ServerSentEvent | None]:
        self._open_bytes += len(data)
        if self._open_bytes > MAX_EVENT_BYTES:
            raise endings.malformed(f"{MAX_EVENT_BYTES // 2**20} MiB without the end of an event")
        lines = self._lines(data)
        if lines and self._open_bytes > LONG_BYTES:
            yield None  # putting the line together took as long as what comes next will
        yield from self._decode(lines)

    def _lines(self, data: bytes) -> Sequence[bytes | bytearray]:
        """The lines that ``data`` ends."""
        if self._after_return and data:
            data = data.removeprefix(b"\n")
            self._after_return = False
        if b"\r" in data:
            self._after_return = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines: list[bytes | bytearray] = [*data.split(b"\n")]
        rest = lines.pop()
        if not lines:
            self._line += rest
            return ()
        if self._line:
            self._line += lines[0]
            lines[0] = self._line if len(self._line) > LONG_BYTES else bytes(self._line)
        if self._first and (first := lines[0])[: len(_MARK)] == _MARK:
            lines[0] = first[len(_MARK) :]
        self._first = False
        self._line = bytearray(rest)
        return lines

    def _decode(self, lines: Sequence[bytes | bytearray]) -> Iterator[ServerSentEvent]:
        for line in lines:
            if line:
                if line.startswith(b"data: "):  # nearly all
                    if isinstance(line, bytearray):
                        del line[:6]  # without a copy
                    self._data.append(line if isinstance(line, bytearray) else line[6:])
                    continue
                name, _, value = line.partition(b":")
                if name == b"data":
                    self._data.append(value.removeprefix(b" "))
                elif name == b"event":
                    self._name = bytes(value.removeprefix(b" "))
                continue
            data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
            name = self._name
            self._data, self._name = [], b""
            if data:
                self._open_bytes = 0
                yield ServerSentEvent(name.decode("utf-8", "replace") or "message", data)
