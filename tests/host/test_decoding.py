"""Bytes to events, cut anywhere, and the view on an event."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.host.channels import FileChannel
from qwen_dual.host.event import BadLine, Event
from qwen_dual.host.lines import LineDecoder
from tests.host.support import on_both, run
from tests.support.program import ROOT

EVENTS = [{"type": "user", "text": "ä②\U0001f600"}, {"type": "x", "n": [1, {"y": None}]}, {}]
NAMES = st.sampled_from(["type", "subtype", "data", "message", "event", "content", "text", "ä"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


def feed(decoder: LineDecoder, data: bytes, cuts: list[int]) -> list[Event]:
    events: list[Event] = []
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for start, end in pairwise(edges):
        events += decoder.feed(data[start:end])
    return events + decoder.finish()


@given(cuts=st.lists(st.integers(0, 500)), bom=st.booleans(), crlf=st.booleans())
def test_it_does_not_matter_where_the_bytes_are_cut(cuts: list[int], bom: bool, crlf: bool) -> None:
    newline = b"\r\n\n" if crlf else b"\n"
    data = b"".join(json.dumps(event, ensure_ascii=False).encode() + newline for event in EVENTS)
    if bom:
        data = b"\xef\xbb\xbf" + data
    events = feed(LineDecoder(), data, cuts)
    assert [event.raw for event in events] == EVENTS
    for event in events:
        line = data[event.offset : event.end].removeprefix(b"\xef\xbb\xbf")
        assert json.loads(line) == event.raw


@given(data=st.binary(max_size=300), cuts=st.lists(st.integers(0, 300)), limit=st.integers(1, 60))
def test_every_byte_is_accounted_for_whatever_comes(
    data: bytes, cuts: list[int], limit: int
) -> None:
    events = feed(LineDecoder(max_line_bytes=limit), data, cuts)
    assert [e.raw for e in events] == [
        e.raw for e in feed(LineDecoder(max_line_bytes=limit), data, [])
    ]
    position = 0
    for event in events:
        assert not data[position : event.offset].strip(b" \t\r\n\x0b\x0c")
        position = event.end
        if isinstance(event, BadLine) and event.data["code"] != "torn":
            assert event.data["bytes"] == event.end - event.offset - 1
    assert not data[position:].strip(b" \t\r\n\x0b\x0c")


@given(raw=st.dictionaries(NAMES, JSON, max_size=5))
def test_reading_an_event_never_raises(raw: dict[str, Any]) -> None:
    event = Event(raw)
    assert isinstance(event.type, str)
    assert isinstance(event.subtype, str)
    assert isinstance(event.text, str)
    assert isinstance(event.blocks, list)
    assert isinstance(event.data, dict)
    assert event.seq is None or isinstance(event.seq, int)
    assert event.session_id is None or isinstance(event.session_id, str)
    assert repr(event)


def test_what_an_event_shows() -> None:
    inner = {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "word"}}
    delta = Event({"type": "stream_event", "seq": 7, "event": inner, "new": 1})
    assert (delta.kind, delta.text, delta.seq) == ("stream_event/content_block_delta", "word", 7)
    assert (delta["new"], delta.get("newer", 2), "new" in delta) == (1, 2, True)
    assert repr(delta) == "<Event stream_event/content_block_delta seq=7>"
    blocks = [{"type": "text", "text": "a"}, {"type": "tool_use"}, {"type": "text", "text": "b"}]
    assert Event({"type": "assistant", "message": {"content": blocks}}).text == "ab"
    with pytest.raises(KeyError):
        delta["newer"]


def test_reading_that_begins_inside_a_line_says_so() -> None:
    decoder = LineDecoder(offset=10, mid_line=True)
    torn, event = decoder.feed(b'lf"}\n{"type":"x"}\n')
    assert (torn.subtype, torn.data["code"], torn.offset) == ("bad_line", "torn", 10)
    assert (event.type, event.offset, event.end) == ("x", 15, 28)


def test_the_beginning_of_a_bad_line_is_shown_and_no_more() -> None:
    (event,) = LineDecoder(max_line_bytes=1000).feed(b"x" * 5000 + b"\n")
    assert event.data["start"] == "x" * 200
    assert event.data["bytes"] == 5000
    assert event.data["message"] == "a line of 5000 bytes; the limit is 1000"


def test_importing_the_library_imports_nothing_heavy() -> None:
    code = "import sys, qwen_dual.host; print('\\n'.join(sys.modules))"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    loaded = {name.partition(".")[0] for name in out.stdout.split()}
    heavy = {"pydantic", "watchdog", "prompt_toolkit", "rich", "httpcore", "ptyprocess", "trio"}
    assert loaded.isdisjoint(heavy)


@on_both
def test_a_reader_that_is_cancelled_loses_no_event(backend: str) -> None:
    async def main() -> None:
        channel = FileChannel(1000)
        try:
            Path(channel.arguments[1]).write_text('{"type":"system","subtype":"session_end"}\n')
            with anyio.CancelScope() as scope:
                scope.cancel()
                await channel.receive()
            assert [event.subtype for event in channel.drain()] == ["session_end"]
        finally:
            channel.close()

    run(backend, main)
