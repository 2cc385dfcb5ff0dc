"""What a path source does when its file is cut, replaced, refused or fails; step by step."""

from __future__ import annotations

import errno
import os
import select
from typing import TYPE_CHECKING

import pytest

from qwen_dual.bridge.checks import refusal
from qwen_dual.bridge.errors import ChannelError
from qwen_dual.bridge.opened import CHUNK, HELD
from qwen_dual.bridge.path_source import RECALLED, PathSource
from tests.bridge_in.inputs import append, drain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Clock:
    """Seconds that pass when the test says so."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


NOTHING: tuple[list[bytes], list[str], list[str]] = ([], [], [])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "input"


class Opened:
    """Opens sources and closes them after the test."""

    def __init__(self) -> None:
        self.sources: list[PathSource] = []

    def __call__(self, source: PathSource) -> PathSource:
        self.sources.append(source)
        return source


@pytest.fixture
def opened() -> Iterator[Opened]:
    opened = Opened()
    yield opened
    for source in opened.sources:
        source.close()


def rewrite(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    path.chmod(0o600)


def replace(path: Path, data: bytes) -> None:
    fresh = path.with_name("fresh")
    rewrite(fresh, data)
    fresh.replace(path)


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


@pytest.mark.parametrize(
    ("mode", "who"), [(0o602, "everyone"), (0o666, "everyone"), (0o660, "its group")]
)
def test_a_file_that_others_can_write_is_refused(path: Path, mode: int, who: str) -> None:
    rewrite(path, b"")
    path.chmod(mode)
    with pytest.raises(ChannelError, match=rf"input: is writable by {who} \(mode 0{mode:o}\)"):
        PathSource(str(path))


def test_a_file_of_the_usual_mode_is_read(path: Path, opened: Opened) -> None:
    rewrite(path, b"one\n")
    path.chmod(0o644)
    path.parent.chmod(0o1777)
    assert drain(opened(PathSource(str(path)))) == ([b"one"], [], [])


def test_a_file_that_has_another_name_is_refused(path: Path) -> None:
    rewrite(path, b"")
    os.link(path, path.with_name("other"))
    with pytest.raises(ChannelError, match="has 2 names"):
        PathSource(str(path))


def test_a_directory_that_others_can_write_to_is_refused(path: Path) -> None:
    path.parent.chmod(0o777)
    with pytest.raises(ChannelError, match=r"can be written to by others \(mode 0777\)"):
        PathSource(str(path))
    path.parent.chmod(0o1777)
    PathSource(str(path)).close()


def test_a_directory_that_is_opened_to_others_gives_no_more_files(
    path: Path, opened: Opened
) -> None:
    source = opened(PathSource(str(path)))
    rewrite(path, b"one\n")
    path.parent.chmod(0o777)
    [warning] = drain(source)[2]
    assert "can be written to by others" in warning
    path.parent.chmod(0o700)
    assert drain(source) == ([b"one"], [], [])


@pytest.mark.parametrize("late", [False, True])
def test_a_link_is_not_followed(path: Path, opened: Opened, late: bool) -> None:
    path.with_name("real").write_bytes(b"one\n")
    if not late:
        path.symlink_to("real")
        with pytest.raises(ChannelError, match="is a symbolic link, which is not followed"):
            PathSource(str(path))
        return
    source = opened(PathSource(str(path)))
    path.symlink_to("real")
    lines, _, [warning] = drain(source)
    assert lines == [] and "is a symbolic link, which is not followed" in warning
    path.unlink()
    path.with_name("real").rename(path)
    assert drain(source) == ([b"one"], [], [])


def test_a_link_that_takes_the_place_of_the_file_is_not_followed(
    path: Path, opened: Opened
) -> None:
    rewrite(path, b"")
    path.with_name("real").write_bytes(b"theirs\n")
    source = opened(PathSource(str(path)))
    path.unlink()
    path.symlink_to("real")
    lines, _, [warning] = drain(source)
    assert lines == [] and "is a symbolic link, which is not followed" in warning


def test_a_descriptor_may_be_given_by_its_name(opened: Opened) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"one\n")
    try:
        assert drain(opened(PathSource(f"/dev/fd/{reader}"))) == ([b"one"], [], [])
    finally:
        os.close(reader)
        os.close(writer)


def test_a_file_of_another_user_is_refused(path: Path) -> None:
    rewrite(path, b"")
    mine = path.stat()
    assert refusal(mine) is None
    fields = list(mine)
    fields[4] = os.geteuid() + 1
    reason = refusal(os.stat_result(fields))
    assert reason is not None
    assert reason.startswith(f"belongs to another user (uid {os.geteuid() + 1}, not ")


def test_a_refused_file_is_told_once_and_read_once_it_is_right(path: Path, opened: Opened) -> None:
    source = opened(PathSource(str(path)))
    rewrite(path, b"one\n")
    path.chmod(0o666)
    warning = f"{path}: is writable by everyone (mode 0666); run chmod go-w on it"
    assert drain(source) == ([], [], [warning])
    assert drain(source) == NOTHING
    assert source.state.startswith("is writable by everyone")
    path.chmod(0o600)
    assert drain(source) == ([b"one"], [], [])
    path.unlink()
    rewrite(path.with_name("fresh"), b"two\n")
    path.with_name("fresh").chmod(0o666)
    path.with_name("fresh").replace(path)
    assert drain(source) == ([], [], [warning])


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("", "is no path"),
        ("a\0b", "is no path"),
        ("{dir}", "is a directory"),
        ("{dir}/missing/input", "the directory {dir}/missing does not exist; create it first"),
        ("/dev/null", "is a device"),
    ],
)
def test_what_cannot_be_read_is_refused_at_the_start(
    tmp_path: Path, target: str, reason: str
) -> None:
    with pytest.raises(ChannelError) as caught:
        PathSource(target.replace("{dir}", str(tmp_path)))
    assert caught.value.reason.startswith(reason.replace("{dir}", str(tmp_path)))


def test_a_loop_of_links_is_refused_at_the_start(path: Path) -> None:
    path.symlink_to(path)
    with pytest.raises(ChannelError, match="is a symbolic link, which is not followed"):
        PathSource(str(path))


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
    past = LONG * 7
    assert len(past) > RECALLED
    rewrite(path, past)
    source = opened(PathSource(str(path), start_offset=len(past)))
    assert drain(source) == NOTHING
    save(path, past + b"new\n", source)
    assert drain(source) == ([b"new"], [], [])
    save(path, b"fresh\n", source)
    assert drain(source) == ([b"fresh"], [], [])


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
