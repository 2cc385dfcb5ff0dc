"""Carries out commands with ids, killed at each write; sends them again to the next start, and again.

A program of its own: ``python -m tests.drills.killed_commands PLACE STEP SCENARIO``. Prints, for each write, the
receipts, and how often each prompt was run in all.
"""

from __future__ import annotations

import json
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel

from qwen_dual.chats.paths import is_chat_name
from qwen_dual.core.actor import INPUT, KEYBOARD
from qwen_dual.core.models.model import TextDelta, ToolCallArguments, ToolCallStart
from qwen_dual.protocol.commands import parse_command
from qwen_dual.runtime import factory
from qwen_dual.runtime.spec import SessionSpec
from tests.runtime.support import Log
from tests.support.killing import Fault, at_each_write, in_child

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from qwen_dual.core.models.model import ModelDelta, ModelRequest
    from qwen_dual.runtime.opened import OpenSession

Command = dict[str, Any]


class Echo:
    """A model that has the latest prompt added to a file, whatever was said before it."""

    name = "echo"
    context_window = 100_000

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta]:
        """One answer."""
        await anyio.lowlevel.checkpoint()
        last = request.messages[-1]["content"][-1]
        if last["type"] == "text":
            arguments = {"command": f"echo {last['text']} >> ../count", "is_background": False}
            yield ToolCallStart("c1", "run_shell_command")
            yield ToolCallArguments(json.dumps(arguments))
        else:
            yield TextDelta("done")


def prompt(name: str) -> Command:
    """A prompt by which a line is added to a file, once each time that it is run."""
    return {"type": "submit", "id": name, "text": name}


def slash(name: str, text: str) -> Command:
    return {"type": "submit", "id": name, "text": text}


SCENARIOS: dict[str, list[Command]] = {
    "prompt": [prompt("A")],
    "queue": [prompt("A"), prompt("B"), prompt("C"), {"type": "cancel", "id": "D", "target": "C"}],
    "slash": [slash("S", "/approval-mode yolo"), prompt("A")],
    "clear": [prompt("A"), slash("S", "/clear"), prompt("B")],
    "interrupt": [prompt("A"), {"type": "interrupt", "id": "I", "queue": "clear"}, prompt("B")],
}


@asynccontextmanager
async def session(place: Path) -> AsyncIterator[tuple[OpenSession, Log]]:
    """The latest session in ``place``, or the first."""
    home, work = place / "home", place / "work"
    env = {"PATH": "/usr/bin:/bin", "QWEN_HOME": str(home), "HOME": str(place)}
    files = home.rglob("chats/*.jsonl")
    chats = [path for path in files if is_chat_name(path.name) and b"\n" in path.read_bytes()]
    last = max(chats, key=lambda path: path.stat().st_mtime_ns).stem if chats else None
    spec = SessionSpec(offline=True, cwd=str(work), env=env, approval_mode="yolo", resume=last)
    log = Log()
    factory.SAVE_SECONDS = 3600  # by no clock, so that the writes are the same each time
    handle = factory.SessionFactory().open(spec, [log])
    inner = handle.parts.session
    inner.add_model("echo", Echo())
    inner.set_model("echo", KEYBOARD)
    with anyio.fail_after(50):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(handle.run)
            handle.attach()
            await handle.load()
            yield handle, log
            handle.request_close()
        await handle.aclose()


async def sent(handle: OpenSession, log: Log, commands: list[Command]) -> dict[str, Command]:
    """Sends commands, as a channel brings them; the receipt of each, once nothing runs any more."""
    before = len(log.of("command_receipt"))
    dispatcher = handle.latest.dispatcher(INPUT)
    for command in commands:
        dispatcher.command(parse_command(json.dumps(command).encode()))
    await handle.parts.session.drained()
    told = [event["data"] for event in log.of("command_receipt")[before:]]
    return {receipt["id"]: receipt for receipt in reversed(told)}


def main(place: Path, step: int, scenario: str) -> None:
    """Prints a line for each write."""
    commands = SCENARIOS[scenario]
    (place / "work").mkdir(parents=True)
    count = place / "count"

    async def carry_out(fault: Fault, at: int) -> None:
        async with session(place) as (handle, log):
            fault.arm(at)
            await sent(handle, log, commands)
            handle.parts.flush()

    async def look() -> dict[str, Any]:
        async with session(place) as (handle, log):
            first = await sent(handle, log, commands)
            again = await sent(handle, log, commands)
        ran = count.read_text().split() if count.exists() else []
        return {"first": first, "again": again, "ran": ran}

    async def warm_up() -> None:
        async with session(place.with_name("warm")) as (handle, log):
            await sent(handle, log, [prompt("W")])

    (place.with_name("warm") / "work").mkdir(parents=True)
    in_child(warm_up)
    for number, found in at_each_write(place, carry_out, look, step):
        print(json.dumps([number, found]), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
