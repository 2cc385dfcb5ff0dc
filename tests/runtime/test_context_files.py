"""Context files: which count, in which order, and how much of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.runtime.context_files import (
    MAX_BYTES,
    MAX_CHARS,
    as_prompt,
    context_files,
    project_files,
)
from tests.support.users import NOBODY, OTHER, as_root, in_child, shared_folder

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_the_users_file_comes_first_then_the_repositorys_from_its_root_down(tmp_path: Path) -> None:
    home, root = tmp_path / "home", tmp_path / "repo"
    folder = root / "a" / "b"
    folder.mkdir(parents=True)
    (root / ".git").mkdir()
    write(tmp_path / "QWEN.md", "outside the repository")
    expected = [
        write(home / "QWEN.md", "mine"),
        write(root / "QWEN.md", "root"),
        write(root / "AGENTS.md", "agents"),
        write(root / "a" / "AGENTS.md", "a"),
        write(folder / "QWEN.md", "b"),
    ]
    write(home / "AGENTS.md", "not the user's name for it")
    found = context_files(str(folder), str(home))
    assert [file.path for file in found] == [str(path) for path in expected]
    prompt = as_prompt(found)
    assert prompt.index("\nmine") < prompt.index("\nroot") < prompt.index("\nagents")


def test_outside_a_repository_only_the_folders_own_files_count(tmp_path: Path) -> None:
    write(tmp_path / "QWEN.md", "above")
    (tmp_path / "work").mkdir()
    assert context_files(str(tmp_path / "work"), str(tmp_path / "none")) == []
    write(tmp_path / "work" / "AGENTS.md", "here")
    assert [file.text for file in context_files(str(tmp_path / "work"), "/none")] == ["here"]


def test_a_file_that_is_another_by_a_link_counts_once(tmp_path: Path) -> None:
    write(tmp_path / "QWEN.md", "text")
    (tmp_path / "AGENTS.md").symlink_to("QWEN.md")
    assert len(context_files(str(tmp_path), "/none")) == 1


def test_a_long_file_is_cut_and_says_so(tmp_path: Path) -> None:
    write(tmp_path / "QWEN.md", "x" * (MAX_CHARS + 7))
    [file] = context_files(str(tmp_path), "/none")
    assert file.cut == 7
    assert file.text.endswith("[… 7 characters of this file are left out …]")


def test_folders_empty_files_and_other_names_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "QWEN.md").mkdir()
    write(tmp_path / "AGENTS.md", " \n")
    write(tmp_path / "NOTES.md", "mine")
    assert context_files(str(tmp_path), "/none") == []
    assert [file.text for file in context_files(str(tmp_path), "/none", ["NOTES.md"])] == ["mine"]
    assert as_prompt([]) == ""


def refusals(folder: Path, **options: Any) -> list[str]:
    told: list[str] = []
    assert context_files(str(folder), "/none", on_refused=told.append, **options) == []
    return told


@pytest.mark.parametrize("target", ["/proc/self/environ", "../id_rsa", "/dev/zero"])
def test_a_link_out_of_the_repository_is_left_out_and_told(tmp_path: Path, target: str) -> None:
    write(tmp_path / "id_rsa", "secret")
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    (tmp_path / "repo" / "AGENTS.md").symlink_to(target)
    [why] = refusals(tmp_path / "repo")
    assert "is a symbolic link that leads out of" in why


def test_a_link_within_the_repository_is_followed(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    write(tmp_path / "docs" / "agents.md", "shared")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "AGENTS.md").symlink_to("../docs/agents.md")
    assert [file.text for file in context_files(str(tmp_path / "sub"), "/none")] == ["shared"]


def test_the_users_own_file_may_be_a_link_anywhere(tmp_path: Path) -> None:
    write(tmp_path / "dotfiles" / "QWEN.md", "mine")
    (tmp_path / "home").mkdir()
    (tmp_path / "work").mkdir()
    (tmp_path / "home" / "QWEN.md").symlink_to("../dotfiles/QWEN.md")
    found = context_files(str(tmp_path / "work"), str(tmp_path / "home"))
    assert [file.text for file in found] == ["mine"]


def test_a_file_that_rules_keep_from_the_model_is_left_out(tmp_path: Path) -> None:
    write(tmp_path / "secret", "secret")
    (tmp_path / "AGENTS.md").symlink_to("secret")
    [why] = refusals(tmp_path, hidden=lambda path, real: real.endswith("/secret"))
    assert "a permission rule keeps it from the model" in why
    assert refusals(tmp_path, hidden=lambda path, real: path.endswith("/AGENTS.md"))


def test_a_pipe_holds_nothing_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "AGENTS.md")
    [why] = refusals(tmp_path)
    assert "is a named pipe" in why


def test_no_more_than_a_bounded_part_of_a_huge_file_is_read(tmp_path: Path) -> None:
    with (tmp_path / "AGENTS.md").open("w") as huge:
        huge.write("x" * MAX_BYTES)
        huge.truncate(1 << 40)
    [file] = context_files(str(tmp_path), "/none")
    assert len(file.text) < MAX_CHARS + 100
    assert file.cut == (1 << 40) - MAX_CHARS


@as_root
def test_another_users_repository_above_and_its_files_do_not_count() -> None:
    with shared_folder() as base:
        work = base / "work"
        (base / ".git").mkdir()
        work.mkdir()
        write(base / "AGENTS.md", "theirs")
        write(work / "AGENTS.md", "mine")
        for path in (base / ".git", base / "AGENTS.md"):
            os.chown(path, OTHER, OTHER)
        for path in (work, work / "AGENTS.md"):
            os.chown(path, NOBODY, NOBODY)

        def as_nobody() -> str:
            return " ".join(file.text for file in context_files(str(work), "/none"))

        assert in_child(NOBODY, as_nobody) == "mine"


@as_root
def test_another_users_file_in_ones_own_repository_is_told(tmp_path: Path) -> None:
    write(tmp_path / "AGENTS.md", "theirs")
    os.chown(tmp_path / "AGENTS.md", NOBODY, NOBODY)
    assert refusals(tmp_path) == [
        f"{tmp_path}/AGENTS.md belongs to another user (uid {NOBODY}); the file is left out"
    ]


def test_a_folder_that_is_gone_holds_none(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone")
    assert context_files(gone, str(tmp_path / "home"), trusted=True) == []
    assert project_files(gone) == []
