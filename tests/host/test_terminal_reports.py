"""What a program tells its terminal, found in its bytes however they are cut, and led back to its events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
from hypothesis import example, given
from hypothesis import strategies as st

from qwen_dual.host import (
    Event,
    MessageMarks,
    ProgramStatus,
    ScreenMark,
    TerminalReader,
    TerminalStream,
    WindowTitle,
)
from qwen_dual.host.terminal_reports import MAX_MARKS
from qwen_dual.protocol import osc
from tests.host.support import on_asyncio, real, run

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from qwen_dual.host import TerminalReport

PIECES = {
    "text \x1b[31m漢\x1b[0m\r\n": None,
    "\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\": None,
    osc.program_status("qwen-dual", "working"): ("working", None, "qwen-dual"),
    osc.program_status("a", "blocked", "auth"): ("blocked", "auth", "a"),
    "\x1b]7501;app=x:state=idle:state=done:new=1:junk\x07": ("done", None, "x"),
    "\x1b]7501;state=blocked:kind=mood\x07": ("blocked", None, ""),
    osc.STATUS_CLEAR: ("cleared", None, ""),
    "\x1b]7501;state=dancing\x07": None,
    "\x1b]7501;state=working:id=child\x07": None,
    "\x1b]7501;state=working:app=a b\x07": None,
    osc.STATUS_QUERY: None,
    osc.screen_mark(12): 12,
    "\x1b]7502;seq=-1\x07\x1b]7502;seq=\x07\x1b]7502;12\x07": None,
    "\x1b]2;a\x01title\x07": "atitle",
    "\x1b]0;other\x1b\\": "other",
    "\x1b]133;A\x07": ("cleared", None, ""),
    "\x1b]7502;seq=5\x1b[2J": None,
    "\x1b]2;" + "x" * 5000 + "\x07": None,
}


def short(report: TerminalReport) -> object:
    if isinstance(report, ProgramStatus):
        return report.state, report.kind, report.app
    return report.seq if isinstance(report, ScreenMark) else report.text


@example(list(PIECES), [])
@given(st.lists(st.sampled_from([*PIECES]), max_size=6), st.lists(st.integers(0, 300), max_size=6))
def test_reports_are_found_however_the_bytes_are_cut(pieces: list[str], cuts: list[int]) -> None:
    data = "".join(pieces).encode()
    at = sorted(min(cut, len(data)) for cut in cuts)
    reader = TerminalReader()
    found = [
        report
        for begin, end in zip([0, *at], [*at, len(data)], strict=True)
        for report in reader.feed(data[begin:end])
    ]
    assert [short(report) for report in found] == [PIECES[p] for p in pieces if PIECES[p]]
    assert reader.offset == len(data)
    assert all(data[report.at - 1 : report.at] in (b"\x07", b"\\") for report in found)


def test_what_has_no_end_is_not_kept_and_costs_nothing_over_and_over() -> None:
    reader = TerminalReader()
    for _ in range(2000):
        assert reader.feed(b"\x1b]7501;" + b"x" * 1000) == []
    assert reader.feed(b"\x07\x1b]2;t\x07") == [WindowTitle("t", reader.offset)]


def event(kind: str, seq: int, **more: object) -> Event:
    return Event({"type": kind, "seq": seq, **more})


def test_an_event_leads_to_its_mark_and_a_place_back_to_its_event() -> None:
    marks = MessageMarks()
    begin = {"event": {"type": "content_block_start"}}
    told = [
        event("user", 2),
        event("stream_event", 5, **begin),
        event("stream_event", 6, parent_tool_use_id="agent", **begin),
        event("assistant", 9),
        event("assistant", 10, parent_tool_use_id="agent"),
    ]
    for one in told:
        marks.take_event(one)
    assert marks.mark_of(told[3]) is None
    painted = [ScreenMark(0, 10), ScreenMark(2, 100), ScreenMark(5, 200), ScreenMark(5, 300)]
    for mark in [*painted, ScreenMark(0, 400)]:
        marks.take_mark(mark)
    assert marks.mark_of(told[0]) == ScreenMark(2, 100)
    assert marks.mark_of(told[3]) == ScreenMark(5, 200)
    assert marks.mark_of(told[4]) is None
    assert [marks.seq_at(at) for at in (5, 50, 150, 250, 350, 450)] == [0, 0, 2, 5, 5, 0]


def test_marks_are_bounded() -> None:
    marks = MessageMarks()
    for seq in range(1, MAX_MARKS + 100):
        marks.take_mark(ScreenMark(seq, seq))
    assert marks.mark_of(event("user", 50)) is None
    assert marks.mark_of(event("user", MAX_MARKS)) == ScreenMark(MAX_MARKS, MAX_MARKS)


def test_every_reader_gets_each_report_to_the_end() -> None:
    async def main() -> None:
        stream = TerminalStream()
        one, other = stream.reports(), stream.reports()
        stream.put(b"\x1b]2;title\x07\x1b]7501;state=working")
        stream.put(b"\x07\x1b]7501;?\x07")
        assert stream.asks_for_status()
        assert not stream.asks_for_status()
        assert stream.status == ProgramStatus("working", stream.painted - 9)
        stream.put(b"\x1b]7501;state=clear\x07")
        assert [stream.status, stream.title] == [None, "title"]
        stream.end()
        assert [short(r) async for r in one] == [short(r) async for r in other]

    anyio.run(main)


@on_asyncio
def test_a_host_that_says_so_is_told_what_the_session_does(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")

    async def main() -> None:
        async with real(tmp_path, program_status=True) as session:
            said = list[str]()
            reports = session.terminal.reports()
            turn = await session.submit("say 3 words")
            async for report in reports:
                said += [report.state] if isinstance(report, ProgramStatus) else []
                if said[-1:] == ["done"]:
                    break
            await turn.result()
            assert session.terminal.title == "✓ work · qwen-dual"
        assert session.terminal.status is None
        assert session.terminal.title == ""

    run(backend, main)


def test_of_a_piece_that_is_more_than_may_wait_its_end_stays() -> None:
    async def main() -> None:
        stream = TerminalStream(10)
        stream.put(b"0123456789abcdef")
        stream.put(b"gh")
        stream.end()
        assert b"".join([piece async for piece in stream]) == b"gh"
        assert stream.dropped == 16
        stream = TerminalStream(10)
        stream.put(b"0123456789abcdef")
        stream.end()
        assert b"".join([piece async for piece in stream]) == b"6789abcdef"
        assert stream.dropped == 6

    anyio.run(main)
