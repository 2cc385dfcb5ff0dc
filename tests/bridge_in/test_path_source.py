"""What a path source does when its file is cut, replaced, refused or fails; step by step."""

from __future__ import annotations

import errno
import os
import select
from typing import TYPE_CHECKING

import pytest

from qwen_dual.bridge.opened import CHUNK, HELD
from qwen_dual.bridge.path_source import PathSource
from tests.bridge_in.files import NOTHING, Clock, Opened, replace, rewrite
from tests.bridge_in.inputs import append, drain

if TYPE_CHECKING:
    from pathlib import Path


def test_only_what_follows_the_start_offset_is_read(path: Path, opened: Opened) -> None:
    rewrite(path, b"old\n")
    source = opened(PathSource(str(path), start_offset=4))
    assert drain(source) == NOTHING
    append(path, b"new\n")
    assert drain(source) == ([b"new"], [], [])
    assert (source.kind, source.state, source.offset) == ("file", "open", 8)


def test_a_line_that_began_before_the_start_offset_is_not_run(path: Path, opened: Opened) -> None:
    rewrite(path, b"old\nhalf")
    source = opened(PathSource(str(path), start_offset=8))
    append(path, b" done\nnew\n")
    assert drain(source) == ([b"new"], ["incomplete"], [])


def test_a_file_smaller_than_the_start_offset_was_replaced(path: Path, opened: Opened) -> None:
    rewrite(path, b"new\n")
    source = opened(PathSource(str(path), start_offset=100))
    assert drain(source) == ([b"new"], [], [])


def test_a_file_other_than_the_one_measured_is_read_from_its_beginning(
    path: Path, opened: Opened
) -> None:
    rewrite(path, b"old\n")
    found = path.stat()
    replace(path, b"one\ntwo\n")
    identity = (found.st_dev, found.st_ino)
    source = opened(PathSource(str(path), start_offset=4, start_identity=identity))
    assert drain(source) == ([b"one", b"two"], [], [])


def test_a_file_that_appears_later_is_read_from_its_beginning(path: Path, opened: Opened) -> None:
    source = opened(PathSource(str(path)))
    assert (source.kind, source.state) == ("missing", "waiting")
    assert drain(source) == NOTHING
    append(path, b"first\n")
    assert drain(source) == ([b"first"], [], [])


@pytest.mark.parametrize("fresh", [b"", b"x\n", b"one\nnew\n", b"a longer line than before\nx\n"])
def test_a_file_that_stays_empty_for_a_while_begins_anew(
    path: Path, opened: Opened, fresh: bytes
) -> None:
    clock = Clock()
    rewrite(path, b"one\ntwo\n")
    source = opened(PathSource(str(path), now=clock))
    assert drain(source) == ([b"one", b"two"], [], [])
    os.truncate(path, 0)
    assert drain(source) == NOTHING
    clock.seconds += 3
    append(path, fresh)
    assert drain(source)[0] == fresh.splitlines()


def test_a_file_written_anew_with_more_than_before_is_noticed(path: Path, opened: Opened) -> None:
    rewrite(path, b"one\n")
    source = opened(PathSource(str(path)))
    drain(source)
    rewrite(path, b"two\nthree\n")
    assert drain(source) == ([b"two", b"three"], [], [])


def test_lines_that_a_cut_left_in_place_are_not_run_again(path: Path, opened: Opened) -> None:
    rewrite(path, b"one\ntwo\nthree\n")
    source = opened(PathSource(str(path)))
    drain(source)
    os.truncate(path, 6)
    append(path, b"x\nfour\nfive\n")
    assert drain(source) == ([b"twx", b"four", b"five"], [], [])


def test_a_cut_in_a_long_file_repeats_nothing(path: Path, opened: Opened) -> None:
    rewrite(path, b"".join(b"command %06d\n" % number for number in range(20_000)))
    source = opened(PathSource(str(path)))
    lines, _codes, _warnings = drain(source)
    assert lines == [b"command %06d" % number for number in range(20_000)]
    assert source.offset > 3 * max(CHUNK, HELD)
    os.truncate(path, source.offset - 15 * 1000 - 3)
    append(path, b"\nnew\n")
    assert drain(source)[0] == [b"command 0189", b"new"]


def test_a_long_file_written_anew_is_read_from_its_beginning(path: Path, opened: Opened) -> None:
    # ten bytes a line: what is kept of the old file begins inside a line, where both look alike
    rewrite(path, b"1-command\n" * 20_000)
    source = opened(PathSource(str(path)))
    drain(source)
    rewrite(path, b"2-command\n" * 20_001)
    assert drain(source)[0] == [b"2-command"] * 20_001


def test_the_old_file_is_read_to_its_end_before_the_new_one(path: Path, opened: Opened) -> None:
    rewrite(path, b"one\n")
    source = opened(PathSource(str(path)))
    drain(source)
    append(path, b"two\nhalf")
    replace(path, b"three\n")
    assert drain(source) == ([b"two", b"three"], ["incomplete"], [])


def test_a_deleted_file_is_read_until_another_takes_its_place(path: Path, opened: Opened) -> None:
    rewrite(path, b"one\n")
    source = opened(PathSource(str(path)))
    drain(source)
    with path.open("ab", buffering=0) as writer:
        path.unlink()
        writer.write(b"two\n")
        assert drain(source) == ([b"two"], [], [])
        writer.write(b"three\n")
        append(path, b"four\n")
        assert drain(source) == ([b"three", b"four"], [], [])


def test_a_fifo_and_a_file_may_take_each_others_place(path: Path, opened: Opened) -> None:
    source = opened(PathSource(str(path)))
    os.mkfifo(path, 0o600)
    assert drain(source) == NOTHING
    append(path, b"one\n")
    append(path, b"two\n")
    assert drain(source) == ([b"one", b"two"], [], [])
    assert source.pollable_fd is not None
    replace(path, b"three\n")
    assert drain(source) == ([b"three"], [], [])
    assert source.pollable_fd is None


def test_nothing_is_lost_or_run_twice_after_an_io_error(path: Path, opened: Opened) -> None:
    failures = 0

    def pread(fd: int, size: int, offset: int) -> bytes:
        nonlocal failures
        if failures:
            failures -= 1
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return os.pread(fd, size, offset)

    source = opened(PathSource(str(path), pread=pread))
    append(path, b"one\nha")
    assert drain(source)[0] == [b"one"]
    append(path, b"lf\ntwo\n")
    failures = 3
    assert drain(source)[2] == [f"{path}: cannot be read: Input/output error; trying again"]
    assert source.unsettled
    assert drain(source) == NOTHING == drain(source)
    assert drain(source) == ([b"half", b"two"], [], [])
    assert not source.unsettled


def test_a_writer_of_a_fifo_that_leaves_inside_a_line_spoils_nobody_elses(
    path: Path, opened: Opened
) -> None:
    os.mkfifo(path, 0o600)
    source = opened(PathSource(str(path)))
    for _ in range(3):
        append(path, b"one\nha")
        assert drain(source) == ([b"one"], ["incomplete"], [])
        append(path, b"two\n")
        assert drain(source) == ([b"two"], [], [])
    assert source.pollable_fd is not None
    assert select.select([source.pollable_fd], [], [], 0)[0] == []
    with path.open("wb", buffering=0) as staying:
        staying.write(b"thr")
        assert drain(source) == NOTHING
        append(path, b"ee\n")
        assert drain(source) == ([b"three"], [], [])
    path.unlink()
    assert drain(source) == NOTHING
    assert select.select([source.pollable_fd], [], [], 0)[0] == []
