"""asciicast: what is written can be read, whatever was cut where, and what others wrote too."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.recording.cast import CastWriter
from qwen_dual.recording.cast_reader import CastReader
from qwen_dual.recording.folder import RecordingError
from qwen_dual.recording.recorded import Recorded
from tests.support.program import COMMAND

if TYPE_CHECKING:
    from pathlib import Path


def writer(path: Path) -> CastWriter:
    fd = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_WRONLY, 0o600)
    return CastWriter(fd, 80, 24, started=1.5, term="xterm")


@given(
    text=st.text(min_size=1, max_size=40),
    cuts=st.lists(st.integers(0, 160), max_size=6),
    pauses=st.lists(st.floats(0, 1000), min_size=8, max_size=8),
)
def test_output_that_is_cut_anywhere_comes_back_whole_and_at_its_time(
    tmp_path_factory: pytest.TempPathFactory, text: str, cuts: list[int], pauses: list[float]
) -> None:
    path = tmp_path_factory.getbasetemp() / "cut.cast"
    data = text.encode("utf-8", "replace")
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    made, now = writer(path), 0.0
    for begin, end, pause in zip(edges, edges[1:], pauses, strict=False):
        now += pause
        made.output(now, data[begin:end])
    made.exit(now, 3)
    made.close()
    events = list(CastReader(str(path)))
    assert "".join(event.data for event in events if event.code == "o") == data.decode()
    assert events[-1][1:] == ("x", "3")
    assert events[-1].seconds == pytest.approx(now, abs=0.0001)  # no drift, however many there are


def test_what_is_no_utf_8_is_kept_as_what_a_terminal_shows_for_it(tmp_path: Path) -> None:
    made = writer(tmp_path / "a.cast")
    made.output(0, b"a\xffb\xe2\x82")
    made.exit(1, 0)
    made.close()
    assert "".join(e.data for e in CastReader(str(tmp_path / "a.cast")) if e.code == "o") == "a�b�"


def test_a_line_that_was_cut_off_ends_it_and_a_bad_one_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.cast"
    header = {"version": 3, "term": {"cols": 80, "rows": 24}}
    rest = '\n# a comment\n[1, "o", "a"]\nnonsense\n[1, "z", "?"]\n[1, "o", "b"]\n[0.5, "o", "c'
    path.write_text(json.dumps(header) + rest)
    reader = CastReader(str(path))
    assert list(reader) == [(1.0, "o", "a"), (2.0, "z", "?"), (3.0, "o", "b")]
    assert reader.bad_lines == 1
    assert list(reader) == list(reader)


def test_version_2_counts_from_the_start(tmp_path: Path) -> None:
    path = tmp_path / "a.cast"
    path.write_text(
        '{"version": 2, "width": 90, "height": 30}\n[1.5, "o", "a"]\n[2, "r", "60x20"]\n'
    )
    reader = CastReader(str(path))
    assert (reader.header.columns, reader.header.rows) == (90, 30)
    assert [event.seconds for event in reader] == [1.5, 2.0]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{\n", "no asciicast"),
        ("{}", "no asciicast"),
        ('{"version": 1, "width": 1, "height": 1}', "no asciicast"),
        ('{"version": 2}', "no size"),
        ("\x00\x01", "no asciicast"),
        ('{"version": 3, "term": {"cols": -1, "rows": 2}}', "no size"),
    ],
)
def test_what_is_no_recording_is_said_to_be_none(tmp_path: Path, content: str, why: str) -> None:
    path = tmp_path / "a.cast"
    path.write_text(content)
    with pytest.raises(RecordingError, match=why) as caught:
        CastReader(str(path))
    assert str(path) in str(caught.value)


def test_a_full_disk_leaves_no_torn_line(tmp_path: Path) -> None:
    import resource

    path = tmp_path / "a.cast"
    made = writer(path)
    made.output(0, b"first")
    whole = path.stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    import signal

    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (whole + 20, hard))
        with pytest.raises(OSError, match="File too large"):
            made.output(1, b"x" * 500)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert path.stat().st_size == whole


@pytest.mark.parametrize("held", ["", '{"version": 3, "te'])
def test_a_recording_that_ended_before_anything_was_shown_is_no_error(
    tmp_path: Path, held: str
) -> None:
    (tmp_path / "terminal.cast").write_text(held)
    (tmp_path / "events.jsonl").write_text("")
    recorded = Recorded(str(tmp_path))
    assert recorded.cast is not None
    assert recorded.cast.empty
    assert list(recorded.cast) == []
    for command in (["replay"], ["audit"], ["replay", "--html", str(tmp_path / "a.html")]):
        done = subprocess.run(
            [*COMMAND, command[0], str(tmp_path), *command[1:]],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        if command == ["replay"]:
            assert "nothing had been shown when this recording ended" in done.stderr
