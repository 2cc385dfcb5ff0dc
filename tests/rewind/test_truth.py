"""Whatever is done to a folder: a preview says what going back does, and that leads to where it was."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from qwen_dual.rewind.restoring import MOVED, restore
from tests.rewind.kit import Project, tree

NAMES = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
CONTENTS = st.sampled_from([b"", b"1\n", b"1\r\n2\n", b"\0\xff", b"x" * 2000])
OPERATION = st.one_of(
    st.tuples(st.just("write"), PATHS, CONTENTS),
    st.tuples(st.just("remove"), PATHS, st.none()),
    st.tuples(st.just("rename"), PATHS, PATHS),
    st.tuples(st.just("link"), PATHS, PATHS),
    st.tuples(st.just("folder"), PATHS, st.none()),
    st.tuples(st.just("mode"), PATHS, st.sampled_from([0o755, 0o640])),
)
OPERATIONS = st.lists(OPERATION, max_size=6)


def do(top: Path, operations: list[Any]) -> None:
    """Does what can be done of ``operations``."""
    for kind, name, more in operations:
        path = top / name
        try:
            if any(above.is_symlink() for above in path.parents if above != top):
                continue
            if kind == "write":
                path.parent.mkdir(parents=True, exist_ok=True)
                if path.is_symlink():
                    path.unlink()
                path.write_bytes(more)
            elif kind == "remove":
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
            elif kind == "rename":
                path.rename(top / more)
            elif kind == "link":
                path.symlink_to(more)
            elif kind == "folder":
                path.mkdir(parents=True)
            elif not path.is_symlink():
                path.chmod(more if path.is_file() else 0o755)
        except OSError:
            pass


def effect(before: dict[str, object], after: dict[str, object]) -> dict[str, str]:
    """What has become of the files, in the words of a preview; folders are no files."""
    was = {path: state for path, state in before.items() if state != "folder"}
    now = {path: state for path, state in after.items() if state != "folder"}
    return {
        path: "delete" if path not in now else "modify" if path in was else "add"
        for path in was.keys() | now.keys()
        if was.get(path) != now.get(path)
    }


@example(  # a link in the place of a folder, behind which there is a file of the same name
    first=[("write", "a", b""), ("write", "b/a/a", b"")],
    turns=[
        [("remove", "a", None), ("write", "a/a/a", b""), ("remove", "b", None), ("link", "b", "a")]
    ],
    at=0,
)
@settings(deadline=None, max_examples=20)
@given(first=OPERATIONS, turns=st.lists(OPERATIONS, min_size=1, max_size=3), at=st.integers(0, 2))
def test_a_preview_is_what_happens_and_leads_to_where_it_was(
    first: list[Any], turns: list[list[Any]], at: int
) -> None:
    with tempfile.TemporaryDirectory() as place:
        project = Project(Path(place).resolve())
        do(project.top, first)
        states = []
        for number, operations in enumerate(turns):
            states.append(tree(project.top))
            with project.command(f"turn {number}"):
                do(project.top, operations)
        at = min(at, len(turns) - 1)
        last = tree(project.top)
        since = [f"turn {number}" for number in range(at, len(turns))]
        shown = {path: file.change for path, file in project.shown(*since).items()}
        done = project.back(*since)
        assert tree(project.top) == states[at]
        assert (shown, done.left) == (effect(last, states[at]), ())
        if done.undo is not None:
            project.back(done.undo.uuid)
            assert effect(last, tree(project.top)) == {}
        project.store.database.close()


@example(  # somebody's file in the place of a folder in which ours has to be made again
    first=[("write", "c/a", b"")],
    ours=[("remove", "c", None)],
    theirs=[("write", "c", b"")],
)
@settings(deadline=None, max_examples=20)
@given(first=OPERATIONS, ours=OPERATIONS, theirs=OPERATIONS)
def test_what_others_changed_stays_and_the_preview_says_so(
    first: list[Any], ours: list[Any], theirs: list[Any]
) -> None:
    with tempfile.TemporaryDirectory() as place:
        project = Project(Path(place).resolve())
        do(project.top, first)
        start = tree(project.top)
        with project.command("turn"):
            do(project.top, ours)
        left = tree(project.top)
        do(project.top, theirs)
        last = tree(project.top)
        shown = project.shown("turn")
        plain = {path for path, file in shown.items() if not file.conflicts and not file.blocked}
        done = project.back("turn")
        now = tree(project.top)
        failed = {os.path.relpath(one.path, project.top) for one in done.left}
        assert failed == shown.keys() - plain
        assert effect(last, now) == {path: shown[path].change for path in plain}
        for path in plain:
            assert now.get(path) in (start.get(path), "folder")
        for path, state in last.items():
            if state != left.get(path) and state != "folder":  # theirs
                assert now.get(path) == state
        project.store.database.close()


def test_a_file_that_changes_while_others_go_back_is_left(tmp_path: Path) -> None:
    project = Project(tmp_path)
    first, second = project.top / "a", project.top / "b"
    with project.command("do it"):
        first.write_text("1")
        second.write_text("1")

    def reached(at: str) -> None:
        if at == str(first):
            second.write_text("the person's")

    done = restore(project.store, project.plan("do it"), reached=reached)
    assert [(file.path, file.change) for file in done.files] == [(str(first), "delete")]
    assert [(left.path, left.why) for left in done.left] == [(str(second), MOVED)]
    assert tree(project.top) == {"b": (0o644, b"the person's")}


def test_a_content_that_is_another_than_it_was_is_not_put_back(tmp_path: Path) -> None:
    project = Project(tmp_path)
    file, other = project.top / "file", project.top / "other"
    file.write_text("before")
    other.write_text("as it was")
    with project.command("do it"):
        file.write_text("after")
        other.write_text("changed")
    with project.store.database.writing():
        project.store.database.run("UPDATE content SET data=? WHERE data=?", b"evil", b"before")
    assert project.shown("do it")["file"].blocked == "what is kept of its content is damaged"
    done = project.back("do it")
    assert (file.read_text(), other.read_text()) == ("after", "as it was")
    assert [left.path for left in done.left] == [str(file)]
