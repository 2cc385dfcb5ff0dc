"""From a message to its line: each block in the scrollback has its event's number, once and for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qwen_dual.host import Event, MessageMarks, ScreenMark
from tests.support.osc import oscs
from tests.support.program import Program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyte

SIZES = [(24, 80), (10, 30), (40, 120), (24, 80)]


def marks_in(program: Program) -> list[int]:
    """The numbers of all marks so far, in the order of painting."""
    raw = bytes(program.terminal.raw)
    found = oscs(raw[: raw.rfind(b"\x1b\\") + 2])
    return [int(osc.text.removeprefix("seq=")) for osc in found if osc.number == "7502"]


def rows(screen: pyte.HistoryScreen) -> Iterator[str]:
    for row in [*screen.history.top, *(screen.buffer[y] for y in range(screen.lines))]:
        yield "".join(row[x].data for x in range(screen.columns)).rstrip()


def lines_by_mark(program: Program) -> dict[int, str]:
    """What stands in the row of each event's first mark, as an emulator of a host sees it."""
    import pyte

    raw, at = bytes(program.terminal.raw), 0
    screen = pyte.HistoryScreen(80, 24, history=10_000)
    stream, places = pyte.ByteStream(screen), dict[int, int]()
    for osc in oscs(raw):
        if osc.number == "7502":
            stream.feed(raw[at : osc.at])
            at = osc.at
            places.setdefault(int(osc.text[4:]), len(screen.history.top) + screen.cursor.y)
    stream.feed(raw[at:])
    shown = list(rows(screen))
    return {seq: shown[row] for seq, row in places.items()}


def test_each_message_leads_to_its_line(tmp_path: Path) -> None:
    with Program(tmp_path, ["--offline", "--screen-marks"]) as program:
        program.ready()
        for number, prompt in enumerate(["list", "say 300 words", "/nope", "run touch x"], 1):
            program.submit(prompt)
            if prompt.startswith("run"):
                program.answer(program.request(), True)
            program.result(number)
        program.quit()
        events = [Event(event) for event in program.refresh()]
        at = lines_by_mark(program)
        marks = MessageMarks()
        for seq in at:
            marks.take_mark(ScreenMark(seq, seq))
        for event in events:
            marks.take_event(event)
        found = {}
        for event in events:
            if (mark := marks.mark_of(event)) is not None:
                found[event.seq] = (event.kind, at[mark.seq])
        shown = list(found.values())
        prompts = [line for kind, line in shown if kind == "user" and line.startswith(">")]
        assert prompts == [
            f"> {text}  ⇄ remote" for text in ("list", "say 300 words", "run touch x")
        ]
        assert ("system/slash_command", "> /nope  ⇄ remote") in shown
        assert [line[:6] for kind, line in shown if kind == "user" and line[0] == "✓"] == [
            *("✓ List", "✓ Shel")
        ]
        answers = [line for kind, line in shown if kind == "assistant"]
        assert len(answers) == 5
        assert all(line.startswith("✦ ") for line in answers)
        assert any(kind == "control_response" for kind, _ in shown)


def test_a_mark_comes_once_whatever_happens_to_the_window(tmp_path: Path) -> None:
    with Program(tmp_path, ["--offline", "--screen-marks"]) as program:
        program.ready().submit("say 200 words")
        program.result()
        program.terminal.wait_for(lambda _: len(set(marks_in(program))) >= 3)
        before = marks_in(program)
        for size in SIZES:
            program.terminal.resize(*size)
            program.terminal.send("\x0ca\x7f")
        program.submit("list")
        program.result(2)
        program.quit()
        after = marks_in(program)
        assert after[: len(before)] == before
        numbers = [seq for seq in after if seq]
        assert numbers == sorted(numbers)
        begun = {event["seq"] for event in program.of("stream_event")}
        repeated = {seq for seq in numbers if numbers.count(seq) > 1}
        assert repeated <= begun  # the parts of an answer, one after another


def test_what_is_of_another_stream_leads_to_no_event_of_this_one(tmp_path: Path) -> None:
    with Program(tmp_path, ["--offline", "--screen-marks"]) as program:
        program.ready().submit("say 3 words")
        program.result()
        program.quit()
    (tmp_path / "events.jsonl").unlink()
    with Program(tmp_path, ["--offline", "--screen-marks", "--continue"]) as program:
        program.terminal.wait_for("say 3 words")
        program.ready()
        program.quit()
        seqs = {event["seq"] for event in program.refresh()}
        marks = marks_in(program)
        assert marks[:3] == [0, 0, 0]
        assert set(marks) - {0} <= seqs


@pytest.mark.parametrize("arguments", [["-p", "say 3 words", "--screen-marks"], []])
def test_without_a_screen_or_the_flag_there_are_none(tmp_path: Path, arguments: list[str]) -> None:
    with Program(tmp_path, ["--offline", *arguments], output=[]) as program:
        if not arguments:
            program.ready()
            program.quit()
        assert program.terminal.wait_exit() == 0
        assert b"7502" not in program.terminal.raw
