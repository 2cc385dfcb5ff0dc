"""Server-sent events: the same events wherever the bytes are cut, and an end to what has none."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.core.models.model import ModelError
from qwen_dual.models import sse
from qwen_dual.models.sse import EventReader

STREAM = (
    "\ufeff: hello\r\n\r\n"
    "event: first\r\ndata: naïve 🦊\r\n\r\n"
    "data: two\ndata:lines\n\n"
    "event: without data\n\n"
    "id: 1\nretry: 5\n\n"
    "data: plain\n\n"
    "data: \n\n"
    "data: and plain\n\n"
    "data\rdata: old\r\r"
    "data: plain after old\n\n"
    "data: unended"
).encode()
EVENTS = [
    ("first", "naïve 🦊"),
    ("message", "two\nlines"),
    ("message", "plain"),
    ("message", "and plain"),
    ("message", "\nold"),
    ("message", "plain after old"),
    ("message", "unended"),
]


def read(*pieces: bytes) -> list[tuple[str, str]]:
    reader = EventReader()
    events = [event for piece in pieces for event in reader.feed(piece)]
    return [
        (event.event, event.data.decode("utf-8", "replace"))
        for event in [*events, *reader.end()]
        if event is not None
    ]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_events_are_the_same_wherever_the_bytes_are_cut(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[start:end] for start, end in pairwise(places)]
    assert read(*pieces) == EVENTS


def test_bytes_that_are_no_text_do_no_harm() -> None:
    assert read(b"data: a\xffb\n\n") == [("message", "a\ufffdb")]


def test_an_event_without_an_end_is_refused() -> None:
    reader = EventReader()
    piece = b"x" * (sse.MAX_EVENT_BYTES // 4)
    with pytest.raises(ModelError) as caught:
        for _ in range(5):
            list(reader.feed(piece))
    assert caught.value.kind == "malformed"


def test_the_line_of_a_long_event_is_put_together_in_a_step_of_its_own() -> None:
    reader = EventReader()
    assert list(reader.feed(b"data: " + b"x" * sse.LONG_BYTES)) == []
    steps = list(reader.feed(b"x\n\ndata: y\n\n"))
    assert [step and len(step.data) for step in steps] == [None, sse.LONG_BYTES + 1, 1]
    assert None not in reader.feed(b"data: z\n\n")


def test_megabytes_of_one_line_are_copied_no_second_time() -> None:
    piece, count = b"x" * 65_536, 64
    reader = EventReader()
    tracemalloc.start()
    try:
        list(reader.feed(b"data: "))
        for _ in range(count):
            list(reader.feed(piece))
        *_, event = reader.feed(b"\n\n")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert event is not None
    assert event.data == piece * count
    assert peak < 1.5 * len(piece) * count
