"""Starts that go wrong, and ends in order (sections 1.1 and 1.3)."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.conformance.base import shown
from qwen_dual.conformance.program import START_SECONDS
from qwen_dual.conformance.promise import hold, promise

if TYPE_CHECKING:
    from qwen_dual.conformance.bench import Bench
    from qwen_dual.conformance.program import Program


async def _ends(bench: Bench, end: Any) -> None:
    async with bench.program() as program:
        start = program.events[0]
        program.send("submit", text=bench.script.prompt("answer"))
        await program.turn(after=1)
        await end(program)
        last = await program.last("system/session_end")
        hold(last.kind == "system/session_end", f"the last line is {last.kind}", shown(last))
        same = last.data.get("session_id") == start.data.get("session_id")
        hold(same, "it names another session", shown(start, last))


@promise("base", "1.1", loses="cannot tell an end from a crash")
async def end_by_quit(bench: Bench) -> None:
    """/quit ends the session with session_end as its last line."""

    async def end(program: Program) -> None:
        program.send("submit", text="/quit")

    await _ends(bench, end)


@promise("base", "1.1", loses="cannot end it in order")
async def end_by_sigterm(bench: Bench) -> None:
    """SIGTERM ends the session with session_end."""

    async def end(program: Program) -> None:
        program.signal(signal.SIGTERM)

    await _ends(bench, end)


@promise("base", "1.1", loses="cannot tell a closed window from a crash")
async def end_by_sighup(bench: Bench) -> None:
    """SIGHUP ends the session with session_end."""

    async def end(program: Program) -> None:
        program.signal(signal.SIGHUP)

    await _ends(bench, end)


@promise("base", "1.3", loses="has a channel that it did not ask for")
async def exclusive(bench: Bench) -> None:
    """--json-fd and --json-file together are an error before the UI starts."""
    arguments = ["--json-fd", "3"]
    async with bench.program(arguments=arguments, begun=False) as program:

        def decided() -> bool:
            return bool(program.events) or program.child.poll() is not None

        await program.until(decided, "the end of the program", START_SECONDS)
        ended = program.child.poll()
        hold(ended is not None and ended.status, "it started", program.lines())


@promise("base", "1.3", loses="sits before a program that says nothing")
async def bad_output(bench: Bench) -> None:
    """An output that cannot be opened is a warning that names it, and the UI runs on."""
    where = os.path.join(bench.folder, "no-such-folder", "events")
    async with bench.program(begun=False, events_path=where, reader=False) as program:
        says = "Warning: dual output disabled"

        def warned() -> bool:
            return any(says in line for line in program.painted.last_lines(200))

        await program.until(
            lambda: warned() or program.bytes_painted > 200, "the UI", START_SECONDS
        )
        await program.until(warned, f"the words {says!r}")
        await anyio.sleep(0.5)
        program.step()
        hold(program.child.poll() is None, "it has ended", program.lines())
