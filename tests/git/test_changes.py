"""The mark for a changed work tree: when git is asked, and when it is left alone."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import anyio

from qwen_dual.git.changes import PATIENCE, PAUSE, SECONDS, SHARE, Changes
from tests.git.hostile import git

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path


ENV = {"HOME": "/home/me"}


class Git:
    """Answers as it is told to, on a clock of its own."""

    def __init__(self, *counts: int | None, takes: float = 0.0) -> None:
        self.counts = list(counts)
        self.takes = takes
        self.asked = 0
        self.time = 0.0
        self.pauses: list[float] = []
        self.trusted = True
        self.told: list[bool] = []
        self.changes = Changes(
            "/w",
            lambda: ENV,
            lambda: self.trusted,
            lambda: self.told.append(self.changes.seen),
            look=self.look,
            pause=self.pause,
            now=lambda: self.time,
        )
        self.done = anyio.Event()

    def look(
        self, folder: str, env: Mapping[str, str], seconds: float, gone: threading.Event
    ) -> int | None:
        assert (folder, env, seconds) == ("/w", ENV, SECONDS)
        self.asked += 1
        self.time += self.takes
        return self.counts.pop(0)

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.done.set()

    async def ask(self) -> None:
        self.done = anyio.Event()
        self.changes.look_again()
        with anyio.fail_after(30):
            await self.done.wait()


def play(made: Git, script: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(made.changes.run)
            await script()
            group.cancel_scope.cancel()

    anyio.run(main)


def test_it_is_told_when_changes_come_and_go() -> None:
    made = Git(0, 2, 3, 0)

    async def script() -> None:
        for expected in (False, True, True, False):
            await made.ask()
            assert made.changes.seen == expected

    play(made, script)
    assert made.told == [True, False]
    assert made.pauses == [PAUSE] * 4


def test_nothing_is_asked_where_the_folder_is_not_trusted() -> None:
    made = Git(1)

    async def script() -> None:
        made.trusted = False
        made.changes.look_again()
        await anyio.wait_all_tasks_blocked()
        assert made.asked == 0
        made.trusted = True
        await made.ask()
        assert made.changes.seen
        made.trusted = False
        assert not made.changes.seen

    play(made, script)


def test_a_tree_too_large_for_git_is_given_up_and_has_no_mark() -> None:
    made = Git(1, *[None] * PATIENCE, takes=SECONDS)

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(made.changes.run)
            for _ in range(1 + PATIENCE):
                await made.ask()
        assert not made.changes.seen

    anyio.run(main)  # ends by itself
    assert made.asked == 1 + PATIENCE
    assert made.pauses[0] == SHARE * SECONDS


def test_where_git_has_nothing_to_say_it_is_asked_again() -> None:
    made = Git(*[None] * PATIENCE, 1)

    async def script() -> None:
        for _ in range(PATIENCE + 1):
            await made.ask()
        assert made.changes.seen

    play(made, script)


def test_the_end_of_the_session_ends_what_git_does() -> None:
    ended, begun = threading.Event(), threading.Event()

    def look(_: str, env: object, __: float, gone: threading.Event) -> None:
        begun.set()
        if gone.wait(10):
            ended.set()

    async def main() -> None:
        changes = Changes("/w", dict, lambda: True, lambda: None, look=look)
        async with anyio.create_task_group() as group:
            group.start_soon(changes.run)
            changes.look_again()
            await anyio.to_thread.run_sync(begun.wait, 10)
            group.cancel_scope.cancel()

    anyio.run(main)
    assert ended.wait(10)


def test_a_real_repository(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "a").write_text("x")

    async def main() -> None:
        told = anyio.Event()
        changes = Changes(str(tmp_path), lambda: os.environ, lambda: True, told.set)
        async with anyio.create_task_group() as group:
            group.start_soon(changes.run)
            changes.look_again()
            with anyio.fail_after(30):
                await told.wait()
            assert changes.seen
            group.cancel_scope.cancel()

    anyio.run(main)
