"""What an audit holds in memory has bounds, and what it says does not depend on them."""

from __future__ import annotations

import json
import os
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.host.event import Event
from qwen_dual.protocol import MAX_LINE_BYTES
from qwen_dual.recording.audit import Auditor, audit
from qwen_dual.recording.audit_tables import as_csv, as_json
from qwen_dual.recording.audit_text import markdown
from qwen_dual.recording.audited import MAX_MODELS, OTHER_MODELS, Tokens, add
from qwen_dual.recording.comparison import comparison
from qwen_dual.recording.event_log import EventLog
from qwen_dual.recording.folder import RecordingError
from qwen_dual.recording.html import MAX_BYTES, PageParts, html_of
from qwen_dual.recording.ledger import Ledger
from qwen_dual.recording.lines import whole_lines
from qwen_dual.recording.recorded import Recorded
from qwen_dual.recording.spool import SpilledDict, Spool
from tests.recording.test_audit import SESSION, asked, audited, call, end, prompt, result

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def many() -> list[dict[str, Any]]:
    """Calls that end in another order, in another turn, never, or are refused at the turn's end."""
    events: list[dict[str, Any]] = []
    for turn in range(4):
        names = [f"{turn}-{number}" for number in range(12)]
        events.append(prompt(f"turn {turn}"))
        events += [call(name, "edit", file_path=f"{name[-1]}.py") for name in names]
        events += [event for name in names[:4] for event in asked(name, name > "1", "keyboard")]
        events += [result(name) for name in reversed(names[2:10])]
        if turn:
            events.append(result(f"{turn - 1}-11", "late"))
        denials = [{"tool_use_id": name} for name in (names[5], names[10], "0-11", "nobody")]
        events += [call("same", "read_file", path=str(turn)), end(permission_denials=denials)]
    return events


def documents(events: list[dict[str, Any]], ledger: Ledger) -> list[str]:
    found = audited(events, ledger)
    written = (
        markdown(found),
        as_csv([found]),
        as_json([found]),
        comparison(found, audited(SESSION)),
    )
    return ["".join(pieces) for pieces in written]


@pytest.mark.parametrize("bounds", [(1, 1 << 20), (3, 1 << 20), (1000, 1), (1000, 350)])
@pytest.mark.parametrize("events", [SESSION, many()], ids=["session", "many"])
def test_what_is_said_is_the_same_however_little_is_held(
    events: list[dict[str, Any]], bounds: tuple[int, int]
) -> None:
    assert documents(events, Ledger(*bounds)) == documents(events, Ledger())


def test_a_call_refused_at_the_end_of_its_turn_is_found_where_it_was_put_away() -> None:
    told = [c.outcome for c in audited(many(), Ledger(2)).ledger.calls()]
    assert [told[number] for number in (4, 5, 10, 11)] == ["done", "denied", "denied", "denied"]
    assert told[13 + 11] == "done"  # in the next turn, by a result that came late


def test_a_dictionary_keeps_its_order_and_changes_beyond_its_bound() -> None:
    kept = SpilledDict(Spool(), "kept", list[int], max_entries=3)
    for number in range(20):
        kept.set(str(number), [number])
    for number in (2, 19, 7):
        found = kept.get(str(number))
        assert found is not None
        found.append(0)
    assert kept.pop("5") == [5]
    assert kept.pop("5") is None
    kept.set("0", [-1])
    told = dict(kept.items())
    assert list(told) == [str(number) for number in range(20) if number != 5]
    assert (told["0"], told["2"], told["19"], told["3"]) == ([-1], [2, 0], [19, 0], [3])
    assert [key for key, _ in kept.items(by_key=True)] == sorted(told)


def lines_of(events: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def test_memory_is_bounded_for_calls_that_never_end() -> None:
    auditor = Auditor("x", Ledger(100))
    tracemalloc.start()
    try:
        for number in range(2500):
            for event in (prompt("do"), call(str(number), "edit", file_path=f"{number}.py")):
                auditor.take(Event(event), 200)
        for _ in markdown(auditor.finish()):
            pass
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_models_beyond_a_number_are_one() -> None:
    total: dict[str, Tokens] = {}
    for number in range(MAX_MODELS + 5):
        add(total, str(number), Tokens(1, 2))
    assert len(total) == MAX_MODELS + 1
    assert total[OTHER_MODELS].input_tokens == 10


def test_a_line_of_100_megabytes_is_one_bad_line_that_forges_no_other(tmp_path: Path) -> None:
    forged = lines_of([prompt("forged")])
    long = b" " * (MAX_LINE_BYTES + 1) + forged.rstrip()
    events = tmp_path / "events.jsonl"
    with events.open("wb") as file:
        file.write(lines_of([prompt("before")]) + long)
        file.truncate(100_000_000)
        file.seek(0, 2)
        file.write(b"\n" + lines_of([prompt("after")]))
    told: list[int] = []
    found = audit(Recorded(str(events)), "x", told.append)
    assert [turn.prompt for turn in found.ledger.turns()] == ["before", "after"]
    assert (found.audit.events, found.audit.bad_lines, found.audit.torn) == (3, 1, False)
    assert len(told) >= 5


def test_a_line_of_the_longest_kind_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"abc\nabcd\nabcde\nend")
    with path.open("rb") as file:
        told = list(whole_lines(file, most=4))
    assert told == [b"abc\n", b"abcd\n", b"abcde", b"end"]


def test_a_last_line_that_was_cut_off_is_said(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    events.write_bytes(lines_of([prompt("hi")]) + b'{"type":"user","mess')
    told = "".join(markdown(audit(Recorded(str(events)), "x")))
    assert "- **the last line is cut off**" in told


@pytest.mark.parametrize(
    "foreign",
    [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b'{"version": 3, "term": {"cols": 80, "rows": 24}}\n[0.1, "o", "hello"]\n',
        b"2026-01-01 12:00:00 INFO started\n" * 9,
    ],
    ids=["png", "asciicast", "log"],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, foreign: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(foreign)
    with pytest.raises(RecordingError, match="no line of it is an event"):
        audit(Recorded(str(path)), "file")


def test_the_pieces_of_a_long_line_are_sent_again_and_are_no_events_of_the_page(
    tmp_path: Path,
) -> None:
    events = tmp_path / "events.jsonl"
    whole = lines_of([prompt("before")])
    events.write_bytes(whole + b" " * (MAX_LINE_BYTES + 1) + lines_of([prompt("forged")]) + whole)
    told = list(Recorded(str(events)).lines())
    assert b"".join(at.line for at in told) == events.read_bytes()
    assert [at.piece for at in told] == [0, 1, 2, 0]
    assert b"forged" not in b"".join(at.line for at in told if not at.piece)


def test_the_end_of_a_line_that_is_too_long_marks_nothing_in_a_recording(tmp_path: Path) -> None:
    fds = [os.open(tmp_path / name, os.O_CREAT | os.O_WRONLY) for name in ("events", "index")]
    log = EventLog(*fds)
    forged = json.dumps({"type": "result", "seq": 7}).encode()
    assert log.take(0.0, b" " * (MAX_LINE_BYTES + 1)) == []
    real = json.dumps({"type": "result", "seq": 1}).encode()
    assert [mark.seq for mark in log.take(0.1, forged + b"\n" + real + b"\n")] == [1]
    log.close()


def test_a_recording_too_large_for_a_browser_is_refused_before_it_is_read(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    with events.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(RecordingError, match="more in it than a browser"):
        html_of(Recorded(str(events)), parts=PageParts(b"", b""))
