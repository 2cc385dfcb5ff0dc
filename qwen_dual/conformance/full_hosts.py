"""What hosts ask for next, of many hosts: the socket, its rights, records, and ids that outlive the process."""

from __future__ import annotations

import json
import os
import signal
import stat
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.conformance.base import asked, prompts, shown
from qwen_dual.conformance.plus_commands import receipt
from qwen_dual.conformance.promise import Broken, hold, promise
from qwen_dual.host.lines import LineDecoder
from qwen_dual.protocol.codec import encode

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from anyio.abc import SocketStream

    from qwen_dual.conformance.bench import Bench
    from qwen_dual.conformance.program import Program
    from qwen_dual.host.event import Event

RIGHTS = {
    "dualOutput": {"rights": {"all": ["observe", "approve", "submit", "control"], "*": ["observe"]}}
}


class Peer:
    """One connection to a program's socket."""

    def __init__(self, stream: SocketStream, program: Program) -> None:
        self.events: list[Event] = []
        self._stream = stream
        self._program = program
        self._decoder = LineDecoder()

    async def send(self, kind: str, **fields: Any) -> None:
        """Sends a line."""
        await self._stream.send(encode({"type": kind, **fields}))

    async def event(self, kind: str, subtype: str | None = None) -> Event:
        """The first event of a type."""
        with anyio.move_on_after(self._program.patience):
            while True:
                for event in self.events:
                    if event.type == kind and (subtype is None or event.subtype == subtype):
                        return event
                try:
                    self.events += self._decoder.feed(await self._stream.receive())
                except (anyio.EndOfStream, anyio.BrokenResourceError):
                    raise Broken(
                        f"{kind}/{subtype} did not come; the connection was closed",
                        shown(*self.events[-3:]),
                    ) from None
                self._program.step()
        raise Broken(f"{kind}/{subtype} did not come", shown(*self.events[-3:]))


@asynccontextmanager
async def peer(program: Program, name: str, **hello: Any) -> AsyncGenerator[Peer, None]:
    """A host that has said who it is."""
    path = program.events[0].data.get("socket")
    hold(isinstance(path, str), "session_start names no socket", shown(program.events[0]))
    async with await anyio.connect_unix(str(path)) as stream:
        made = Peer(stream, program)
        await made.send("hello", name=name, **hello)
        yield made


@promise("full", "3.9", loses="cannot join a session that runs", commands=("hello",))
async def socket(bench: Bench) -> None:
    """--socket opens a private socket on which a host sees the same events, from the one it asks for."""
    async with bench.program(arguments=["--socket"]) as program:
        program.send("submit", text=bench.script.prompt("answer"))
        await program.event("result")
        async with peer(program, "zed", from_seq=1) as zed:
            await zed.event("result")
            mine = [event.seq for event in zed.events if event.seq]
            hold(
                set(range(2, mine[-1] + 1)) <= set(mine),
                f"it saw {mine[:20]}",
                shown(*zed.events[:3]),
            )
            start = zed.events[0]
            hold(start.subtype == "session_start", "its first line is another", shown(start))
            hold(start.data.get("host", {}).get("name") == "zed", "it has no name", shown(start))
        mode = stat.S_IMODE(os.stat(str(start.data["socket"])).st_mode)
        hold(mode == 0o600, f"the socket's mode is {mode:04o}", program.lines())


@promise("full", "3.9", loses="gives whoever may look the power to act", commands=("hello",))
async def rights(bench: Bench) -> None:
    """A host does what the person's settings allow to its name: an observer can neither submit nor approve."""
    settings = bench.home_file(".qwen/settings.json", json.dumps(RIGHTS))
    async with bench.program(arguments=["--socket"], again=settings) as program:
        found = await asked(program, bench)
        async with peer(program, "screen") as screen:
            await screen.send(
                "confirmation_response", request_id=found.raw["request_id"], allowed=True, id="a"
            )
            refused = await screen.event("system", "command_receipt")
            hold(refused.data.get("code") == "no_right", "it was not refused", shown(refused))
            hold(not program.made, "the call ran", program.lines())
        async with peer(program, "all") as other:
            await other.send(
                "confirmation_response", request_id=found.raw["request_id"], allowed=True
            )
            told = await other.event("control_response")
            by = told.raw["response"].get("resolved_by")
            hold(by == "host:all", f"resolved_by is {by!r}", shown(told))


@promise("full", "3.10", loses="cannot find a session that it did not start")
async def records(bench: Bench) -> None:
    """A running session has a record with its pid, id, folder and state, gone when it has ended."""
    async with bench.program() as program:

        def found() -> dict[str, Any] | None:
            return next(
                (record for record in _records(program) if record["pid"] == program.child.pid), None
            )

        record = await program.until(found, "a record of the session")
        wanted = {
            "v",
            "pid",
            "session_id",
            "agent",
            "version",
            "cwd",
            "title",
            "started_at",
            "socket",
            "events",
            "input",
            "state",
        }
        missing = wanted - record.keys()
        hold(not missing, f"it lacks {', '.join(sorted(missing))}", [json.dumps(record)])
        hold(record["input"] == program.input, "its input is another", [json.dumps(record)])
        await program.quit()
        hold(found() is None, "it is still there", program.lines())


@promise("full", "3.11", loses="has a prompt run twice, or never, when the program was killed")
async def exactly_once(bench: Bench) -> None:
    """After kill -9 and --resume a command that was done is a duplicate with its outcome and result."""
    async with bench.program() as program:
        program.send("submit", text=bench.script.prompt("answer"), id="once")
        await program.event("result")
        session = str(program.events[0].data["session_id"])
        program.signal(signal.SIGKILL)
        await program.ended()
    async with bench.program(
        again=program.folder,
        arguments=["--resume", session],
        events_path=os.path.join(program.folder, "events-2"),
    ) as resumed:
        resumed.send("submit", text=bench.script.prompt("answer"), id="once")
        told = await receipt(resumed, "once")
        hold(told.data.get("status") == "duplicate", "it was taken again", shown(told))
        hold(told.data.get("outcome") == "done", "its outcome is not done", shown(told))
        hold(not prompts(resumed), "it ran again", resumed.lines())


def _records(program: Program) -> list[dict[str, Any]]:
    folder = os.path.join(program.folder, "home", "run", "qwen-dual")
    found = []
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        if name.endswith(".json"):
            with open(os.path.join(folder, name), "rb") as file:
                found.append(json.load(file))
    return found
