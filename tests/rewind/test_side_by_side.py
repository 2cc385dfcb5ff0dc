"""Sessions that work in one folder at the same time, each with its own way back."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.rewind.kit import Project, tree

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def both(tmp_path: Path) -> tuple[Project, Project]:
    return Project(tmp_path), Project(tmp_path, session="session-2")


def test_each_goes_back_on_its_own(both: tuple[Project, Project]) -> None:
    one, other = both
    with one.command("ours"):
        (one.top / "a").write_text("1")
    with other.command("theirs"):
        (one.top / "b").write_text("1")
    assert [point.text for point in one.points()] == ["ours"]
    one.back("ours")
    assert tree(one.top).keys() == {"b"}
    other.back("theirs")
    assert tree(one.top) == {}


def test_what_either_may_have_done_is_a_conflict(both: tuple[Project, Project]) -> None:
    one, other = both
    with one.command("ours"), other.command("theirs"):
        (one.top / "a").write_text("1")
    assert one.shown("ours")["a"].conflicts == ("other_session",)
    assert other.shown("theirs")["a"].conflicts == ("other_session",)


def test_an_edit_of_one_is_not_the_doing_of_a_command_of_the_other(
    both: tuple[Project, Project],
) -> None:
    one, other = both
    edited = one.top / "edited"
    with one.command("ours"):
        with other.edit("theirs", edited):
            edited.write_text("1")
        (one.top / "made").write_text("1")
    assert set(one.shown("ours")) == {"made"}
    assert set(other.shown("theirs")) == {"edited"}


def test_a_file_that_the_other_changed_since_is_a_conflict(both: tuple[Project, Project]) -> None:
    one, other = both
    file = one.top / "file"
    with one.edit("ours", file):
        file.write_text("1")
    with other.edit("theirs", file):
        file.write_text("2")
    assert one.shown("ours")["file"].conflicts == ("changed_since",)
    assert other.shown("theirs")["file"].conflicts == ()


def test_calls_of_one_session_run_in_parallel(tmp_path: Path) -> None:
    project = Project(tmp_path)
    inside = threading.Barrier(4)

    def call(number: int) -> None:
        with project.command("do it"):
            inside.wait()
            (project.top / f"{number}").write_text("1")

    threads = [threading.Thread(target=call, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shown = project.shown("do it")
    assert {path: file.conflicts for path, file in shown.items()} == {
        str(number): () for number in range(4)
    }
    project.back("do it")
    assert tree(project.top) == {}


def test_two_processes_write_at_once(both: tuple[Project, Project]) -> None:
    def work(project: Project) -> None:
        for number in range(10):
            with project.command(f"{project.session} {number}"):
                (project.top / project.session).write_text(str(number))

    threads = [threading.Thread(target=work, args=(project,)) for project in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for project in both:
        assert len(project.points()) >= 10
