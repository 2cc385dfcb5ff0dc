"""The events of a session as they came, kept for pages that come later or come again. Pure.

Of what has ended only the outcome is kept: the deltas of a message that is there whole, the progress of a
call that has its result, a ``state`` that another has followed. When there is still too much, the oldest
events go, and are counted.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.protocol.codec import NotJson, decode, encode

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

MAX_BYTES = 16 << 20
"""Of the lines of one session."""

FRAME_BYTES = 1 << 18
"""Of a frame, unless a single line is longer."""

LINE_OVERHEAD = 200
"""Bytes that a kept line takes besides its text."""

LATEST = frozenset(
    (
        "state",
        "queue",
        "ui",
        "proposals",
        "hosts_changed",
        "sessions",
        "rewind_points",
        "input_error",
    )
)
"""What a later event of the same kind replaces."""

STANDING = frozenset(
    ("session_start", "session_changed", "mode_changed", "model_changed", "mcp", "tools_changed")
)
"""What outlives the conversation in which it was told."""

SAID = frozenset(
    (
        "user",
        "assistant",
        "result",
        "control_request",
        "control_response",
        "notice",
        "slash_command",
        "tool_progress",
        "compact_boundary",
        "rewound",
        "by",
        "usage",
        "turn_ended",
    )
)
"""Of which events a conversation is shown again after the server was started anew."""


class Beginning(Struct, frozen=True):
    """Where a page begins to read.

    Attributes:
        after: the place after which it reads.
        whole: it gets the conversation from its beginning, and not what comes after what it has.
        lost: how many events before that nobody has any more.
    """

    after: int
    whole: bool
    lost: int


class ChatLog:
    """The lines of one session, by the place in which they came.

    Args:
        epoch: is another one where events begin to count anew.
        max_bytes: what is kept at the most.

    Attributes:
        newest: the place of the latest line.
        lost: events that are gone without anything having taken their place.
    """

    def __init__(self, epoch: str, max_bytes: int = MAX_BYTES) -> None:
        self.epoch = epoch
        self.newest = 0
        self.lost = 0
        self._max_bytes = max_bytes
        self._lines: dict[int, bytes] = {}  # in the order of their places
        self._order: list[int] = []  # the same places, and some that were dropped since
        self._bytes = 0
        self._seq = 0
        self._seqs: list[int] = []
        self._places: list[int] = []
        self._lost_to = 0
        self._streams: dict[str | None, list[int]] = {}
        self._progress: dict[str, list[int]] = {}
        self._latest: dict[str, int] = {}
        self._staying: dict[str, int] = {}  # requests that wait, by their id, and who is hosted
        self._conversation: deque[int] = deque()
        self._kept: deque[int] = deque()
        self._asked = (-1, -1, -1)
        self._joined = (b"", 0)

    # -- writing -----------------------------------------------------------------------------

    def add(self, event: dict[str, Any]) -> None:
        """Takes the next event; one that is not counted gets its ``seq`` here."""
        seq = event.get("seq")
        if not isinstance(seq, int) or isinstance(seq, bool):
            seq = self._seq + 1
            event = {**event, "seq": seq}
        place = self._keep(encode(event)[:-1])
        if seq > self._seq:
            self._seq = seq
            self._seqs.append(seq)
            self._places.append(place)
        self._sort(event, place)
        if self._bytes > self._max_bytes:
            self._make_room()

    def add_own(self, message: dict[str, Any]) -> None:
        """Takes a message of the server's own."""
        self._conversation.append(self._keep(encode(message)[:-1]))

    def _keep(self, line: bytes) -> int:
        self.newest = place = self.newest + 1
        self._lines[place] = line
        self._order.append(place)
        self._bytes += len(line) + LINE_OVERHEAD
        return place

    def _sort(self, event: dict[str, Any], place: int) -> None:
        kind, lane = event.get("type"), event.get("parent_tool_use_id")
        lane = lane if isinstance(lane, str) else None
        if kind == "stream_event":
            self._stream(event, lane, place)
        elif kind == "system":
            self._system(event, lane, place)
            return
        elif kind == "assistant":
            # It is there whole: what it was put together from is not shown any more.
            self._drop(self._streams.pop(lane, ()))
        elif kind == "control_request":
            self._staying[_request_id(event)] = place
        elif kind == "control_response":
            response = event.get("response")
            if isinstance(response, dict):
                self._staying.pop(_request_id(response), None)
        elif kind == "user":
            for call in _results_in(event):
                self._drop(self._progress.pop(call, ()))
        self._conversation.append(place)

    def _stream(self, event: dict[str, Any], lane: str | None, place: int) -> None:
        inner = event.get("event")
        kind = inner.get("type") if isinstance(inner, dict) else None
        if kind == "content_block_delta":
            self._streams.setdefault(lane, []).append(place)

    def _system(self, event: dict[str, Any], lane: str | None, place: int) -> None:
        subtype, data = event.get("subtype"), event.get("data")
        subtype = subtype if isinstance(subtype, str) else ""
        data = data if isinstance(data, dict) else {}
        if subtype == "tool_progress" and "preview" not in data:
            self._progressed(str(data.get("tool_use_id")), data.get("status") == "output", place)
        elif subtype in LATEST and lane is None:
            self._drop((self._latest.get(subtype, 0),))
            self._latest[subtype] = place
        elif subtype == "session_changed":
            self._forget_conversation()
        if subtype == "session_start":
            self._staying[""] = place
        if subtype in STANDING and lane is None:
            self._kept.append(place)
        else:
            self._conversation.append(place)

    def _progressed(self, call: str, output: bool, place: int) -> None:
        """Of a call that runs, what it is about stays, and the latest of its output."""
        places = self._progress.setdefault(call, [])
        if output and len(places) > 1:
            self._drop((places.pop(),))
        places.append(place)

    def _forget_conversation(self) -> None:
        """Another conversation has begun: of the last one nothing is shown any more."""
        self._drop(self._conversation)
        self._conversation.clear()
        self._streams.clear()
        self._progress.clear()
        self._staying = {number: place for number, place in self._staying.items() if not number}
        self._latest.clear()
        self.lost = 0

    def _drop(self, places: Iterable[int]) -> None:
        for place in places:
            line = self._lines.pop(place, None)
            if line is not None:
                self._bytes -= len(line) + LINE_OVERHEAD
        if len(self._order) > 2 * len(self._lines) + 1024:
            self._tidy()

    def _tidy(self) -> None:
        self._order = list(self._lines)
        kept = [at for at, place in enumerate(self._places) if place in self._lines]
        self._seqs = [self._seqs[at] for at in kept]
        self._places = [self._places[at] for at in kept]
        self._conversation = deque(place for place in self._conversation if place in self._lines)

    def _make_room(self) -> None:
        """Drops the oldest, down to three quarters, so that the work per event stays constant."""
        target = self._max_bytes * 3 // 4
        waiting = {self.newest, *self._staying.values()}
        held: list[int] = []
        # In which model and mode it is, is told as long as there is anything else to go.
        for places in (self._conversation, self._kept):
            while places and self._bytes > target:
                place = places.popleft()
                if place in waiting:
                    held.append(place)
                elif place in self._lines:
                    self._drop((place,))
                    self.lost += 1
                    self._lost_to = max(self._lost_to, place)
        self._conversation.extendleft(reversed(held))

    # -- from one server to the next ---------------------------------------------------------

    def conversation(self) -> list[bytes]:
        """What was said, as lines without numbers: what ``restore`` of a later log takes."""
        answered: set[str] = set()
        found: list[dict[str, Any]] = []
        for line in reversed(self._lines.values()):
            event = decode(line)
            kind = event.get("subtype") if event["type"] in ("system", "web") else event["type"]
            if kind == "control_response":
                response = event.get("response")
                answered.add(_request_id(response) if isinstance(response, dict) else "")
            elif kind not in SAID or (
                kind == "control_request" and _request_id(event) not in answered
            ):
                continue  # nobody waits any more for what was not answered
            event.pop("seq", None)
            found.append(event)
        return [encode(event)[:-1] for event in reversed(found)]

    def restore(self, lines: Iterable[bytes]) -> None:
        """Begins with what was said in an earlier log."""
        for line in lines:
            try:
                decode(line)
            except NotJson:
                continue  # the file was cut off
            self._conversation.append(self._keep(line))

    # -- reading -----------------------------------------------------------------------------

    def beginning(self, from_seq: int | None, epoch: str) -> Beginning:
        """Where a page begins that has seen everything up to ``from_seq`` of an epoch."""
        if from_seq is not None and epoch == self.epoch and 0 <= from_seq <= self._seq:
            at = bisect_right(self._seqs, from_seq)
            after = self._places[at - 1] if at else 0
            if after >= self._lost_to:
                return Beginning(after, whole=False, lost=0)
        return Beginning(0, whole=True, lost=self.lost)

    def has(self, after: int) -> bool:
        """Whether all that follows a place is still there, or has given way to its outcome."""
        return after >= self._lost_to

    def read(self, after: int, until: int | None = None) -> tuple[bytes, int]:
        """A frame of what follows a place, and the place that its reader has then; empty for none.

        Args:
            after: the place.
            until: the last place that goes into the frame; the newest unless given.
        """
        # Pages that keep up ask for the same, so that one joining serves all of them.
        asked = (after, self.newest if until is None else until, self.newest)
        if asked != self._asked:
            self._joined = self._join(after, asked[1])
            self._asked = asked
        return self._joined

    def _join(self, after: int, until: int) -> tuple[bytes, int]:
        lines, order = self._lines, self._order
        out: list[bytes] = []
        size, last = 0, after
        for at in range(bisect_right(order, after), bisect_right(order, until)):
            line = lines.get(order[at])
            if line is not None:
                if out and size + len(line) > FRAME_BYTES:
                    return b"[" + b",".join(out) + b"]", last
                out.append(line)
                size += len(line)
            last = order[at]
        return (b"[" + b",".join(out) + b"]" if out else b""), max(last, until)


def _results_in(event: dict[str, Any]) -> list[str]:
    message = event.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    blocks = content if isinstance(content, list) else ()
    return [
        str(block.get("tool_use_id"))
        for block in blocks
        if isinstance(block, dict) and block.get("type") == "tool_result"
    ]


def _request_id(event: dict[str, Any]) -> str:
    return str(event.get("request_id"))
