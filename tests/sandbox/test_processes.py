"""Commands in a sandbox end, are ended and go on as those without one."""

from __future__ import annotations

import itertools
import os
import signal
import time
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.tools.toolset import toolset
from tests.support.contexts import Around, context
from tests.support.processes import running
from tests.support.waiting import wait_until
from tests.tools.support import call, tool_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from qwen_dual.sandbox.confine import Sandbox
    from qwen_dual.sandbox.policy import Backend
    from qwen_dual.tools.job import Task
    from tests.sandbox.support import Place


@pytest.mark.parametrize(
    ("command", "code", "number"),
    [("exit 3", "3", "(none)"), ("kill -9 $$", "(none)", "SIGKILL"), ("exit 255", "255", "(none)")],
)
def test_the_way_it_ended_is_the_same(
    place: Place, backend: Backend, command: str, code: str, number: str
) -> None:
    text = place.run(place.sandbox(backend), command).text
    assert f"Exit Code: {code}\nSignal: {number}\n" in text


_numbers = itertools.count()


def a_sleep() -> str:
    """A command that no other test looks for: each runs in two sandboxes, perhaps at the same time."""
    return f"sleep {os.getpid()}.{next(_numbers)}5"


def test_a_timeout_lets_it_clean_up_and_then_ends_all_of_it(place: Place, backend: Backend) -> None:
    tools, sleep = place.tools(place.sandbox(backend)), a_sleep()
    (place.workspace / "out").touch()
    command = (
        f"trap 'echo cleaned > out; exit 4' TERM; setsid sh -c 'trap \"\" TERM; exec {sleep}' & "
        "while :; do sleep 0.05; done"
    )
    result = call(tools, "run_shell_command", command=command, timeout=2000)
    assert "timed out after 2000 ms" in result.text and "Exit Code: 4" in result.text
    assert (place.workspace / "out").read_text() == "cleaned\n"
    wait_until(lambda: not running(*sleep.split()), "the end of what escaped")


def test_an_interrupt_ends_it(place: Place, backend: Backend) -> None:
    tools, sleep = place.tools(place.sandbox(backend)), a_sleep()

    async def main() -> None:
        async with anyio.create_task_group() as group:

            def report(text: str) -> None:
                group.cancel_scope.cancel()

            arguments = {"command": f"echo on; exec {sleep}"}
            await tool_of(tools, "run_shell_command").prepare(arguments).run(context(report))

    begun = time.monotonic()
    anyio.run(main)
    assert time.monotonic() - begun < 20
    wait_until(lambda: not running(*sleep.split()), "the end of the command")


class Background:
    """Tools whose commands in the background tell their end."""

    def __init__(self, place: Place, sandbox: Sandbox) -> None:
        self.around = Around()
        self.tools = toolset(place.workspace, os.environ, sandbox=sandbox)
        place.made.append(self.tools)

    async def ended(self) -> Task:
        await self.around.notice()
        return self.tools.tasks()[0]

    async def run(self, command: str, **more: Any) -> str:
        arguments = {"command": command, **more}
        call = tool_of(self.tools, "run_shell_command").prepare(arguments)
        return (await call.run(self.around.context())).text


def play(place: Place, sandbox: Sandbox, script: Callable[[Background], Awaitable[None]]) -> None:
    async def main() -> None:
        back = Background(place, sandbox)
        async with back.around.running():
            await script(back)

    anyio.run(main)


def test_a_background_command_outlives_its_call_and_the_thread_that_began_it(
    place: Place, backend: Backend
) -> None:
    sandbox = place.sandbox(backend)
    (place.workspace / "d").mkdir()

    async def script(back: Background) -> None:
        await back.run("until [ -e d/go ]; do sleep 0.02; done; exit 5", is_background=True)
        (place.workspace / "d/go").touch()
        task = await back.ended()
        assert (task.state, task.exit_code) == ("exited", 5)

    play(place, sandbox, script)


def test_the_model_ends_a_background_command_as_it_was_told(place: Place, backend: Backend) -> None:
    sandbox, sleep = place.sandbox(backend), a_sleep()

    async def script(back: Background) -> None:
        await back.run(sleep, is_background=True)
        group = back.tools.tasks()[0].id
        wait_until(lambda: bool(running(*sleep.split())), "its start")
        said = await back.run(f"kill -- -{group}")
        assert said == f"Sent SIGTERM to the process group {group}."
        assert (await back.ended()).exit_code == -signal.SIGTERM

    play(place, sandbox, script)


def test_a_task_is_stopped_and_the_end_of_the_session_leaves_nothing(
    place: Place, backend: Backend
) -> None:
    sandbox, sleep = place.sandbox(backend), a_sleep()

    async def script(back: Background) -> None:
        await back.run("exec sleep 4567.8", is_background=True)
        assert back.tools.stop_task(back.tools.tasks()[0].id)
        assert (await back.ended()).state == "stopped"
        await back.run(f"{sleep} >/dev/null 2>&1 & echo left")
        wait_until(lambda: bool(running(*sleep.split())), "its start")
        await back.tools.aclose()
        wait_until(lambda: not running(*sleep.split()), "its end")

    play(place, sandbox, script)


def test_a_sandbox_that_cannot_be_set_up_says_so(place: Place) -> None:
    sandbox = place.sandbox("bwrap")
    tools = place.tools(sandbox)
    missing = os.path.join(place.home, ".ssh", "below")
    os.makedirs(missing)
    result = call(tools, "run_shell_command", command="true", directory=missing)
    assert result.is_error and "the sandbox could not be set up" in result.text
    assert "bwrap: " in result.text
