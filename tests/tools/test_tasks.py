"""Commands in the background, and processes that try to outlive their command."""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.fs import family
from qwen_dual.tools.process import ProcessGroup
from tests.support.contexts import Around, context
from tests.support.processes import is_gone
from tests.support.waiting import wait_until
from tests.tools.support import call, cancelled, tool_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from qwen_dual.core.tools.tool import ToolResult
    from qwen_dual.tools.toolset import Toolset

linux = pytest.mark.skipif(not os.path.exists("/proc/self/environ"), reason="/proc is Linux's")


async def shell(tools: Toolset, around: Around, **arguments: Any) -> ToolResult:
    return await tool_of(tools, "run_shell_command").prepare(arguments).run(around.context())


def play(script: Callable[[Around], Awaitable[None]]) -> None:
    async def main() -> None:
        around = Around()
        async with around.running():
            await script(around)

    anyio.run(main)


def test_a_command_in_the_background_is_a_task_until_it_ends(
    workspace: Path, tools: Toolset
) -> None:
    async def script(around: Around) -> None:
        command = "echo one; until [ -e go ]; do sleep 0.01; done; echo two; exit 3"
        await shell(tools, around, command=command, is_background=True)
        [task] = tools.tasks()
        assert (task.command, task.state, task.ended) == (command, "running", None)
        wait_until(lambda: tools.tasks()[0].last_line == "one", "its first line")
        assert around.events == []
        (workspace / "go").touch()
        told = await around.notice()
        assert told == f"The background command {task.id} ended (exit 3): {command}\ntwo"
        [task] = tools.tasks()
        assert (task.outcome, task.exit_code, task.last_line) == ("exit 3", 3, "two")
        assert task.ended is not None and task.ended >= task.started
        assert task.output is not None and Path(task.output).read_text() == "one\ntwo\n"
        assert not tools.stop_task(task.id)

    play(script)


def test_a_task_can_be_stopped(tools: Toolset) -> None:
    async def script(around: Around) -> None:
        await shell(tools, around, command="sleep 1000", is_background=True)
        assert not tools.stop_task(1)
        assert tools.stop_task(tools.tasks()[0].id)
        assert "was stopped: sleep 1000" in await around.notice()
        assert tools.tasks()[0].outcome == "stopped"

    play(script)


def test_a_command_moved_to_the_background_becomes_a_task(workspace: Path, tools: Toolset) -> None:
    async def script(around: Around) -> None:
        def report(_: str) -> None:
            assert tools.tasks() == []
            tools.detach_commands()

        command = "echo early; until [ -e go ]; do sleep 0.01; done"
        call = tool_of(tools, "run_shell_command").prepare({"command": command})
        await call.run(around.context(report))
        assert [task.state for task in tools.tasks()] == ["running"]
        (workspace / "go").touch()
        assert "ended (exit 0)" in await around.notice()

    play(script)


def test_tools_that_ran_nothing_end_without_a_thread(tools: Toolset) -> None:
    async def main() -> None:
        before = threading.active_count()
        await tools.aclose()
        assert threading.active_count() == before

    anyio.run(main)


def test_the_end_of_the_session_tells_of_no_task(tools: Toolset) -> None:
    async def script(around: Around) -> None:
        await shell(tools, around, command="sleep 1000", is_background=True)
        await tools.aclose()
        await anyio.wait_all_tasks_blocked()
        assert around.events == []

    play(script)


ESCAPES = {
    "a session of its own": "setsid sleep 1000 & echo $!",
    "a session of its own, its parents gone": "(setsid sh -c 'echo $$; exec sleep 1000' &)",
    "deaf to SIGTERM": "setsid sh -c 'trap \"\" TERM; echo $$; sleep 1000; sleep 1000' &",
}


@linux
@pytest.mark.parametrize("escape", ESCAPES)
def test_what_left_the_group_is_ended_with_the_command(tools: Toolset, escape: str) -> None:
    result = call(
        tools,
        "run_shell_command",
        command=f"{ESCAPES[escape]}\nuntil [ -e never ]; do sleep 0.1; done",
        timeout=600,
    )
    found = re.search(r"Output: (\d+)", result.text)
    assert found is not None, result.text
    wait_until(lambda: is_gone(int(found.group(1))), "the end of what escaped")


@linux
def test_a_cancelled_command_takes_what_left_the_group_with_it(tools: Toolset) -> None:
    escaped = cancelled(tools, "setsid sh -c 'echo $$; exec sleep 1000' & sleep 1000")
    wait_until(lambda: is_gone(escaped), "the end of what escaped")


@linux
def test_other_processes_are_no_members_of_a_command() -> None:
    assert family.members(2**22 + 1, "no such mark") == []
    assert os.getpid() not in family.members(os.getppid(), "no such mark")


def test_a_command_that_is_being_started_goes_to_the_background_too(
    tools: Toolset, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tool_of(tools, "run_shell_command")
    begin = ProcessGroup.__init__

    def detached_meanwhile(self: ProcessGroup, *args: Any, **more: Any) -> None:
        assert tools.detach_commands() == 0
        begin(self, *args, **more)

    monkeypatch.setattr(ProcessGroup, "__init__", detached_meanwhile)

    async def main() -> ToolResult:
        with anyio.fail_after(30):
            return await tool.prepare({"command": "sleep 1000"}).run(context())

    assert "runs in the background" in anyio.run(main).text
    tools.close()
