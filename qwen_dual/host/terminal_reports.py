"""What a program tells its terminal beside what it paints, read from the bytes of its PTY.

Program status (OSC 7501), marks of events in the scrollback (OSC 7502) and titles: of any program, not only
of ours. All of it is foreign text, and bounded.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from qwen_dual.host.buffer import Buffer
from qwen_dual.protocol.osc import STATUS_QUERY
from qwen_dual.protocol.sanitise import one_line

if TYPE_CHECKING:
    from typing import Literal

    from qwen_dual.host.event import Event
    from qwen_dual.protocol.osc import BlockedKind, ProgramState

STATUS_ANSWER = STATUS_QUERY.encode()
"""What a terminal that knows program status gives back when it is asked."""

MAX_UNREAD = 1000
MAX_MARKS = 20_000
MAX_TITLE = 1000
_MAX_OSC = 4096  # bytes, as OSC 7501 has it
_END = re.compile(rb"\x07|\x1b")
_MARK = re.compile(rb"seq=([0-9]{1,15})")
_APP = re.compile(r"[A-Za-z0-9_.+-]{1,32}")
_STATES = ("idle", "working", "blocked", "done", "error")
_KINDS = ("permission", "question", "auth")


@dataclass(frozen=True)
class ProgramStatus:
    """What a program says that it is doing (OSC 7501).

    Attributes:
        state: ``idle``, ``working``, ``blocked``, ``done``, ``error``; ``cleared`` where it took back
            what it had told, as at its end.
        at: the bytes that it had painted by then.
        kind: of what is blocked: it waits for a ``permission``, a ``question``'s answer or a sign-in
            (``auth``); None where it does not say.
        app: the program's name.
    """

    state: ProgramState | Literal["cleared"]
    at: int
    kind: BlockedKind | None = None
    app: str = ""


@dataclass(frozen=True)
class ScreenMark:
    """The place at which a block begins that an event brought (OSC 7502).

    Attributes:
        seq: of the event; 0 for what no event of this session brought.
        at: the bytes that were painted before the block. Whoever shows the terminal puts its own marker
            where the cursor is once it has taken so many, and that one moves with the text.
    """

    seq: int
    at: int


@dataclass(frozen=True)
class WindowTitle:
    """The title that a program gave its window: sanitised, empty where it took it back."""

    text: str
    at: int


TerminalReport = ProgramStatus | ScreenMark | WindowTitle


class TerminalReader:
    """Finds reports in the bytes of a terminal, however those are cut.

    Attributes:
        offset: bytes that were read so far.
        asked: whether the program has asked for program status since this was set to false.
    """

    def __init__(self) -> None:
        self.offset = 0
        self.asked = False
        self._rest = b""  # an OSC that has no end yet

    def feed(self, data: bytes) -> list[TerminalReport]:
        """Takes what was painted next; gives the reports that are complete by it."""
        begin = self.offset - len(self._rest)
        self.offset += len(data)
        if self._rest:
            data = self._rest + data
            self._rest = b""
        found: list[TerminalReport] = []
        position = 0
        while (start := data.find(b"\x1b]", position)) >= 0:
            end = _END.search(data, start + 2)
            cut = end is None or (data[end.start()] == 0x1B and end.end() == len(data))
            if end is None or cut:
                if len(data) - start <= _MAX_OSC:
                    self._rest = data[start:]
                return found
            position = end.start()
            if data[position] == 0x1B and data[position + 1] != ord("\\"):
                continue  # broken off by the next sequence
            position += 1 if data[position] == 0x07 else 2
            if position - start <= _MAX_OSC:
                report = self._read(data[start + 2 : end.start()], begin + position)
                if report is not None:
                    found.append(report)
        if data.endswith(b"\x1b"):
            self._rest = b"\x1b"
        return found

    def _read(self, body: bytes, at: int) -> TerminalReport | None:
        number, _, text = body.partition(b";")
        if number == b"7501":
            if text == b"?":
                self.asked = True
                return None
            return _status(text.decode("ascii", "replace"), at)
        if number == b"7502" and (mark := _MARK.fullmatch(text)):
            return ScreenMark(int(mark[1]), at)
        if number in (b"0", b"2"):
            return WindowTitle(one_line(text.decode("utf-8", "replace"))[:MAX_TITLE], at)
        if number == b"133" and text[:1] == b"A":  # a new prompt: what worked there is over
            return ProgramStatus("cleared", at)
        return None


def _status(text: str, at: int) -> ProgramStatus | None:
    """A report as the protocol has it; None for one that is none, or of a part of the program."""
    pairs = dict(pair.split("=", 1) for pair in text.split(":") if "=" in pair)
    state, app = pairs.get("state"), pairs.get("app", "")
    if app and _APP.fullmatch(app) is None:
        return None
    if state == "clear" and "id" not in pairs:
        return ProgramStatus("cleared", at)
    if state not in _STATES or "id" in pairs:
        return None
    kind = pairs.get("kind") if state == "blocked" else None
    known = cast("BlockedKind", kind) if kind in _KINDS else None
    return ProgramStatus(cast("ProgramState", state), at, known, app)


class TerminalReports(Buffer[TerminalReport]):
    """An asynchronous iterator over a terminal's reports, from when it was asked for until its end.

    The oldest go where more than 1,000 wait.
    """

    def __init__(self) -> None:
        super().__init__(MAX_UNREAD)

    def _weigh(self, item: TerminalReport) -> int:
        return 1

    def _make_room(self) -> None:
        self._items.popleft()
        self._weight -= 1


class MessageMarks:
    """Leads from an event to its place in the scrollback, and back; the last 20,000 are kept.

    Give it every event and every mark of one session, in any order.
    """

    def __init__(self) -> None:
        self._marks: dict[int, ScreenMark] = {}  # the first by its event
        self._painted: deque[ScreenMark] = deque(maxlen=MAX_MARKS)
        self._begun: dict[
            int, int
        ] = {}  # what a message's text began with, by the event that has all
        self._open = 0

    def take_event(self, event: Event) -> None:
        """Takes the next event."""
        if event.parent_tool_use_id is not None:
            return
        if event.type == "assistant":
            self._begun[event.seq or 0] = self._open
            if len(self._begun) > MAX_MARKS:
                del self._begun[next(iter(self._begun))]
        elif event.type == "stream_event" and event.subtype == "content_block_start":
            self._open = event.seq or 0

    def take_mark(self, mark: ScreenMark) -> None:
        """Takes the next mark; of a block that is painted in parts the first one counts."""
        self._painted.append(mark)
        if mark.seq and mark.seq not in self._marks:
            self._marks[mark.seq] = mark
            if len(self._marks) > MAX_MARKS:
                del self._marks[next(iter(self._marks))]

    def mark_of(self, event: Event) -> ScreenMark | None:
        """Where what the event brought begins; None where it is not (or not yet) on the screen."""
        seq = event.seq or 0
        return self._marks.get(self._begun.get(seq, seq))

    def seq_at(self, at: int) -> int:
        """The event whose block covers the place ``at``, in bytes painted; 0 where none does.

        Of a message it is the one with which its text began (``content_block_start``).
        """
        return next((mark.seq for mark in reversed(self._painted) if mark.at <= at), 0)
