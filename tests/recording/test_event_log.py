"""Events are kept as they came, and it is known which came when."""

from __future__ import annotations

import json
import os
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.recording.event_log import EventLog
from qwen_dual.recording.folder import EVENTS, INDEX, META, NewRecording, RecordingError
from qwen_dual.recording.recorded import Recorded

if TYPE_CHECKING:
    from pathlib import Path


def event(seq: int, kind: str, **more: Any) -> bytes:
    return json.dumps({"type": kind, "seq": seq, **more}, separators=(",", ":")).encode() + b"\n"


STREAM = b"".join(
    [
        event(1, "system", subtype="session_start", data={"session_id": "s", "model": "m"}),
        event(2, "user", message={"content": [{"type": "text", "text": "Grüße"}]}),
        *[
            event(seq, "stream_event", event={"type": "x", "text": "é" * seq})
            for seq in range(3, 20)
        ],
        event(20, "control_request", request_id="r"),
        b"no json\n",
        event(21, "user", message={"content": [{"type": "tool_result"}]}),
        event(22, "system", subtype="gap", data={"dropped": 4}),
        event(23, "result", result="done"),
    ]
)


def log(folder: Path) -> EventLog:
    flags = os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_WRONLY
    return EventLog(os.open(folder / EVENTS, flags), os.open(folder / INDEX, flags))


@given(cuts=st.sets(st.integers(1, len(STREAM) - 1), max_size=12))
def test_lines_that_are_cut_anywhere_are_kept_byte_for_byte_with_their_moments(
    tmp_path_factory: pytest.TempPathFactory, cuts: set[int]
) -> None:
    folder = tmp_path_factory.getbasetemp() / "log"
    folder.mkdir(exist_ok=True)
    (folder / META).write_text("{}")
    made, marks = log(folder), []
    edges = [0, *sorted(cuts), len(STREAM)]
    for moment, (begin, end) in enumerate(pairwise(edges)):
        marks += made.take(moment, STREAM[begin:end])
    made.close()
    assert (folder / EVENTS).read_bytes() == STREAM
    assert [str(mark) for mark in marks] == [
        "seq=2 user",
        "seq=20 control_request",
        "seq=21 tool",
        "seq=23 result",
    ]
    assert made.start == {"session_id": "s", "model": "m"}
    assert made.lost == 4
    # A line is of the moment at which its end came.
    ends = [at + 1 for at, byte in enumerate(STREAM) if byte == 10]
    moments = [next(n for n, edge in enumerate(edges[1:]) if edge >= end) for end in ends]
    found = list(Recorded(str(folder)).lines())
    assert [line.seconds for line in found] == moments
    assert b"".join(line.line for line in found) == STREAM


def test_the_index_says_which_numbers_came_at_once(tmp_path: Path) -> None:
    made = log(tmp_path)
    made.take(1.5, STREAM)
    made.close()
    [entry] = [json.loads(line) for line in (tmp_path / INDEX).read_text().splitlines()]
    assert entry == {"t": 1.5, "offset": 0, "lines": 24, "from_seq": 1, "to_seq": 23}


def test_a_line_that_was_never_ended_is_kept_at_the_end(tmp_path: Path) -> None:
    made = log(tmp_path)
    made.take(0, STREAM + b'{"half"')
    assert (tmp_path / EVENTS).read_bytes() == STREAM  # whole, were it killed now
    made.finish(1)
    made.close()
    assert (tmp_path / EVENTS).read_bytes() == STREAM + b'{"half"\n'


def test_a_search_finds_where_something_is_said_next(tmp_path: Path) -> None:
    (tmp_path / META).write_text("{}")
    made = log(tmp_path)
    for moment, line in enumerate(STREAM.splitlines(keepends=True)):
        made.take(moment, line)
    made.close()
    recorded = Recorded(str(tmp_path))
    assert recorded.find("grüße", after=-1) == 1
    assert recorded.find("GRÜSSE", after=-1) is None
    assert recorded.find("done", after=1) == 23
    assert recorded.find("done", after=23) is None


def test_a_recording_is_private_and_takes_no_others_place(tmp_path: Path) -> None:
    where = tmp_path / "a" / "b"
    made = NewRecording(str(where))
    made.describe({"command": ["x"]})
    assert where.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in where.iterdir()} == {0o600}
    with pytest.raises(RecordingError, match=r"terminal\.cast is there already"):
        NewRecording(str(where))
    os.chmod(tmp_path, 0o777)
    with pytest.raises(RecordingError, match="can be written"):
        NewRecording(str(tmp_path))
