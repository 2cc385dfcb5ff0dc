"""What going back leaves as it is: what cannot be kept or read, and repositories."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from qwen_dual.rewind.bounds import Bounds
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


def test_large_files_are_said_and_left(tmp_path: Path) -> None:
    project = Project(tmp_path, Bounds(walked_bytes=1 << 20, named_bytes=2 << 20))
    large = project.top / "large"
    large.write_bytes(b"x" * (1 << 20) + b"1")
    with project.command("do it"):
        large.write_bytes(b"y" * (1 << 20) + b"2")
        (project.top / "small").write_text("made")
    assert "larger than 1 MiB" in project.shown("do it")["large"].blocked
    assert "larger than 1 MiB" in project.back("do it").left[0].why
    assert tree(project.top)["large"] == (0o644, b"y" * (1 << 20) + b"2")
    with project.edit("named", large):
        large.write_bytes(b"small")
    project.back("named")
    assert large.stat().st_size == (1 << 20) + 1


def test_what_is_there_now_and_cannot_be_kept_is_not_overwritten(tmp_path: Path) -> None:
    project = Project(tmp_path, Bounds(walked_bytes=100, named_bytes=100))
    file = project.top / "file"
    file.write_text("small")
    with project.command("do it"):
        file.write_bytes(b"x" * 200)
    assert "could not be had back" in project.shown("do it")["file"].blocked
    project.back("do it", overwrite=[file])
    assert file.stat().st_size == 200


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_left(project: Project) -> None:
    secret = project.top / "secret"
    secret.write_text("1")
    secret.chmod(0)
    with project.command("do it"):
        secret.unlink()
        secret.write_text("2")
    assert "cannot be read" in project.shown("do it")["secret"].blocked


def test_a_pipe_in_the_place_of_a_file_holds_up_nothing(project: Project) -> None:
    file = project.top / "file"
    file.write_text("1")
    with project.command("do it"):
        file.unlink()
        os.mkfifo(file)
        os.mkfifo(project.top / "made")
    blocked = [shown.blocked for shown in project.shown("do it").values()]
    assert ["it is no regular file" in why for why in blocked] == [True, True]
    assert len(project.back("do it").left) == 2


def test_no_name_is_too_odd(project: Project) -> None:
    odd = os.fsencode(project.top) + b"/\xff\n $(id) '\xe2\x80\xae"
    with project.command("do it"), open(odd, "wb") as file:
        file.write(b"1")
    assert project.points()[0].files == (os.fsdecode(odd),)
    project.back("do it")
    assert tree(project.top) == {}


def test_a_rebase_and_other_repositories_are_left_alone(project: Project, tmp_path: Path) -> None:
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "GIT_CONFIG_NOSYSTEM": "1",
        **{
            f"GIT_{who}_{what}": "x@y"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        },
    }

    def git(*arguments: str) -> None:
        subprocess.run(
            ["git", *arguments], cwd=project.top, env=env, capture_output=True, check=False
        )

    file, inner = project.top / "file", project.top / "inner"
    git("init", "-q", "-b", "main")
    for text in ("1", "2"):
        file.write_text(text)
        git("add", ".")
        git("commit", "-qm", text)
    git("checkout", "-qb", "side", "HEAD~")
    file.write_text("3")
    git("commit", "-qam", "3")
    git("rebase", "main")
    assert (project.top / ".git" / "rebase-merge").is_dir()
    subprocess.run(["git", "init", "-q", str(inner)], env=env, check=True)
    (inner / "own").write_text("1")
    subprocess.run(["git", "init", "-q", "--bare", str(project.top / "bare")], env=env, check=True)
    state, before = tree(project.top / ".git"), file.read_bytes()
    with project.command("do it"):
        file.write_text("resolved")
        (inner / "own").write_text("2")
        (project.top / "bare" / "HEAD").write_text("ref: refs/heads/x\n")
    assert set(project.shown("do it")) == {"file"}
    project.back("do it")
    assert file.read_bytes() == before
    assert (inner / "own").read_text() == "2"
    assert tree(project.top / ".git") == state


def test_nothing_of_the_folder_is_run_and_no_filter_changes_a_byte(project: Project) -> None:
    ran = project.place / "ran"
    git = project.top / ".git"
    subprocess.run(["git", "init", "-q", str(project.top)], check=True, capture_output=True)
    command = f"touch {ran}; cat"
    (git / "config").write_text(
        f'[core]\n fsmonitor = "{command}"\n autocrlf = true\n[filter "f"]\n clean = "{command}"\n'
        f' smudge = "{command}"\n required = true\n'
    )
    (project.top / ".gitattributes").write_text("* text=auto eol=lf filter=f ident\n")
    file = project.top / "file"
    file.write_bytes(b"a\r\nb\n$Id$\r\n")
    with project.command("do it"):
        file.write_bytes(b"other")
    project.back("do it")
    assert file.read_bytes() == b"a\r\nb\n$Id$\r\n"
    assert not ran.exists()
