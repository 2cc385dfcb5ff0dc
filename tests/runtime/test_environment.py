"""What is told of the place: git branch, system prompt, short paths."""

from __future__ import annotations

from qwen_dual.runtime.environment import git_changes, system_prompt


def test_the_system_prompt_names_folder_and_branch() -> None:
    assert "Folder: /x (git branch main)" in system_prompt("/x", "main")
    assert "Folder: /x (not a git repository)" in system_prompt("/x", None)


def test_changed_files_are_told_and_outside_git_there_is_nothing_to_say() -> None:
    assert [git_changes(count) for count in (None, 0, 1, 2)] == [
        "",
        "clean",
        "1 changed file",
        "2 changed files",
    ]
