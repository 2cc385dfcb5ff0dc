"""What is opened of a file that somebody else may have put there, and what is not."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from qwen_dual.fs.foreign import ForeignFileError, open_foreign, owners_in, read_foreign
from tests.support.users import NOBODY, as_root, in_child


def refused(path: Path, root: Path | None = None, limit: int = 100) -> str:
    with pytest.raises(ForeignFileError) as caught:
        read_foreign(path, limit=limit, root=root)
    assert caught.value.path == str(path)
    return caught.value.why


def test_a_regular_file_of_the_users_is_read(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (inner / "f").write_bytes(b"held")
    assert read_foreign(inner / "f", limit=4) == b"held"
    assert read_foreign(inner / "f", limit=4, root=tmp_path) == b"held"
    assert read_foreign("a/b/f", limit=4, root=tmp_path) == b"held"
    assert read_foreign("a/./b//f", limit=4, root=tmp_path) == b"held"


def test_what_is_not_there_is_said_as_by_open(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"")
    for root in (None, tmp_path):
        with pytest.raises(FileNotFoundError):
            read_foreign(tmp_path / "none", limit=1, root=root)
        with pytest.raises(FileNotFoundError):
            read_foreign(tmp_path / "none" / "f", limit=1, root=root)
        with pytest.raises(NotADirectoryError):
            read_foreign(tmp_path / "f" / "f", limit=1, root=root)


def test_a_larger_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "f").open("wb") as file:
        file.truncate(1 << 40)
    assert refused(tmp_path / "f") == "is larger than 100 bytes"


def test_a_file_without_a_size_is_refused_when_it_holds_more() -> None:
    if not os.path.exists("/proc/self/mountinfo"):
        pytest.skip("there is no /proc here")
    assert refused(Path("/proc/self/mountinfo"), limit=1) == "is larger than 1 bytes"


@pytest.mark.parametrize("rooted", [False, True])
def test_a_link_is_not_followed(tmp_path: Path, rooted: bool) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "link").symlink_to("secret")
    (tmp_path / "dangling").symlink_to("nowhere")
    root = tmp_path if rooted else None
    assert refused(tmp_path / "link", root) == "is a symbolic link, which is not followed"
    assert refused(tmp_path / "dangling", root) == "is a symbolic link, which is not followed"


def test_a_link_on_the_way_is_not_followed_beneath_the_root(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "f").write_bytes(b"held")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "link").symlink_to("../real")
    (tmp_path / "to_root").symlink_to("root")
    why = refused(tmp_path / "root" / "link" / "f", tmp_path / "root")
    assert why == "is reached through link, a symbolic link, which is not followed"
    # The way to the root is the person's own.
    assert read_foreign(tmp_path / "root" / "link" / "f", limit=9) == b"held"
    (tmp_path / "root" / "g").write_bytes(b"held")
    assert read_foreign("g", limit=9, root=tmp_path / "to_root") == b"held"


@pytest.mark.parametrize("given", ["../f", "a/../../f", "/f", "", ".", "a/..", "x\0y"])
def test_nothing_outside_of_the_root_is_opened(tmp_path: Path, given: str) -> None:
    (tmp_path / "f").write_bytes(b"")
    (tmp_path / "root" / "a").mkdir(parents=True)
    with pytest.raises(ForeignFileError):
        read_foreign(given, limit=1, root=tmp_path / "root")


def test_the_persons_own_link_is_followed_when_asked_for(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").write_bytes(b"{}")
    (tmp_path / "settings.json").symlink_to("dotfiles")
    (tmp_path / "zero").symlink_to("/dev/zero")
    assert read_foreign(tmp_path / "settings.json", limit=9, follow=True) == b"{}"
    with pytest.raises(ForeignFileError, match="is a device"):
        read_foreign(tmp_path / "zero", limit=9, follow=True)
    with pytest.raises(ValueError, match="exclude"):
        open_foreign("settings.json", root=tmp_path, follow=True)


def test_nothing_but_a_regular_file_is_opened_and_none_is_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "sock"))
        assert refused(tmp_path / "sock") == "is a socket, not a regular file"
    assert refused(tmp_path / "fifo") == "is a named pipe, not a regular file"
    assert refused(tmp_path / "folder") == "is a directory, not a regular file"
    assert refused(Path("/dev/zero")) == "is a device, not a regular file"


def test_no_descriptor_is_left_behind(tmp_path: Path) -> None:
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("there is no /proc here")
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "link").symlink_to("b")
    (tmp_path / "a" / "f").write_bytes(b"held")
    before = len(os.listdir("/proc/self/fd"))
    for path in ("a/b/none", "a/link/none", "a/f/x", "a/b", "a/link", "../x"):
        with pytest.raises(OSError):
            read_foreign(path, limit=1, root=tmp_path)
    read_foreign("a/f", limit=9, root=tmp_path)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_folder_that_may_be_entered_and_not_listed_is_gone_through(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "f").write_bytes(b"held")
    (tmp_path / "a").chmod(0o311)
    try:
        assert read_foreign("a/f", limit=9, root=tmp_path) == b"held"
    finally:
        (tmp_path / "a").chmod(0o700)


@as_root
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"theirs")
    os.chown(tmp_path / "f", NOBODY, NOBODY)
    assert refused(tmp_path / "f") == f"belongs to another user (uid {NOBODY})"
    assert read_foreign(tmp_path / "f", limit=9, owners={NOBODY}) == b"theirs"


@as_root
def test_root_takes_what_the_owner_of_the_folder_has_put_there(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"theirs")
    os.chown(tmp_path / "f", NOBODY, NOBODY)
    os.chown(tmp_path, NOBODY, NOBODY)
    assert read_foreign(tmp_path / "f", limit=9) == b"theirs"
    assert owners_in(os.stat(tmp_path)) == {0, NOBODY}


@as_root
def test_a_user_takes_their_own_files_and_roots() -> None:
    status = os.stat_result([0, 0, 0, 0, 1234, 0, 0, 0, 0, 0])
    assert in_child(NOBODY, lambda: str(sorted(owners_in(status)))) == str([0, NOBODY])
