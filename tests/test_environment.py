"""What is told of the place: git branch, system prompt, short paths."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from qwen_dual.environment import git_branch, git_changes, short_path, system_prompt

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("ref: refs/heads/main\n", "main"),
        ("ref: refs/heads/feature/x\n", "feature/x"),
        ("0123456789abcdef0123456789abcdef01234567\n", "0123456"),
        ("", None),
    ],
)
def test_the_branch_is_read_from_the_nearest_repository(
    tmp_path: Path, head: str, expected: str | None
) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text(head)
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert git_branch(str(below)) == expected


def test_a_worktree_names_its_own_head(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (real / "HEAD").write_text("ref: refs/heads/topic\n")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / ".git").write_text(f"gitdir: {real}\n")
    assert git_branch(str(tree)) == "topic"


def test_a_repository_that_cannot_be_read_has_no_branch(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert git_branch(str(tmp_path)) is None


def test_the_system_prompt_names_folder_and_branch(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    assert f"Folder: {tmp_path} (git branch main)" in system_prompt(str(tmp_path))


def test_the_home_directory_is_shortened() -> None:
    home = os.path.expanduser("~")
    assert short_path(os.path.join(home, "x")) == "~/x"
    assert short_path("/elsewhere") == "/elsewhere"


def test_changed_files_are_counted_and_outside_git_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert git_changes(str(tmp_path)) == ""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert git_changes(str(tmp_path)) == "clean"
    (tmp_path / "a").write_text("x")
    assert git_changes(str(tmp_path)) == "1 changed file"
    (tmp_path / "b").write_text("x")
    assert git_changes(str(tmp_path)) == "2 changed files"
