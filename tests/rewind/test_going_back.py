"""Files of every kind, changed in every way, are again what they were; others stay as they are."""

from __future__ import annotations

import os
import shutil
import time
from typing import TYPE_CHECKING

import pytest

from qwen_dual.rewind.looking import ABSENT, State
from qwen_dual.rewind.planning import Step, plan_done
from qwen_dual.rewind.restoring import MOVED, ordered
from tests.rewind.kit import Project, tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_files_made_changed_deleted_and_renamed_by_a_command(project: Project) -> None:
    top = project.top
    (top / "sub" / "deep").mkdir(parents=True)
    (top / "changed").write_text("one\ntwo\n")
    (top / "deleted").write_bytes(b"gone\r\nbut\r\nkept\n")
    (top / "binary").write_bytes(bytes(range(256)))
    (top / "sub" / "deep" / "renamed").write_text("same")
    (top / "run.sh").write_text("#!/bin/sh\n")
    (top / "link").symlink_to("changed")
    (top / "empty folder").mkdir()
    before = tree(top)
    with project.command("do it"):
        (top / "changed").write_text("one\n2\n")
        (top / "deleted").unlink()
        (top / "binary").write_bytes(b"\0\1")
        (top / "sub").rename(top / "other")
        (top / "run.sh").chmod(0o755)
        (top / "link").unlink()
        (top / "link").symlink_to("/etc/passwd")
        (top / "empty folder").rmdir()
        (top / "new" / "folder").mkdir(parents=True)
        (top / "new" / "folder" / "file").write_text("new\n")
    after = tree(top)
    shown = project.shown("do it")
    assert {path: file.change for path, file in shown.items()} == {
        "binary": "modify",
        "changed": "modify",
        "deleted": "add",
        "link": "modify",
        "new/folder/file": "delete",
        "other/deep/renamed": "delete",
        "run.sh": "modify",
        "sub/deep/renamed": "add",
    }
    assert (shown["changed"].added, shown["changed"].removed) == (1, 1)
    assert (shown["binary"].binary, shown["deleted"].added) == (True, 3)
    done = project.back("do it")
    assert tree(top) == before
    assert (done.left, len(done.files)) == ((), 8)
    assert done.undo is not None
    project.back(done.undo.uuid)
    assert tree(top) == after


def test_points_name_the_prompts_that_changed_something_and_what_of_it(project: Project) -> None:
    with project.command("nothing"):
        pass
    with project.command("first"):
        (project.top / "a").write_text("1")
    with project.command("second"):
        (project.top / "b").write_text("1")
        (project.top / "a").write_text("2")
    points = project.points()
    assert [(point.text, point.turn_id, point.count) for point in points] == [
        ("first", "turn of first", 1),
        ("second", "turn of second", 2),
    ]
    assert points[1].files == (str(project.top / "a"), str(project.top / "b"))


def test_one_goes_back_to_the_first_of_the_prompts_that_has_a_point(project: Project) -> None:
    for prompt in ("first", "second", "third"):
        with project.command(prompt):
            (project.top / "file").write_text(prompt)
    project.back("a question that changed nothing", "second", "third")
    assert (project.top / "file").read_text() == "first"


def test_files_that_a_tool_names_are_kept_ignored_or_outside_too(project: Project) -> None:
    (project.top / ".gitignore").write_text("*.log\n")
    ignored, outside = project.top / "x.log", project.place / "else" / "where" / "file"
    ignored.write_text("before")
    with project.edit("do it", ignored, outside):
        ignored.write_text("after")
        outside.parent.mkdir(parents=True)
        outside.write_text("made")
    assert [file.change for file in project.shown("do it").values()] == ["delete", "modify"]
    project.back("do it")
    assert ignored.read_text() == "before"
    assert not (project.place / "else").exists()


def test_ignored_files_are_left_out_where_a_command_runs(project: Project) -> None:
    (project.top / ".gitignore").write_text("build/\n")
    (project.top / "build").mkdir()
    (project.top / "build" / "out").write_text("before")
    with project.command("do it"):
        (project.top / "build" / "out").write_text("after")
    assert project.points() == []


def test_what_an_ignore_file_hid_before_is_not_taken_for_new(project: Project) -> None:
    (project.top / ".gitignore").write_text("data\n")
    (project.top / "data").mkdir()
    old, new = project.top / "data" / "old", project.top / "data" / "new"
    old.write_text("precious")
    os.utime(old)
    with project.command("before"):
        pass
    with project.command("do it"):
        (project.top / ".gitignore").unlink()
        new.write_text("who knows since when")
    assert set(project.shown("do it")) - {"data/old"} == {".gitignore", "data/new"}
    assert "not looked at" in project.shown("do it")["data/new"].blocked
    project.back("do it")
    assert (old.read_text(), new.exists()) == ("precious", True)


def test_what_the_person_changed_since_is_left_unless_it_is_said(project: Project) -> None:
    edited, other = project.top / "edited", project.top / "other"
    edited.write_text("1")
    with project.command("do it"):
        edited.write_text("2")
        other.write_text("made")
    edited.write_text("the person's")
    assert project.shown("do it")["edited"].conflicts == ("changed_since",)
    done = project.back("do it")
    assert [left.why for left in done.left] == ["changed since by somebody else"]
    assert (edited.read_text(), other.exists()) == ("the person's", False)
    done = project.back("do it", overwrite=[edited])
    assert (edited.read_text(), done.left) == ("1", ())
    assert done.undo is not None
    project.back(done.undo.uuid)
    assert edited.read_text() == "the person's"


def test_what_the_person_changed_in_between_is_a_conflict_too(project: Project) -> None:
    file = project.top / "file"
    file.write_text("1")
    with project.command("first"):
        file.write_text("2")
    file.write_text("the person's")
    with project.edit("second", file):
        file.write_text("3")
    assert project.shown("first", "second")["file"].conflicts == ("changed_between",)
    assert project.shown("second")["file"].conflicts == ()
    project.back("second")
    assert file.read_text() == "the person's"


def test_what_only_the_person_changed_is_nothing_to_go_back_to(project: Project) -> None:
    with project.command("do it"):
        (project.top / "a").write_text("1")
    (project.top / "own").write_text("mine")
    with project.command("again"):
        (project.top / "a").write_text("2")
    project.back("do it", "again")
    assert tree(project.top) == {"own": (0o644, b"mine")}


def test_a_file_that_changes_after_the_preview_is_left(project: Project) -> None:
    from qwen_dual.rewind.restoring import restore

    file = project.top / "file"
    with project.command("do it"):
        file.write_text("1")
    plan = project.plan("do it")
    file.write_text("2")
    done = restore(project.store, plan)
    assert (done.files, [left.why for left in done.left]) == ((), [MOVED])
    assert (done.undo, file.read_text()) == (None, "2")


def test_links_are_not_followed_out_of_the_folder(project: Project) -> None:
    outside = project.place / "outside"
    outside.mkdir()
    (outside / "file").write_text("not ours")
    (project.top / "into").symlink_to(outside)
    (project.top / "sub").mkdir()
    (project.top / "sub" / "file").write_text("1")
    with project.command("do it"):
        (project.top / "sub" / "file").write_text("2")
    shutil.rmtree(project.top / "sub")
    (project.top / "sub").symlink_to(outside)
    shown = project.shown("do it")["sub/file"]
    assert "link" in shown.blocked
    project.back("do it", overwrite=[project.top / "sub" / "file"])
    assert (outside / "file").read_text() == "not ours"


def test_a_file_in_place_of_a_folder_and_the_other_way_round(project: Project) -> None:
    (project.top / "folder").mkdir()
    (project.top / "folder" / "in it").write_text("1")
    (project.top / "file").write_text("2")
    (project.top / "linked").symlink_to("file")
    before = tree(project.top)
    with project.command("do it"):
        shutil.rmtree(project.top / "folder")
        (project.top / "folder").write_text("now a file")
        (project.top / "file").unlink()
        (project.top / "file").mkdir()
        (project.top / "file" / "inner").write_text("3")
        (project.top / "linked").unlink()
        (project.top / "linked").write_text("now a file")
    after = tree(project.top)
    done = project.back("do it")
    assert (tree(project.top), done.left) == (before, ())
    assert done.undo is not None
    project.back(done.undo.uuid)
    assert tree(project.top) == after


def test_a_folder_with_other_files_in_it_stays(project: Project) -> None:
    (project.top / "file").write_text("1")
    with project.command("do it"):
        (project.top / "file").unlink()
        (project.top / "file").mkdir()
        (project.top / "made").mkdir()
        (project.top / "made" / "ours").write_text("2")
    (project.top / "file" / "own").write_text("mine")
    (project.top / "made" / "own").write_text("mine")
    assert "with other files in it" in project.shown("do it")["file"].blocked
    project.back("do it")
    assert tree(project.top) == {
        "file": "folder",
        "file/own": (0o644, b"mine"),
        "made": "folder",
        "made/own": (0o644, b"mine"),
    }


def test_what_a_session_changed_is_told_the_way_it_happened(project: Project) -> None:
    (project.top / "changed").write_text("1\n")
    (project.top / "back again").write_text("1\n")
    with project.command("first"):
        (project.top / "changed").write_text("1\n2\n")
        (project.top / "made").write_text("1\n")
        (project.top / "back again").write_text("2\n")
    with project.command("second"):
        (project.top / "back again").write_text("1\n")
    plan = plan_done(project.store, project.session)
    assert plan is not None
    told = [(os.path.basename(f.path), f.change, f.added, f.removed) for f in plan.preview.files]
    assert told == [("changed", "modify", 1, 0), ("made", "add", 1, 0)]


def test_the_store_is_private(project: Project) -> None:
    with project.command("do it"):
        (project.top / "file").write_text("1")
    kept = project.place / "kept"
    assert kept.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in kept.iterdir()} == {0o600}


def test_thousands_of_files_are_put_in_order_in_no_time() -> None:
    here, gone = State("file"), ABSENT
    steps = [Step(f"/f{n}", here, gone if n % 2 else here, None) for n in range(20_000)]
    start = time.process_time()
    assert [step.target for step in ordered(steps)] == [gone] * 10_000 + [here] * 10_000
    assert time.process_time() - start < 2  # each compared with each: a minute
