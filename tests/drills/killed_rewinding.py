"""Goes back with files and conversation, killed at each write; prints what the next start finds.

A program of its own: ``python -m tests.drills.killed_rewinding PLACE STEP [FIRST]``. With ``FIRST`` it is
killed at that write, and the start that puts it right at each of its own. With a ``STEP`` of 0 it goes back over
many files, and is killed from outside when as many of them as ``FIRST`` says are left.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.core.actor import INPUT, KEYBOARD
from qwen_dual.protocol.commands import parse_command
from qwen_dual.runtime import factory
from qwen_dual.runtime.spec import SessionSpec
from tests.runtime.support import Log
from tests.support.killing import Fault, at_each_write, in_child, killed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from qwen_dual.runtime.opened import OpenSession

FILES = {"changed": "old\n", "deleted": "old\n"}
COMMAND = "echo new > changed; rm deleted; mkdir sub; echo new > sub/made"
MANY = "mkdir sub; for i in $(seq 100); do echo $i > sub/$i; done; echo new > changed; rm deleted"
PROMPTS = ["first", "second", "third"]


@asynccontextmanager
async def session(
    place: Path, command: str = "", **spec: Any
) -> AsyncIterator[tuple[OpenSession, Log]]:
    """A session in ``place`` whose model runs ``command`` when it is asked for the second time."""
    said = {"blocks": [{"type": "text", "text": "done"}]}
    call = {"name": "run_shell_command", "input": {"command": command, "is_background": False}}
    script = place / "script.jsonl"
    if not script.exists():
        lines = [said, {"blocks": [{"type": "tool_use", **call}]}, said, said]
        script.write_text("".join(json.dumps(line) + "\n" for line in lines))
    home, work = place / "home", place / "work"
    env = {"PATH": "/usr/bin:/bin", "QWEN_HOME": str(home), "HOME": str(place)}
    made = SessionSpec(
        cwd=str(work), env=env, offline_script=str(script), approval_mode="yolo", **spec
    )
    log = Log()
    factory.SAVE_SECONDS = 3600  # by no clock, so that the writes are the same each time
    handle = factory.SessionFactory().open(made, [log])
    with anyio.fail_after(50):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(handle.run)
            handle.attach()
            yield handle, log
            handle.request_close()
        await handle.aclose()


def tree(work: Path) -> dict[str, str]:
    """The files with what they hold."""
    return {str(at.relative_to(work)): at.read_text() for at in work.rglob("*") if at.is_file()}


def kill_from_outside(work: Path, left: int, act: Callable[[], Awaitable[Any]]) -> None:
    """Kills ``act`` when so many files are left in a folder of many."""

    def watch(pid: int) -> None:
        until = time.monotonic() + 50
        with contextlib.suppress(FileNotFoundError):  # it was done before it could be killed
            while len(os.listdir(work / "sub")) > left and time.monotonic() < until:
                os.sched_yield()
        os.kill(pid, signal.SIGKILL)

    in_child(act, watch)


def main(place: Path, step: int, first: int | None = None) -> None:
    """Prints a line for each write."""
    work = place / "work"
    work.mkdir(parents=True)
    for name, text in FILES.items():
        (work / name).write_text(text)

    async def prepare() -> tuple[dict[str, str], str]:
        async with session(place, COMMAND if step else MANY) as (handle, log):
            for number, prompt in enumerate(PROMPTS, 1):
                handle.submit(prompt, KEYBOARD)
                await log.results(number)
            points = handle.parts.session.points
            return tree(work), next(point.uuid for point in points if point.text == "second")

    after, to = in_child(prepare)

    async def send(handle: OpenSession, log: Log) -> dict[str, Any]:
        """Sends the command by which one goes back; its receipt."""
        line = {"type": "rewind", "id": "R", "to": to, "conversation": True, "files": True}
        handle.dispatcher(INPUT).command(parse_command(json.dumps(line).encode()))
        told = await log.until(lambda event: event.get("subtype") == "command_receipt")
        await handle.parts.session.drained()
        return dict(told["data"])

    async def go_back(fault: Fault, at: int) -> None:
        async with session(place, resume_last=True) as (handle, log):
            await handle.load()
            fault.arm(at)
            await send(handle, log)

    async def look() -> dict[str, Any]:
        async with session(place, resume_last=True) as (handle, log):
            await handle.load()
            points = [point.text for point in handle.parts.session.points]
            files = tree(work)
            told = [event["data"]["text"] for event in log.of("notice")]
            left = [path.name for path in (place / "home").rglob("going")]
            receipt = await send(handle, log)
        whole = {"conversation": points == PROMPTS, "files": files == after}
        back = {"conversation": points == ["first"], "files": files == FILES}
        return {"whole": whole, "back": back, "told": told, "left": left, "receipt": receipt}

    async def start(fault: Fault, at: int) -> None:
        async with session(place, resume_last=True) as (handle, _):
            fault.arm(at)
            await handle.load()

    if step == 0:
        assert first is not None
        kill_from_outside(work, first, lambda: go_back(Fault(), 0))
        print(json.dumps([first, in_child(look)]))
        return
    if first is not None:
        assert killed(go_back, first)
    run = go_back if first is None else start
    for number, found in at_each_write(place, run, look, step):
        print(json.dumps([number, found]), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
