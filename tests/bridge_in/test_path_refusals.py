"""Which files a path source refuses: by who may write them, by their names, by their kind."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from qwen_dual.bridge.checks import refusal
from qwen_dual.bridge.errors import ChannelError
from qwen_dual.bridge.path_source import PathSource
from tests.bridge_in.files import NOTHING, Opened, rewrite
from tests.bridge_in.inputs import drain

if TYPE_CHECKING:
    from pathlib import Path


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
