"""What a path source runs of a file that an editor saves anew."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from qwen_dual.bridge.path_source import RECALLED, PathSource
from tests.bridge_in.files import NOTHING, Clock, Opened, replace, rewrite
from tests.bridge_in.inputs import append, drain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def cut_and_write(path: Path, data: bytes, source: PathSource) -> None:
    """As nano, VS Code and vim with ``backupcopy=yes`` do, looked at in between."""
    os.truncate(path, 0)
    assert drain(source)[0] == []
    append(path, data)


def write_in_place(path: Path, data: bytes, source: PathSource) -> None:
    rewrite(path, data)


def replace_by_rename(path: Path, data: bytes, source: PathSource) -> None:
    """As ``sed -i`` and rsync do."""
    replace(path, data)


def move_away_and_write(path: Path, data: bytes, source: PathSource) -> None:
    """As vim with ``backupcopy=no`` does, looked at in between."""
    backup = path.with_name("input~")
    path.rename(backup)
    assert drain(source)[0] == []
    rewrite(path, data)
    backup.unlink()


SAVES = (cut_and_write, write_in_place, replace_by_rename, move_away_and_write)
BEFORE = b"".join(b"before %d\n" % number for number in range(50))
LONG = b"".join(b"a command of some length, number %d\n" % number for number in range(20_000))


@pytest.mark.parametrize("past", [b"", BEFORE, LONG], ids=["empty", "short", "long"])
@pytest.mark.parametrize("save", SAVES)
def test_of_a_file_that_is_saved_anew_only_what_is_new_runs(
    path: Path, opened: Opened, save: Callable[[Path, bytes, PathSource], None], past: bytes
) -> None:
    rewrite(path, past)
    source = opened(PathSource(str(path), start_offset=len(past)))
    append(path, b"one\ntwo\ntwo\n")
    assert drain(source) == ([b"one", b"two", b"two"], [], [])
    save(path, past + b"one\ntwo\ntwo\nthree\n", source)
    assert drain(source) == ([b"three"], [], [])
    save(path, b"top\n" + past + b"one\nmiddle\ntwo\ntwo\nthree\ntwo\n", source)
    assert drain(source) == ([b"top", b"middle", b"two"], [], [])
    append(path, b"one\n")
    assert drain(source) == ([b"one"], [], [])


@pytest.mark.parametrize("save", SAVES)
def test_a_line_that_was_taken_out_runs_again_when_it_comes_later(
    path: Path, opened: Opened, save: Callable[[Path, bytes, PathSource], None]
) -> None:
    clock = Clock()
    source = opened(PathSource(str(path), now=clock))
    append(path, b"one\ntwo\n")
    drain(source)
    save(path, b"one\n", source)
    assert drain(source) == NOTHING
    clock.seconds += 3
    append(path, b"two\n")
    assert drain(source) == ([b"two"], [], [])


def test_a_file_that_was_away_for_long_begins_anew(path: Path, opened: Opened) -> None:
    clock = Clock()
    source = opened(PathSource(str(path), now=clock))
    append(path, b"one\n")
    drain(source)
    path.unlink()
    assert drain(source) == NOTHING
    clock.seconds += 3
    append(path, b"one\n")
    assert drain(source) == ([b"one"], [], [])


@pytest.mark.parametrize("save", SAVES)
def test_of_more_lines_than_are_remembered_none_runs_again(
    path: Path, opened: Opened, save: Callable[[Path, bytes, PathSource], None]
) -> None:
    past = b"".join(b"%06d %s\n" % (number, b"x" * 500) for number in range(RECALLED // 500))
    assert len(past) > RECALLED
    rewrite(path, past)
    source = opened(PathSource(str(path), start_offset=len(past)))
    assert drain(source) == NOTHING
    save(path, past + b"new\n", source)
    assert drain(source) == ([b"new"], [], [])
    save(path, b"fresh\n", source)
    assert drain(source) == ([b"fresh"], [], [])
