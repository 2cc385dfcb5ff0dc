"""A session that is opened in one task and closed in another, as in fixtures of pytest-asyncio."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import anyio
import pytest

from qwen_dual import host
from tests.host.support import HERE, environment, on_asyncio, on_both, on_trio, run
from tests.support.program import COMMAND

if TYPE_CHECKING:
    from pathlib import Path

FAKE = [sys.executable, "-S", str(HERE / "fake.py")]


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@on_trio
def test_another_task_may_close_it(backend: str, tmp_path: Path) -> None:
    async def main() -> None:
        sessions: list[host.Session] = []

        async def begin() -> None:
            sessions.append(
                await host.Session.open(
                    [*COMMAND, "--offline"], cwd=tmp_path, env=environment(tmp_path)
                )
            )

        async def end() -> None:
            await sessions[0].aclose()

        async with anyio.create_task_group() as group:
            group.start_soon(begin)
        session = sessions[0]
        result = await session.run("say 3 words", timeout=30)
        assert len(result.text.split()) == 3
        async with anyio.create_task_group() as group:
            group.start_soon(end)
            group.start_soon(end)
        assert session.exit == host.Exit(status=0)
        assert gone(session.pid)
        await session.aclose()

    run(backend, main)


def test_a_fixture_may_open_and_close_it_in_tasks_of_their_own(tmp_path: Path) -> None:
    """As pytest-asyncio does: each step of a fixture is a task of its own on one loop."""

    async def fixture() -> host.Session:
        return await host.Session.open(
            [*COMMAND, "--offline"], cwd=tmp_path, env=environment(tmp_path)
        )

    with asyncio.Runner() as runner:
        session = runner.run(fixture())
        result = runner.run(session.run("say 2 words"))
        runner.run(session.aclose())
        assert len(result.text.split()) == 2
        assert asyncio.all_tasks(runner.get_loop()) == set()
    assert gone(session.pid)


@on_both
def test_a_start_that_fails_leaves_nothing(backend: str) -> None:
    async def main() -> None:
        with pytest.raises(host.SpawnFailed):
            await host.Session.open(["/no/such/program"])
        with pytest.raises(host.StartTimeout):
            await host.Session.open([*FAKE, "says_nothing"], channel="socket", start_timeout=0.1)
        if backend == "asyncio":
            assert len(asyncio.all_tasks()) == 1

    run(backend, main)


@on_both
def test_a_start_that_is_cancelled_leaves_nothing(backend: str) -> None:
    async def main() -> None:
        with anyio.move_on_after(0.2) as scope:
            await host.Session.open([*FAKE, "says_nothing"], channel="socket")
        assert scope.cancelled_caught
        if backend == "asyncio":
            assert len(asyncio.all_tasks()) == 1

    run(backend, main)


@on_asyncio
def test_what_the_hosts_own_answer_raises_comes_out_where_it_is_closed(
    backend: str, tmp_path: Path
) -> None:
    def broken(request: host.Request) -> bool:
        raise LookupError(request.tool_name)

    async def main() -> None:
        session = await host.Session.open(
            [*COMMAND, "--offline"],
            cwd=tmp_path,
            env=environment(tmp_path),
            on_approval=broken,
        )
        try:
            assert (await session.run("run touch x")).stop_reason == "interrupted"
        except host.SessionExited:
            pass  # it was gone before the result was there
        await session.wait_closed()
        with pytest.raises(LookupError):
            await session.aclose()
        await session.aclose()
        assert gone(session.pid)

    run(backend, main)
