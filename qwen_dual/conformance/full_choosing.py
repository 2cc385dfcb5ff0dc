"""What hosts ask for next, of what a person could ask the terminal for: menus, choices, the document (3.7 and 3.15)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from qwen_dual.conformance.base import shown
from qwen_dual.conformance.plus_commands import receipt
from qwen_dual.conformance.promise import hold, promise
from qwen_dual.conformance.script import BIG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.conformance.bench import Bench
    from qwen_dual.conformance.program import Program
    from qwen_dual.host.event import Event


@promise(
    "full",
    "3.15",
    loses="has no menu for commands and files, as the terminal has",
    commands=("complete",),
)
async def complete(bench: Bench) -> None:
    """complete tells how a prompt may go on at a cursor: slash commands, and files after @, by code points."""
    async with bench.program() as program:
        program.send("complete", id="c", text="/hel")
        told = await program.event("system", "completions")
        found = told.data.get("candidates") or []
        hold(told.data.get("command_id") == "c", "it answers another command", shown(told))
        hold(
            any(str(each.get("text")).strip() == "/help" for each in found),
            "/help is missing",
            shown(told),
        )
        prompt = f"look 😀 @{BIG[:-1]} please"
        at, cursor = prompt.index("@"), prompt.index(" please")

        def named() -> Event | None:
            # A folder that is still listed for the first time is partly told, and is asked for again.
            seen = program.of("system", "completions")
            last = seen[-1]
            if last.data.get("partial") and last.data.get("command_id") == f"f{len(seen) - 2}":
                program.send("complete", id=f"f{len(seen) - 1}", text=prompt, cursor=cursor)
            files = [str(each.get("text")).strip() for each in last.data.get("candidates") or ()]
            return last if f"@{BIG}" in files else None

        program.send("complete", id="f0", text=prompt, cursor=cursor)
        last = await program.until(named, f"a candidate @{BIG}")
        [file] = [
            each for each in last.data["candidates"] if str(each.get("text")).strip() == f"@{BIG}"
        ]
        place = (file.get("from"), file.get("to"))
        hold(place == (at, cursor), f"it stands at {place}, not at {(at, cursor)}", shown(last))


async def _choices(program: Program, kind: str, fields: Sequence[str]) -> tuple[Event, list[str]]:
    """What may be chosen, each with all that is promised of it, and the names of those in force."""
    told = await program.event("system", kind)
    found = told.data.get(kind) or []
    missing = [name for name in fields for each in found if name not in each]
    hold(found and not missing, f"one of {kind} lacks {', '.join(missing) or 'all'}", shown(told))
    return told, [each["name"] for each in found if each["current"]]


@promise("full", "3.15", loses="cannot offer another model", commands=("list_models",))
async def list_models(bench: Bench) -> None:
    """list_models tells the models by what set_model takes, of which one is current, and no key."""
    async with bench.program() as program:
        program.send("list_models", id="m")
        told, current = await _choices(program, "models", ("name", "id", "current", "usable"))
        hold(len(current) == 1, f"those in force are {current}", shown(told))
        hold("no-key" not in str(told.raw), "the key is told", shown(told))
        program.send("set_model", model=current[0], id="s")
        taken = await receipt(program, "s")
        hold(taken.data.get("status") == "accepted", "set_model does not take it", shown(taken))


@promise("full", "3.15", loses="cannot offer another approval mode", commands=("list_modes",))
async def list_modes(bench: Bench) -> None:
    """list_modes tells the approval modes with what they mean, and which one is in force and may be had."""
    async with bench.program() as program:
        program.send("list_modes", id="m")
        told, current = await _choices(
            program, "modes", ("name", "meaning", "current", "available")
        )
        mode = program.events[0].data.get("approval_mode")
        hold(current == [mode], f"those in force are {current}, not {mode}", shown(told))


@promise("full", "3.7", loses="cannot save what was said", commands=("export",))
async def export(bench: Bench) -> None:
    """export tells the session as a document, part by part, to whoever asks."""
    async with bench.program() as program:
        asked = bench.script.prompt("answer") + " for the document"
        program.send("submit", text=asked)
        await program.event("result")
        held = set(os.listdir(program.work))
        program.send("export", format="md", id="x0")
        told = await program.event("system", "export")
        parts, text = told.data.get("parts"), str(told.data.get("text"))
        hold(isinstance(parts, int) and parts > 0, "it does not say how many parts", shown(told))
        for part in range(1, parts if isinstance(parts, int) else 0):
            before = len(program.events)
            program.send("export", format="md", part=part, id=f"x{part}")
            text += str((await program.event("system", "export", after=before)).data.get("text"))
        hold(asked in text, "the prompt is not in it", shown(told))
        left = set(os.listdir(program.work)) - held
        hold(not left, f"it has left {', '.join(sorted(left))} in the folder", shown(told))
