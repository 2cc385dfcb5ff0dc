"""How much is kept, for how long, and that nobody takes away what another session needs."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest

from qwen_dual.rewind.bounds import DAY, Bounds, ProjectLock, drop_old, tidy
from qwen_dual.rewind.opening import Opened
from tests.rewind.kit import SESSION, Project, tree

if TYPE_CHECKING:
    from pathlib import Path

MEBIBYTE = 1 << 20


def noise(size: int = MEBIBYTE) -> bytes:
    """What cannot be packed."""
    return random.Random(size).randbytes(size - 16) + os.urandom(16)


def opened(place: Path, project: str, bounds: Bounds | None = None) -> Opened:
    (place / project).mkdir(exist_ok=True)
    return Opened(
        str(place / "home"),
        str(place / "home" / "rewind" / project),
        str(place / project),
        SESSION,
        ignores=Nothing,
        bounds=bounds or Bounds(),
    )


class Nothing:
    def ignores(self, path: str, /, *, is_dir: bool) -> bool:
        return False


def test_the_oldest_points_go_when_there_is_no_more_room(tmp_path: Path) -> None:
    project = Project(tmp_path, Bounds(bytes=6 * MEBIBYTE))
    file = project.top / "file"
    file.write_bytes(noise())
    for number in range(12):
        with project.command(f"prompt {number}"):
            file.write_bytes(noise())
    kept = [point.text for point in project.points()]
    assert 2 <= len(kept) < 12
    assert kept[-1] == "prompt 11"
    project.store.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    assert os.path.getsize(project.store.database.path) <= 7 * MEBIBYTE
    now = file.read_bytes()
    project.back("prompt 11")
    assert file.read_bytes() != now


def test_what_finds_no_room_is_said_and_left(tmp_path: Path) -> None:
    project = Project(tmp_path, Bounds(bytes=MEBIBYTE))
    large, small = project.top / "large", project.top / "small"
    large.write_bytes(noise(2 * MEBIBYTE))
    with project.command("do it"):
        large.write_bytes(b"1")
        small.write_bytes(b"1")
    assert ["used up" in remark for remark in project.store.take_remarks()] == [True]
    assert "used up" in project.shown("do it")["large"].blocked
    project.back("do it")
    assert (large.read_bytes(), small.exists()) == (b"1", False)


def test_a_folder_that_takes_too_long_is_kept_in_steps(tmp_path: Path) -> None:
    project = Project(tmp_path, Bounds(entries=10))
    for number in range(30):
        (project.top / f"{number:02}").write_text("1")
    edited = project.top / "29"
    with project.edit("named", edited):
        edited.write_text("2")
    with project.command("do it"):
        (project.top / "made").write_text("1")
    assert any("more than 10 files" in remark for remark in project.store.take_remarks())
    project.back("named", "do it")
    assert edited.read_text() == "1"


def test_files_that_were_not_reached_are_never_taken_for_new(tmp_path: Path) -> None:
    project = Project(tmp_path, Bounds(entries=10))
    for number in range(30):
        (project.top / f"{number:02}").write_text("1")
    with project.command("first"):
        pass
    project.store.bounds = Bounds()
    before = tree(project.top)
    with project.command("do it"):
        for number in range(30):
            (project.top / f"{number:02}").write_text("2")
    changed = project.shown("do it")
    assert {file.change for file in changed.values()} == {"modify"}
    assert all("not looked at" in file.blocked or not file.blocked for file in changed.values())
    project.back("do it")
    assert tree(project.top).keys() == before.keys()


def test_old_points_go(tmp_path: Path) -> None:
    project = Project(tmp_path)
    for prompt in ("old", "new"):
        with project.command(prompt):
            (project.top / "file").write_text(prompt)
    store = project.store.database
    with store.writing():
        store.run("UPDATE point SET time=time-? WHERE uuid='old'", 31 * DAY)
    drop_old(store, Bounds())
    assert [point.text for point in project.points()] == ["new"]
    project.back("new")
    assert (project.top / "file").read_text() == "old"


def test_a_session_begins_with_room_for_what_it_changes(tmp_path: Path) -> None:
    bounds = Bounds(bytes=6 * MEBIBYTE)
    project = Project(tmp_path, bounds)
    file = project.top / "file"
    file.write_bytes(noise())
    for number in range(4):
        with project.command(f"prompt {number}"):
            file.write_bytes(noise())
    drop_old(project.store.database, bounds)
    assert [point.text for point in project.points()] == ["prompt 2", "prompt 3"]
    before = file.read_bytes()
    with project.command("next"):
        file.write_bytes(noise())
    project.back("next")
    assert file.read_bytes() == before


@pytest.mark.parametrize("why", ["too old", "too much"])
def test_other_projects_go_unless_somebody_is_there(tmp_path: Path, why: str) -> None:
    sessions = {}
    for name in ("mine", "used", "left"):
        sessions[name] = opened(tmp_path, name)
        path = sessions[name].store.database.path
        if name != "mine":
            os.utime(path, (1, 1) if why == "too old" else None)
            if os.path.exists(path + "-wal"):
                os.utime(path + "-wal", (1, 1) if why == "too old" else None)
    sessions["left"].close()
    if why == "too old":
        os.utime(sessions["left"].store.database.path, (1, 1))
    root = tmp_path / "home" / "rewind"
    tidy(str(root), str(root / "mine"), Bounds(total=0 if why == "too much" else MEBIBYTE))
    assert {path.name for path in root.iterdir()} == {"mine", "used"}
    for name in ("mine", "used"):
        sessions[name].close()


def test_one_is_alone_only_while_nobody_else_is_there(tmp_path: Path) -> None:
    first = ProjectLock(str(tmp_path / "kept"))
    assert first.alone
    first.share()
    second = ProjectLock(str(tmp_path / "kept"))
    assert not second.alone
    first.close()
    second.close()
    with ProjectLock(str(tmp_path / "kept")) as third:
        assert third.alone
