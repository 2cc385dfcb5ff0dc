"""What of an input file was written after the process was made."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from qwen_dual.bridge.start_time import birth_time, is_tick, new_from, started_at
from tests.support.pty import pair

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="read from /proc")
START = 1_700_000_000.0


def written(path: Path, data: bytes, at: float) -> os.stat_result:
    path.write_bytes(data)
    os.utime(path, (at, at))
    return path.stat()


def offset(
    path: Path, data: bytes, at: float, born: float | None = START - 60, ticked: bool = False
) -> int:
    noted = written(path, data, at)
    return new_from(str(path), noted, START, lambda path: born, lambda stamp: ticked)


def test_what_was_written_before_the_start_is_old(tmp_path: Path) -> None:
    assert offset(tmp_path / "input", b"old\n", START - 0.001, ticked=True) == 4
    assert offset(tmp_path / "input", b"old\n", START) == 4


def test_what_has_the_time_of_the_start_by_a_clock_that_ticks_is_new(tmp_path: Path) -> None:
    assert offset(tmp_path / "input", b"old\nnew\n", START, ticked=True) == 4
    assert offset(tmp_path / "input", b"one\ntwo\n", START, born=START, ticked=True) == 0


@pytest.mark.parametrize("old", [b"", b"one\ntwo\n", b"x\n" * 100_000])
@pytest.mark.parametrize("new", [b"new\n", b"half", b"long" * 50_000 + b"\n"])
def test_the_last_line_is_new_if_the_file_was_written_after_the_start(
    tmp_path: Path, old: bytes, new: bytes
) -> None:
    assert offset(tmp_path / "input", old + new, START + 0.15) == len(old)


def test_a_file_that_was_made_after_the_start_is_new(tmp_path: Path) -> None:
    assert offset(tmp_path / "input", b"one\ntwo\n", START + 0.15, born=START + 0.1) == 0


def test_where_the_start_is_not_known_all_is_old(tmp_path: Path) -> None:
    found = written(tmp_path / "input", b"one\n", START)
    assert new_from(str(tmp_path / "input"), found, None) == 4


@LINUX
def test_a_process_knows_its_start_to_ten_milliseconds(tmp_path: Path) -> None:
    code = "from qwen_dual.bridge.start_time import started_at; print(started_at())"
    for _ in range(3):
        before = time.time()
        out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        # It is never before the process was made, or what is older would be taken for new.
        assert before <= float(out.stdout) <= time.time()
    own = started_at()
    assert own is not None and own < before


DIVIDE = """
import os, sys
from qwen_dual.bridge.start_time import divide, new_from
path = sys.argv[1]
print(new_from(path, os.stat(path), divide()))
"""


def offset_of_process(path: Path, write: Callable[[bytes], object]) -> int:
    """Where a process in a terminal of its own begins to read what is written once it is made."""
    with (
        pair() as terminal,
        subprocess.Popen(
            [sys.executable, "-c", DIVIDE, str(path)],
            stdin=terminal.side,
            stdout=subprocess.PIPE,
            start_new_session=True,
        ) as process,
    ):
        write(b"new\n")
        assert process.stdout is not None
        return int(process.stdout.read())


@LINUX
def test_what_a_host_writes_as_soon_as_it_has_spawned_us_is_new(tmp_path: Path) -> None:
    for number in range(4):
        path = tmp_path / str(number)
        path.write_bytes(b"old\n")
        os.utime(path, (START, START))
        with path.open("ab", buffering=0) as file:
            assert offset_of_process(path, file.write) == 4


@LINUX
def test_what_was_written_before_the_terminal_was_opened_is_old(tmp_path: Path) -> None:
    path = tmp_path / "input"
    path.write_bytes(b"old\n")
    written = time.time() - 0.02  # a few ticks of the clock that files are stamped by
    os.utime(path, (written, written))
    assert offset_of_process(path, lambda data: None) == 4


@LINUX
def test_a_tick_of_the_clock_is_told_from_an_exact_time() -> None:
    tick = time.clock_getres(5)
    now = time.clock_gettime(5)
    assert is_tick(now - 25 * tick)
    assert not is_tick(now - 25.5 * tick)


@LINUX
def test_the_time_a_file_was_made_does_not_change_with_its_contents(tmp_path: Path) -> None:
    path = tmp_path / "input"
    path.touch()
    made = birth_time(str(path))
    if made is None:
        pytest.skip("this file system does not tell")
    assert abs(made - time.time()) < 5
    os.utime(path, (0, 0))
    assert birth_time(str(path)) == made
