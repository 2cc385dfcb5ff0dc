"""The queue behind an output: what is dropped, what is told, what is put back."""

from __future__ import annotations

import json
import time
import tracemalloc
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from qwen_dual.bridge.backlog import LINE_OVERHEAD, Backlog


def line_of(seq: int, size: int) -> bytes:
    return b'{"seq":%d,"x":"%s"}\n' % (seq, b"x" * size)


def gap_of(first: int, last: int) -> bytes:
    return b'{"gap":[%d,%d]}\n' % (first, last)


def take_all(backlog: Backlog) -> list[dict[str, Any]]:
    data = b""
    while chunk := backlog.chunk():
        data += chunk
        backlog.advance(len(chunk))
    return [json.loads(line) for line in data.splitlines()]


def test_when_full_the_oldest_deltas_go_first_then_the_oldest_others() -> None:
    backlog = Backlog(6 * (LINE_OVERHEAD + 20), gap_of)
    for seq, delta in [(1, False), (2, True), (3, False), (4, True), (5, False), (6, False)]:
        backlog.add(seq, line_of(seq, 0), delta=delta, protected=seq == 1)
        backlog.make_room()
    for seq, expected in ((7, [2]), (8, [2, 4]), (9, [2, 4, 3])):
        backlog.add(seq, line_of(seq, 0))
        backlog.make_room()
        assert [lost for lost in expected if lost in backlog] == []
        assert backlog.dropped == len(expected)
    seen = [line.get("seq") or line["gap"] for line in take_all(backlog)]
    assert seen == [1, [2, 4], 5, 6, 7, 8, 9]


def test_a_huge_line_does_not_drive_out_all_others() -> None:
    backlog = Backlog(10_000, gap_of)
    for seq in range(1, 6):
        backlog.add(seq, line_of(seq, 100))
        backlog.make_room()
    backlog.add(6, line_of(6, 100_000))
    backlog.make_room()
    assert [line["seq"] for line in take_all(backlog)] == [1, 2, 3, 4, 5, 6]


def test_a_started_line_is_finished_whatever_comes() -> None:
    backlog = Backlog(2_000, gap_of)
    backlog.add(1, line_of(1, 500))
    backlog.advance(len(backlog.chunk()) - 10)
    for seq in range(2, 100):
        backlog.add(seq, line_of(seq, 100), delta=True)
        backlog.make_room()
    assert bytes(backlog.chunk()) == line_of(1, 500)[-10:]


def test_a_hundred_thousand_events_without_a_reader_cost_bounded_time_and_memory() -> None:
    backlog = Backlog(200_000, gap_of)
    tracemalloc.start()
    began = time.process_time()
    for seq in range(1, 100_001):
        backlog.add(seq, line_of(seq, 20), delta=seq % 10 != 0, protected=seq == 1)
        if backlog.full:
            backlog.make_room()
    spent = time.process_time() - began
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert spent < 10
    assert size < 600_000
    lines = take_all(backlog)
    assert lines[0] == {"seq": 1, "x": "x" * 20}
    told = sum(line["gap"][1] - line["gap"][0] + 1 for line in lines if "gap" in line)
    assert told == backlog.dropped == 100_000 - sum("seq" in line for line in lines)


@given(st.integers(1, 30), st.integers(0, 3_000))
def test_what_a_reader_left_unread_is_sent_again_from_a_whole_line(count: int, unread: int) -> None:
    backlog = Backlog(100_000, gap_of)
    for seq in range(1, count + 1):
        backlog.add(seq, line_of(seq, seq))
    sent = b""
    while chunk := backlog.chunk():
        sent += chunk
        backlog.advance(len(chunk))
    read = sent[: max(0, len(sent) - unread)]
    whole = [json.loads(line)["seq"] for line in read.split(b"\n")[:-1]]
    backlog.rewind(min(unread, len(sent)))
    again = [line["seq"] for line in take_all(backlog)]
    assert whole + again == list(range(1, count + 1))


class Readers(RuleBasedStateMachine):
    """Any events, capacities, write sizes and losses of readers, against what must be seen."""

    def __init__(self) -> None:
        super().__init__()
        self.backlog = Backlog(3_000, gap_of, keep_bytes=400)
        self.seq = 0
        self.protected: set[int] = set()
        self.reader = b""
        self.seen: list[int] = []  # by readers before this one, whole lines and gaps
        self.gaps: list[int] = []

    @rule(size=st.integers(0, 200), kind=st.sampled_from(["delta", "other", "protected"]))
    def add(self, size: int, kind: str) -> None:
        self.seq += 1
        if kind == "protected":
            self.protected.add(self.seq)
        self.backlog.add(
            self.seq, line_of(self.seq, size), delta=kind == "delta", protected=kind == "protected"
        )
        self.backlog.make_room()

    @rule(count=st.integers(0, 500))
    def write(self, count: int) -> None:
        taken = self.backlog.chunk()[:count]
        self.reader += taken
        self.backlog.advance(len(taken))

    @precondition(lambda self: self.protected)
    @rule(data=st.data())
    def resolve(self, data: st.DataObject) -> None:
        seq = data.draw(st.sampled_from(sorted(self.protected)))
        self.protected.discard(seq)
        self.backlog.unprotect(seq)

    @rule(unread=st.integers(0, 400))
    def reader_leaves(self, unread: int) -> None:
        unread = min(unread, len(self.reader))
        self._close_reader(self.reader[: len(self.reader) - unread])
        self.backlog.rewind(unread)

    def _close_reader(self, data: bytes) -> None:
        for line in data.split(b"\n")[:-1]:
            value = json.loads(line)
            if "gap" in value:
                first, last = value["gap"]
                numbers = list(range(first, last + 1))
                self.gaps += numbers
            else:
                numbers = [value["seq"]]
            assert numbers
            assert numbers[0] == (self.seen[-1] + 1 if self.seen else 1)
            self.seen += numbers
        self.reader = b""

    @invariant()
    def bounded(self) -> None:
        waiting = len(self.protected) * 400 + 3_000 + 65_536
        assert self.backlog.waiting_bytes <= waiting

    def teardown(self) -> None:
        while chunk := self.backlog.chunk():
            self.reader += chunk
            self.backlog.advance(len(chunk))
        self._close_reader(self.reader)
        assert self.seen == list(range(1, self.seq + 1))
        assert self.protected.isdisjoint(self.gaps)


TestReaders = Readers.TestCase
TestReaders.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
