"""What hosts ask for next, of turns: numbers, the queue, steering, content, going back (sections 3.1 to 3.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.conformance.base import asked, prompts, shown
from qwen_dual.conformance.plus_commands import receipt
from qwen_dual.conformance.promise import hold, promise

if TYPE_CHECKING:
    from qwen_dual.conformance.bench import Bench
    from qwen_dual.conformance.program import Program
    from qwen_dual.host.event import Event

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
"""A PNG of one pixel."""


async def busy(program: Program, bench: Bench) -> None:
    """A turn that runs until the gate is opened."""
    program.send("submit", text=bench.script.prompt("wait"))
    await program.event("stream_event", "content_block_delta")


def waiting(event: Event) -> list[str]:
    """The texts that a ``queue`` event lists."""
    return [str(prompt.get("text")) for prompt in event.data.get("prompts", ())]


@promise("full", "3.1", loses="cannot show what a session costs, nor how full its context is")
async def usage(bench: Bench) -> None:
    """usage tells after each model call what it took, how full the context is, and the totals."""
    async with bench.program() as program:
        program.send("submit", text=bench.script.prompt("answer"))
        told = await program.event("system", "usage")
        wanted = {
            "turn_id",
            "agent",
            "model",
            "input_tokens",
            "output_tokens",
            "cache_read_input_tokens",
            "context_tokens",
            "context_window",
            "cost_usd",
            "total",
        }
        missing = wanted - told.data.keys()
        hold(not missing, f"it lacks {', '.join(sorted(missing))}", shown(told))
        hold(told.data["cost_usd"] is None, "it has a cost, and no price is known", shown(told))
        ended = await program.event("result")
        lacks = {"context_tokens", "context_window", "total_cost_usd"} - ended.raw.keys()
        hold(not lacks, f"the result lacks {', '.join(sorted(lacks))}", shown(ended))


@promise(
    "full",
    "3.2",
    loses="cannot show what waits, nor change it",
    commands=("edit_queued", "move_queued"),
)
async def edited_queue(bench: Bench) -> None:
    """queue tells what waits at each change; edit_queued, move_queued and cancel change it."""
    async with bench.program() as program:
        await busy(program, bench)
        for name in ("a", "b", "c"):
            program.send("submit", text=name, id=name)

        async def become(texts: list[str]) -> None:
            def is_so() -> bool:
                told = program.of("system", "queue")
                return bool(told) and waiting(told[-1]) == texts

            await program.until(is_so, f"a queue of {texts}")

        await become(["a", "b", "c"])
        answer = bench.script.prompt("answer")
        program.send("edit_queued", target="b", text=answer, id="e")
        await become(["a", answer, "c"])
        program.send("move_queued", target="b", position=1, id="m")
        await become([answer, "a", "c"])
        program.send("cancel", target="a", id="x")
        program.send("cancel", target="c", id="y")
        await become([answer])
        program.send("edit_queued", target="c", text="late", id="l")
        hold(
            (await receipt(program, "l")).data.get("status") == "rejected",
            "one that is gone was edited",
        )
        bench.server.gate.set()
        await program.until(lambda: len(program.of("result")) >= 2, "both results")
        texts = [event.text for event in prompts(program)][1:]
        hold(texts == [answer], f"what ran is {texts}", program.lines())


@promise("full", "3.3", loses="has to stop a turn to say one word more")
async def steering(bench: Bench) -> None:
    """A submit with when_busy steer joins the turn before its next model call, as a user event with steered."""
    async with bench.program() as program:
        found = await asked(program, bench)
        program.send("submit", text="and this", when_busy="steer", id="s")
        told = await receipt(program, "s")
        hold(told.data.get("turn_id"), "the receipt names no turn", shown(told))
        program.send("confirmation_response", request_id=found.raw["request_id"], allowed=True)
        await program.event("result")
        joined = prompts(program)[1:]
        hold(len(joined) == 1, f"it was told {len(joined)} times", program.lines())
        hold(joined[0].raw.get("steered") is True, "it does not say steered", shown(*joined))
        hold(len(program.of("result")) == 1, "it had a turn of its own", program.lines())
        hold("and this" in str(bench.server.asked[-1]), "the model was not told", program.lines())


@promise("full", "3.6", loses="cannot send a picture")
async def content(bench: Bench) -> None:
    """A submit takes text and images; the user event tells of an image by name, size, type and hash."""
    source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    blocks = [
        {"type": "text", "text": bench.script.prompt("answer")},
        {"type": "image", "source": source, "name": "dot.png"},
    ]
    async with bench.program() as program:
        program.send("submit", content=blocks, id="i")
        await program.until(lambda: prompts(program), "the user event")
        [told, *_] = prompts(program)
        images = [block for block in told.blocks if block.get("type") == "image"]
        hold(len(images) == 1, f"it has {len(images)} images", shown(told))
        hold(
            PIXEL not in str(told.raw),
            "it has the image's bytes, which nobody asked for",
            shown(told),
        )
        hold("dot.png" in str(images[0]), "its name is missing", shown(told))


@promise(
    "full",
    "3.7",
    loses="cannot take a turn back, nor see what that would change",
    commands=("rewind", "rewind_points"),
)
async def rewind(bench: Bench) -> None:
    """rewind_points lists the prompts; rewind previews going back to one, and does it, files included."""
    async with bench.program() as program:
        found = await asked(program, bench)
        program.send("confirmation_response", request_id=found.raw["request_id"], allowed=True)
        await program.event("result")
        hold(program.made, "the call did not run", program.lines())
        program.send("rewind_points")
        points = await program.event("system", "rewind_points")
        listed = [point.get("uuid") for point in points.data.get("points", ())]
        told = prompts(program)[0]
        hold(told.raw["uuid"] in listed, "the prompt is not among them", shown(points))
        where = {"to": told.raw["uuid"], "conversation": True, "files": True}
        program.send("rewind", **where, preview=True)
        preview = await program.event("system", "rewind_preview")
        hold(preview.data.get("changed") == 1, "the preview names no file", shown(preview))
        hold(program.made, "the preview has changed it", shown(preview))
        program.send("rewind", **where)
        done = await program.event("system", "rewound")
        hold(not program.made, "the file is still there", shown(done))


@promise(
    "full",
    "3.7",
    loses="cannot list what was said earlier, nor go on with it",
    commands=("list_sessions", "resume", "clear"),
)
async def sessions(bench: Bench) -> None:
    """list_sessions tells the saved sessions, clear begins another, and resume goes on with one."""
    async with bench.program() as program:
        program.send("submit", text=bench.script.prompt("answer"))
        await program.event("result")
        first = program.events[0].data.get("session_id")
        program.send("clear", id="c")
        changed = await program.event("system", "session_changed")
        hold(changed.data.get("from") == first, "it began with another", shown(changed))
        program.send("list_sessions")
        told = await program.event("system", "sessions")
        listed = {each.get("session_id"): each for each in told.data.get("sessions", ())}
        hold(first in listed, "the session before is not among them", shown(told))
        same = program.works_in(listed[first].get("cwd"))
        hold(same, "its folder is another", shown(told))
        program.send("resume", session_id=first, id="r")
        hold((await receipt(program, "r")).data.get("status") == "accepted", "it was not resumed")


@promise("full", "3.8", loses="has to read a change out of a text")
async def changes(bench: Bench) -> None:
    """The preview of an edit has the change as data: files, added and removed lines, hunks."""
    async with bench.program() as program:
        program.send("submit", text=bench.script.prompt("edit"))
        found = await program.event("control_request")
        preview = found.raw["request"].get("preview") or {}
        files = preview.get("files") or [{}]
        hold(len(files) == 1, f"it names {len(files)} files", shown(found))
        told = {name: files[0].get(name) for name in ("change", "added", "removed")}
        wanted = {"change": "add", "added": 2, "removed": 0}
        hold(told == wanted, f"it says {told}", shown(found))
        lines = [line for hunk in files[0].get("hunks", ()) for line in hunk.get("lines", ())]
        hold(lines == ["+one", "+two"], f"its lines are {lines}", shown(found))
