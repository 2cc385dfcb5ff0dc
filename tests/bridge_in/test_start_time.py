"""What of an input file was written after the process was made."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from qwen_dual.bridge.start_time import birth_time, new_from, started_at

if TYPE_CHECKING:
    from pathlib import Path

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="read from /proc")
START = 1_700_000_000.0


def written(path: Path, data: bytes, at: float) -> os.stat_result:
    path.write_bytes(data)
    os.utime(path, (at, at))
    return path.stat()


def offset(path: Path, data: bytes, at: float, born: float | None = START - 60) -> int:
    return new_from(str(path), written(path, data, at), START, lambda path: born)


def test_what_was_written_before_the_start_is_old(tmp_path: Path) -> None:
    assert offset(tmp_path / "input", b"old\n", START - 0.001) == 4
    assert offset(tmp_path / "input", b"old\n", START) == 4


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
