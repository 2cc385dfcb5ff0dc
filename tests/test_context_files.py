"""Context files: which count, in which order, and how much of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.context_files import MAX_CHARS, as_prompt, context_files

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
