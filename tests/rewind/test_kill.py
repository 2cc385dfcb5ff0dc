"""Killed at any moment, the process leaves nothing that the next one cannot take back."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from qwen_dual.rewind.restoring import MARK, recover
from tests.rewind.kit import SESSION, Project, tree

if TYPE_CHECKING:
    from qwen_dual.rewind.records import Recovered

ROOT = Path(__file__).parents[2]

RESTORE = """
import os, signal, sys
from pathlib import Path
from qwen_dual.rewind.restoring import restore
from tests.rewind.kit import Project

def reached(at):
    steps.append(at)
    if len(steps) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

steps = []
project = Project(Path(sys.argv[1]))
restore(project.store, project.plan("do it"), (), reached)
"""

CALL = """
import os, signal, sys
from pathlib import Path
from tests.rewind.kit import Project

project = Project(Path(sys.argv[1]))
with project.command("do it"):
    (project.top / "changed").write_text("2")
    (project.top / "made").write_text("1")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def killed(code: str, *arguments: object) -> None:
    """Runs ``code`` in a process that ends by a kill."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL


def changed(place: Path) -> Project:
    """A project in which a command changed three files."""
    project = Project(place)
    (project.top / "changed").write_text("1")
    (project.top / "deleted").write_text("1")
    with project.command("do it"):
        (project.top / "changed").write_text("2")
        (project.top / "deleted").unlink()
        (project.top / "sub").mkdir()
        (project.top / "sub" / "made").write_text("1")
    return project


def recovered(project: Project) -> Recovered | None:
    return recover(project.store, SESSION, alone=True)


@pytest.mark.parametrize("step", [1, 2, 3, 4, 5])
def test_a_going_back_is_taken_back_wherever_it_was_broken_off(tmp_path: Path, step: int) -> None:
    project = changed(tmp_path)
    after = tree(project.top)
    killed(RESTORE, tmp_path, step)
    assert (tmp_path / "kept" / MARK).exists()
    (project.top / ".changed.0123456789ab.tmp").write_text("half")
    found = recovered(project)
    assert found is not None
    assert (found.text, found.left, tree(project.top)) == ("do it", (), after)
    assert found.files == {1: 0, 2: 1, 3: 1, 4: 2, 5: 3}[step]
    assert not (tmp_path / "kept" / MARK).exists()
    assert recovered(project) is None
    assert [point.text for point in project.points()] == ["do it"]
    done = project.back("do it")
    assert (len(done.files), done.left) == (3, ())


def test_what_somebody_changed_meanwhile_is_left_and_told(tmp_path: Path) -> None:
    project = changed(tmp_path)
    killed(RESTORE, tmp_path, 5)
    (project.top / "changed").write_text("the person's")
    found = recovered(project)
    assert found is not None
    assert [Path(left.path).name for left in found.left] == ["changed"]
    assert (project.top / "changed").read_text() == "the person's"
    assert (project.top / "sub" / "made").exists()


def test_what_a_call_changed_in_whose_middle_it_was_killed_can_be_taken_back(
    tmp_path: Path,
) -> None:
    project = Project(tmp_path)
    (project.top / "changed").write_text("1")
    killed(CALL, tmp_path)
    project.store.mark_torn(SESSION, alone=True)
    project.store.settle()
    assert {path: file.conflicts for path, file in project.shown("do it").items()} == {
        "changed": ("uncertain",),
        "made": ("uncertain",),
    }
    assert len(project.back("do it").left) == 2
    project.back("do it", overwrite=[project.top / "changed", project.top / "made"])
    assert tree(project.top).keys() == {"changed"}
    assert (project.top / "changed").read_text() == "1"


def test_a_store_that_is_no_database_is_begun_anew(tmp_path: Path) -> None:
    project = changed(tmp_path)
    project.store.database.close()
    (tmp_path / "kept" / "kept.db").write_bytes(b"nonsense" * 1000)
    again = Project(tmp_path)
    assert again.points() == []
    with again.command("do it"):
        (again.top / "changed").write_text("3")
    again.back("do it")
    assert (again.top / "changed").read_text() == "2"
