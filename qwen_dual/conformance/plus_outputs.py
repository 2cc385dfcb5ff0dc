"""Outputs that survive their readers (section 2.4)."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from qwen_dual.conformance.base import asked, prompts, runs_on_disabled, shown
from qwen_dual.conformance.promise import NotJudged, hold, promise

HAS_FULL = os.path.exists("/dev/full")

if TYPE_CHECKING:
    from qwen_dual.conformance.bench import Bench


@promise("plus", "2.4", loses="exposes what is in a session to other users")
async def private_file(bench: Bench) -> None:
    """A file that it makes for its events has mode 0600; one that is there is appended to."""
    kept = b'{"kept":true}\n'
    where = os.path.join(bench.folder, "earlier")
    _write(where, kept)
    async with bench.program(events_path=where) as program:
        await program.event("system", "session_start")
        hold(bytes(program.reader.raw).startswith(kept), "what was there is gone", program.lines())
    where = os.path.join(bench.folder, "new")
    async with bench.program(events_path=where, reader=False, begun=False) as program:
        await program.until(lambda: os.path.exists(where) and os.path.getsize(where), "the file")
        mode = stat.S_IMODE(os.stat(where).st_mode)
        hold(mode == 0o600, f"its mode is {mode:04o}", program.lines())


@promise("plus", "2.4", loses="has to be there before the program, or hangs it")
async def fifo_without_reader(bench: Bench) -> None:
    """Without a reader of its FIFO it starts and works; who comes late gets session_start and what waited."""
    async with bench.program(output="fifo", reader=False, begun=False) as program:
        await program.until(lambda: program.bytes_painted > 200, "the UI", 60)
        await program.quiet()
        program.send("submit", text=bench.script.prompt("answer"))
        await program.until(
            lambda: bench.server.asked, "the call of the model, with no reader there"
        )
        await program.quiet()
        reader = program.read_anew()
        await program.event("result")
        hold(
            reader.events[0].subtype == "session_start",
            "its first line is another",
            shown(reader.events[0]),
        )
        hold(len(prompts(program)) == 1, "the prompt is not among what waited", program.lines())


@promise("plus", "2.4", loses="has to start the session anew when its reader was")
async def fifo_readers(bench: Bench) -> None:
    """A reader that leaves ends nothing: the next begins on a whole line, with session_start and what is pending."""
    async with bench.program(output="fifo") as program:
        first = await asked(program, bench)
        program.reader.close()
        await program.quiet(0.5)
        again = program.read_anew()
        start = await program.event("system", "session_start")
        hold(again.events[0] is start, "its first line is another", shown(again.events[0]))
        hold(start.data.get("resumed") is True, "session_start does not say resumed", shown(start))
        pending = await program.event("control_request")
        same = pending.raw.get("request_id") == first.raw.get("request_id")
        hold(same, "the pending request is another", shown(pending))
        program.send("confirmation_response", request_id=pending.raw["request_id"], allowed=True)
        await program.event("result")
        bad = [event for event in again.events if event.type == "host"]
        hold(not bad, "it began in the middle of a line", shown(*bad))


@promise("plus", "2.4", loses="slows the person down, or the whole session, when it is slow")
async def slow_reader(bench: Bench) -> None:
    """A reader that takes nothing slows only itself: turns go on, and it loses nothing that fits the buffer."""
    async with bench.program(output="fifo") as program:
        program.reader.paused = True
        program.send("submit", text=bench.script.prompt("long"))
        program.send("submit", text=bench.script.prompt("answer"))
        await program.until(
            lambda: len(bench.server.asked) >= 2, "the second turn, with a reader that waits"
        )
        program.reader.paused = False
        await program.until(lambda: len(program.of("result")) >= 2, "both results")
        numbers = [event.seq for event in program.events]
        hold(numbers == list(range(1, len(numbers) + 1)), "events are missing", program.lines())


@promise("plus", "2.4", loses="is told by nobody that its channel is gone")
async def full_disk(bench: Bench) -> None:
    """A device that is full is one warning, and the UI runs on."""
    if not HAS_FULL:
        raise NotJudged("this system has no /dev/full")
    async with bench.program(begun=False, reader=False, events_path="/dev/full") as program:
        await runs_on_disabled(program)
        program.send("submit", text=bench.script.prompt("answer"))
        await program.until(lambda: bench.server.asked, "the call of the model")


def _write(path: str, data: bytes) -> None:
    with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as file:
        file.write(data)
