"""A store that is damaged, or that somebody has written into, says so and changes nothing it should not."""

from __future__ import annotations

import os
import sqlite3
import zlib
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.rewind.bounds import Bounds
from qwen_dual.rewind.database import MAX_CONTENT, StoreError, path_of
from qwen_dual.rewind.keeper import SessionFiles
from qwen_dual.rewind.opening import Opened
from qwen_dual.tools.ignore import Ignore
from tests.rewind.kit import SESSION, Project, close_stores, tree

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.rewind.records import Preview, Restored


def kept(place: Path) -> Project:
    """A project in which a prompt has changed a file; nobody has its store open."""
    project = Project(place)
    file = project.top / "a.txt"
    file.write_text("before " * 200)
    with project.edit("p", file):
        file.write_text("after")
    close_stores()
    return project


def doctor(place: Path, statement: str, *values: Any) -> None:
    database = sqlite3.connect(place / "kept" / "kept.db")
    with database:
        database.execute(statement, values)
    database.close()


async def gone_back(place: Path) -> tuple[Preview | None, Restored | None]:
    """Goes back as a session does, whose store is opened anew; takes all that is offered."""
    top = str(place / "work")

    def opened() -> Opened:
        return Opened(
            str(place / "home"),
            str(place / "kept"),
            top,
            SESSION,
            ignores=lambda: Ignore(top, top),
            bounds=Bounds(),
        )

    session = SessionFiles(opened, lambda: SESSION, lambda: None, print)
    try:
        await session.recover()
        await session.points()
        preview = await session.preview(["p"])
        if preview is None:
            return None, None
        for file in preview.files:
            await session.difference(preview, file.path)
        return preview, await session.restore(preview, [file.path for file in preview.files])
    finally:
        session.close()


def test_what_nobody_has_touched_goes_back(tmp_path: Path) -> None:
    kept(tmp_path)
    _, restored = anyio.run(gone_back, tmp_path)
    assert restored is not None and len(restored.files) == 1
    assert (tmp_path / "work" / "a.txt").read_text() == "before " * 200


@pytest.mark.parametrize(
    "path",
    [
        b"work/a.txt",
        b"",
        b"/",
        b"TOP/../evil",
        b"TOP/./a.txt",
        b"TOP//a.txt",
        b"TOP/a.txt/",
        b"TOP/a\0b",
        b"TOP/.git/hooks/pre-commit",
        b"TOP/.git",
        None,
        7,
        "TOP/a.txt",
    ],
)
@pytest.mark.parametrize("broken_off", [False, True])
def test_only_paths_that_are_kept_are_changed(
    tmp_path: Path, path: object, broken_off: bool
) -> None:
    project = kept(tmp_path)
    (project.top / ".git" / "hooks").mkdir(parents=True)
    top = os.fsencode(project.top)
    if isinstance(path, bytes):
        path = path.replace(b"TOP", top)
    elif isinstance(path, str):
        path = path.replace("TOP", str(project.top))
    if broken_off:  # taken back at the start, which nobody is asked about
        doctor(tmp_path, "INSERT INTO going VALUES('g', ?, 'text')", SESSION)
        row = "SELECT 'g', 0, ?, max(id), min(id) FROM state"
        doctor(tmp_path, f"INSERT INTO going_step {row}", path)
    else:
        doctor(tmp_path, "UPDATE change SET path=?", path)
    before = tree(tmp_path / "work")
    with pytest.raises(StoreError, match="damaged"):
        anyio.run(gone_back, tmp_path)
    assert tree(tmp_path / "work") == before and not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE state SET mode=2541 WHERE kind='file'",
        "UPDATE state SET mode=NULL",
        "UPDATE state SET kind='device' WHERE kind='file'",
        "UPDATE state SET digest=7 WHERE id=(SELECT before FROM change)",
        "UPDATE state SET detail=NULL",
        "UPDATE change SET before=999",
        "UPDATE point SET first=x'00'",
        "DELETE FROM state",
    ],
)
def test_what_cannot_be_understood_is_told_and_changes_nothing(
    tmp_path: Path, statement: str
) -> None:
    kept(tmp_path)
    doctor(tmp_path, statement)
    before = tree(tmp_path / "work")
    try:
        anyio.run(gone_back, tmp_path)
    except OSError as error:
        assert str(error)
    assert tree(tmp_path / "work") == before


def test_a_content_is_not_unpacked_without_end(tmp_path: Path) -> None:
    project = kept(tmp_path)
    packing = zlib.compressobj(9)
    bomb = b"".join(packing.compress(bytes(1 << 20)) for _ in range((MAX_CONTENT >> 20) + 1))
    doctor(tmp_path, "UPDATE content SET packed=1, data=?", bomb + packing.flush())
    preview, restored = anyio.run(gone_back, tmp_path)
    assert preview is not None and "damaged" in preview.files[0].blocked
    assert restored is not None and not restored.files
    assert (project.top / "a.txt").read_text() == "after"


def test_what_earlier_walks_left_out_is_asked_again_where_it_is_damaged(tmp_path: Path) -> None:
    project = kept(tmp_path)
    for name, value in (("hidden", b"no zlib"), ("began", "x"), ("rules", None)):
        doctor(tmp_path, "INSERT OR REPLACE INTO meta VALUES(?, ?)", name, value)
        project.store = project.opened()
        with project.command(name):
            (project.top / "b.txt").write_text(name)
        assert "b.txt" in project.shown(name)
        close_stores()


def test_the_path_of_a_file_is_taken_as_it_is(tmp_path: Path) -> None:
    for name in ("a b", "\udcff", "..x", ".gitignore", "x.git/y"):
        path = str(tmp_path / name)
        assert path_of(os.fsencode(path), str(tmp_path)) == path


def test_a_folder_that_lies_within_a_repository_s_own_is_like_any_other(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    project = Project(tmp_path / ".git")
    edited, commanded = project.top / "edited", project.top / "commanded"
    own = (project.top / ".git" / "config", tmp_path / ".git" / "config")
    own[0].parent.mkdir()
    before = tree(project.top)
    with project.edit("p", edited, *own):
        for file in (edited, *own):
            file.write_text("by a tool")
    with project.command("p"):
        commanded.write_text("by a command")
    assert project.shown("p").keys() == {"edited", "commanded"}
    assert len(project.back("p").files) == 2
    own[0].unlink()
    assert tree(project.top) == before and own[1].read_text() == "by a tool"
