"""The paths behind ``@``: what is listed, and what a key gets of it at once."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.tools.file_index import FileIndex
from qwen_dual.tools.file_listing import FIRST_NEWS, list_paths
from qwen_dual.tools.filters import Filters
from qwen_dual.tools.mentions import candidates
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not there")


def make(root: Path, *paths: str) -> None:
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


def listed(root: Path) -> list[str]:
    return list_paths(str(root), threading.Event(), env=os.environ, trusted=True)


def git(root: Path, *arguments: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


def test_files_and_folders_are_listed_the_highest_first(workspace: Path) -> None:
    make(workspace, "b.py", "a/b/c.py", "a/d.py", ".hidden")
    assert listed(workspace) == [".hidden", "a/", "b.py", "a/b/", "a/d.py", "a/b/c.py"]


@pytest.mark.parametrize("repository", [False, pytest.param(True, marks=needs_git)])
def test_what_is_ignored_is_left_out_with_git_and_without(
    workspace: Path, repository: bool
) -> None:
    make(workspace, "a.py", "a.log", "build/x.py", "secret/key", "kept/note", "kept/note.private")
    (workspace / ".gitignore").write_text("*.log\nbuild/\n")
    (workspace / ".qwenignore").write_text("secret/\n")
    (workspace / "kept" / ".qwenignore").write_text("*.private\n")
    if repository:
        git(workspace, "init", "-q")
        git(workspace, "add", "a.py")
    assert listed(workspace) == [
        ".gitignore",
        ".qwenignore",
        "a.py",
        "kept/",
        "kept/.qwenignore",
        "kept/note",
    ]


@needs_git
def test_a_repository_is_listed_as_it_stands_on_the_disk(workspace: Path) -> None:
    make(workspace, "gone.py", "kept.py", "ünï code.py")
    git(workspace, "init", "-q")
    git(workspace, "add", ".")
    (workspace / "gone.py").unlink()
    make(workspace, "new.py")
    assert listed(workspace) == ["kept.py", "new.py", "ünï code.py"]


@needs_git
def test_a_listing_runs_no_program_that_a_repository_names(workspace: Path) -> None:
    make(workspace, "a.py")
    git(workspace, "init", "-q")
    script = workspace.parent / "script"
    script.write_text(f"#!/bin/sh\ntouch {workspace.parent}/ran\n")
    script.chmod(0o755)
    git(workspace, "config", "core.fsmonitor", str(script))
    assert "a.py" in listed(workspace)
    assert not (workspace.parent / "ran").exists()


@needs_git
def test_repositories_within_a_repository_are_listed_too(workspace: Path) -> None:
    make(workspace, "a.py", "inner/b.py")
    git(workspace / "inner", "init", "-q")
    git(workspace, "init", "-q")
    assert listed(workspace) == ["a.py", "inner/", "inner/b.py"]


@needs_git
def test_a_workspace_that_its_repository_ignores_is_listed(workspace: Path) -> None:
    make(workspace, "inner/b.py")
    (workspace / ".gitignore").write_text("inner/\n")
    git(workspace, "init", "-q")
    assert listed(workspace / "inner") == ["b.py"]


def test_names_that_no_prompt_can_hold_are_left_out(workspace: Path) -> None:
    make(workspace, "a b.py", "a\nb.py", "a\x1b[31mb.py")
    os.close(os.open(os.fsencode(workspace) + b"/\xff.py", os.O_CREAT))
    assert listed(workspace) == ["a b.py"]


def test_the_number_of_paths_is_bounded(workspace: Path) -> None:
    make(workspace, *(f"f{number}" for number in range(20)))
    assert len(list_paths(str(workspace), threading.Event(), env=os.environ, most=5)) == 5


def test_a_long_walk_tells_what_it_has_so_far(workspace: Path) -> None:
    for number in range(FIRST_NEWS + 10):
        (workspace / f"f{number}").touch()
    told: list[int] = []
    paths = list_paths(
        str(workspace), threading.Event(), env={}, news=lambda some: told.append(len(some))
    )
    assert told == [FIRST_NEWS]
    assert len(paths) == FIRST_NEWS + 10


class Asked:
    """An index that runs, and the moments at which its answer changed."""

    def __init__(self, root: Path) -> None:
        self.time = 0.0
        self.index = FileIndex(root, lambda: os.environ, now=lambda: self.time)
        self.changed = threading.Semaphore(0)
        self.index.on_change = self.changed.release

    def values(self, query: str, limit: int = 20) -> list[str]:
        return [choice.value for choice in self.index.suggest(query, limit)]

    async def news(self) -> None:
        """Waits for the next change."""
        await until(lambda: self.changed.acquire(blocking=False), "news")


def ask(root: Path, main: Callable[[Asked], Awaitable[None]]) -> None:
    async def run() -> None:
        asked = Asked(root)
        async with anyio.create_task_group() as group:
            group.start_soon(asked.index.run)
            await main(asked)
            group.cancel_scope.cancel()

    anyio.run(run)


def test_the_first_question_starts_the_listing_and_the_next_has_it(workspace: Path) -> None:
    make(workspace, "src/main.py", "README.md")

    async def main(asked: Asked) -> None:
        assert asked.values("main") == []
        await asked.news()
        assert asked.values("main") == ["src/main.py"]
        assert asked.values("src") == ["src/", "src/main.py"]
        assert asked.values("", 5) == ["README.md", "src/"]
        assert asked.values("", 1) == ["README.md"]
        assert asked.values("nothing") == []

    ask(workspace, main)


def test_what_was_listed_long_ago_is_listed_anew(workspace: Path) -> None:
    make(workspace, "old.py")

    async def main(asked: Asked) -> None:
        asked.values("py")
        await asked.news()
        make(workspace, "new.py")
        asked.time += 0.1
        assert asked.values("py") == ["old.py"]
        asked.time += 60
        assert asked.values("py") == ["old.py"]  # at once, with what is known
        await asked.news()
        assert sorted(asked.values("py")) == ["new.py", "old.py"]

    ask(workspace, main)


def test_a_long_search_goes_on_in_a_thread_and_tells_when_it_is_done(workspace: Path) -> None:
    make(workspace, "x/needle.py")

    async def main(asked: Asked) -> None:
        asked.values("n")
        await asked.news()
        many = [f"a/b/c/d/e/f/{number:07}n{'e' * 80}d" for number in range(60_000)]
        asked.index._set_paths([*many, "x/needle.py"])
        await asked.news()
        first = asked.values("needle")
        while not first:
            await asked.news()
            first = asked.values("needle")
        assert first == ["x/needle.py"]

    ask(workspace, main)


def test_a_path_can_be_mentioned_as_it_is_suggested(workspace: Path) -> None:
    names = ["~tilde.py", "plain.py"]
    make(workspace, *names)

    async def main(asked: Asked) -> None:
        asked.values("py")
        await asked.news()
        found = asked.values("py")
        assert sorted(found) == ["./~tilde.py", "plain.py"]
        for path in found:
            assert candidates(f"look at @{path} please") == [[path]]

    ask(workspace, main)


def test_a_folder_that_is_gone_has_no_paths(workspace: Path) -> None:
    assert listed(workspace / "nowhere") == []


def test_the_settings_say_which_ignore_files_count_and_whether_folders_are_looked_into(
    tmp_path: Path,
) -> None:
    (tmp_path / "in").mkdir()
    for name in ("in/a.txt", "b.log", "c.key"):
        (tmp_path / name).write_text("x")
    (tmp_path / ".gitignore").write_text("*.log\n")
    (tmp_path / ".qwenignore").write_text("*.key\n")
    root, gone = str(tmp_path), threading.Event()
    dots = [".gitignore", ".qwenignore"]
    assert list_paths(root, gone, env=os.environ) == [*dots, "in/", "in/a.txt"]
    assert list_paths(root, gone, env=os.environ, filters=Filters(gitignore=False)) == [
        *dots,
        "b.log",
        "in/",
        "in/a.txt",
    ]
    assert "c.key" in list_paths(root, gone, env=os.environ, filters=Filters(qwenignore=False))
    assert list_paths(root, gone, env=os.environ, recursive=False) == [*dots, "in/"]


def test_a_listing_that_fails_is_made_again_and_ends_nothing(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workspace / "a.py").touch()
    monkeypatch.setattr("qwen_dual.tools.file_index.STALE_SECONDS", 0.0)
    failures = [RuntimeError("can't start new thread"), RecursionError()]

    def listing(*arguments: Any, **options: Any) -> list[str]:
        if failures:
            raise failures.pop()
        return list_paths(*arguments, **options)

    monkeypatch.setattr("qwen_dual.tools.file_index.list_paths", listing)

    async def main() -> None:
        index = FileIndex(workspace, dict)
        async with anyio.create_task_group() as group:
            group.start_soon(index.run)
            await until(lambda: index.suggest("a", 5), "a suggestion")
            group.cancel_scope.cancel()

    anyio.run(main)
    assert not failures
