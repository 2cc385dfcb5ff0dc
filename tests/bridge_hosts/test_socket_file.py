"""Where a socket may be: what is there already, links, other owners, long paths, what is left behind."""

from __future__ import annotations

import os
import socket
import stat
from typing import TYPE_CHECKING

import pytest

from qwen_dual.bridge.errors import ChannelError
from qwen_dual.bridge.socket_file import MAX_PATH_BYTES, SocketFile, remove_left_behind
from tests.support.users import OTHER, as_root

if TYPE_CHECKING:
    from pathlib import Path


def left_behind(path: Path) -> None:
    """What a killed session leaves."""
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))
        made.listen()


def test_it_has_mode_0600_whatever_the_umask_and_goes_at_the_end(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        made = SocketFile(str(tmp_path / "s"))
    finally:
        os.umask(before)
    found = (tmp_path / "s").stat()
    assert stat.S_ISSOCK(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o600
    made.close()
    made.close()
    assert list(tmp_path.iterdir()) == []


def test_one_that_a_killed_session_left_is_replaced(tmp_path: Path) -> None:
    left_behind(tmp_path / "s")
    made = SocketFile(str(tmp_path / "s"))
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(tmp_path / "s"))
    made.close()


def test_at_the_end_what_took_its_place_stays(tmp_path: Path) -> None:
    made = SocketFile(str(tmp_path / "s"))
    (tmp_path / "s").unlink()
    (tmp_path / "s").write_text("another's")
    made.close()
    assert (tmp_path / "s").read_text() == "another's"


def test_what_is_there_stays_as_it_is_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / "fifo")
    running = SocketFile(str(tmp_path / "running"))
    (tmp_path / "to running").symlink_to(tmp_path / "running")
    before = sorted(tmp_path.iterdir())
    for name, why in (
        ("file", "is there already and is no socket"),
        ("folder", "is there already and is no socket"),
        ("fifo", "is there already and is no socket"),
        ("link", "is a symbolic link"),
        ("to running", "is a symbolic link"),
        ("running", "is the socket of a session that runs"),
        ("missing/s", "does not exist; create it first"),
        ("x" * 120, "is too long for a socket"),
    ):
        with pytest.raises(ChannelError, match=why):
            SocketFile(str(tmp_path / name))
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "file").read_text() == "precious"
    running.close()


def test_a_folder_that_others_write_to_is_none(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(ChannelError, match="can be written to by others"):
        SocketFile(str(tmp_path / "s"))


@as_root
def test_anothers_left_socket_is_not_replaced(tmp_path: Path) -> None:
    left_behind(tmp_path / "s")
    os.chown(tmp_path / "s", OTHER, OTHER)
    with pytest.raises(ChannelError, match="belongs to another user"):
        SocketFile(str(tmp_path / "s"))


def test_the_longest_path_works_and_one_more_does_not(tmp_path: Path) -> None:
    folder = tmp_path
    room = MAX_PATH_BYTES - len(os.fsencode(folder)) - 1
    if room < 1:
        pytest.skip("the folder of this test lies too deep")
    SocketFile(str(folder / ("s" * room))).close()
    with pytest.raises(ChannelError, match=f"{MAX_PATH_BYTES + 1} bytes"):
        SocketFile(str(folder / ("s" * (room + 1))))


def test_those_of_killed_sessions_are_taken_away_and_nothing_else(tmp_path: Path) -> None:
    left_behind(tmp_path / "dead.sock")
    left_behind(tmp_path / "dead.other")
    (tmp_path / "file.sock").write_text("x")
    (tmp_path / "link.sock").symlink_to(tmp_path / "dead.other")
    running = SocketFile(str(tmp_path / "running.sock"))
    remove_left_behind(str(tmp_path))
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"dead.other", "file.sock", "link.sock", "running.sock"}
    running.close()


def test_a_folder_that_somebody_holds_is_used_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    monkeypatch.setattr("qwen_dual.bridge.socket_file.LOCK_SECONDS", 0.02)
    held = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    SocketFile(str(tmp_path / "s")).close()
    os.close(held)


def test_whoever_sees_it_can_connect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, seen = str(tmp_path / "s"), list[bool]()
    listen = socket.socket.listen

    def late(made: socket.socket, backlog: int) -> None:
        seen.append(os.path.exists(path))  # a host looks, while a thread holds this one up
        listen(made, backlog)

    monkeypatch.setattr(socket.socket, "listen", late)
    made = SocketFile(path)
    assert seen == [False]
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(path)
    assert os.listdir(tmp_path) == ["s"]
    made.close()
    assert os.listdir(tmp_path) == []


def test_what_comes_there_meanwhile_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "s"
    listen = socket.socket.listen

    def late(made: socket.socket, backlog: int) -> None:
        path.write_text("precious")
        listen(made, backlog)

    monkeypatch.setattr(socket.socket, "listen", late)
    with pytest.raises(ChannelError):
        SocketFile(str(path))
    assert path.read_text() == "precious"
    assert os.listdir(tmp_path) == ["s"]
