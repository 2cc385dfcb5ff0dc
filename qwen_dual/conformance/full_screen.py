"""What hosts ask for next, of the person's screen: draft, review, titles and marks (sections 3.4, 3.5, 3.12 to 3.14)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qwen_dual.conformance.base import asked, prompts, shown
from qwen_dual.conformance.plus_commands import receipt
from qwen_dual.conformance.promise import hold, promise

if TYPE_CHECKING:
    from qwen_dual.conformance.bench import Bench

_TITLE = re.compile(rb"\x1b\](?:0|2);([^\x07\x1b]*)")
_MARK = re.compile(rb"\x1b\]7502;seq=(\d+)(?:\x07|\x1b\\)")


@promise(
    "full",
    "3.4",
    loses="cannot put a file's name into what a person is typing",
    commands=("get_draft", "set_draft"),
)
async def draft(bench: Bench) -> None:
    """get_draft tells what is typed; set_draft changes it, and is refused where the person has typed since."""
    async with bench.program() as program:
        await program.quiet()
        await program.type("half typed")
        await program.quiet(0.3)
        program.send("get_draft")
        told = await program.event("system", "draft")
        hold(told.data.get("text") == "half typed", "its text is another", shown(told))
        version = told.data.get("version")
        program.send("set_draft", text=bench.script.prompt("answer"), if_version=version, id="s")
        hold((await receipt(program, "s")).data.get("status") == "accepted", "it was not taken")
        program.send("set_draft", text="stale", if_version=version, id="t")
        stale = await receipt(program, "t")
        hold(stale.data.get("code") == "version_conflict", "a stale one was taken", shown(stale))
        await program.quiet(0.5)
        await program.type("\r")
        await program.until(lambda: prompts(program), "the prompt")
        text = prompts(program)[0].text
        hold(text == bench.script.prompt("answer"), f"what was sent is {text!r}", program.lines())


@promise(
    "full",
    "3.4",
    loses="cannot send what the person has typed, with its pastes",
    commands=("get_draft", "submit_draft"),
)
async def submit_draft(bench: Bench) -> None:
    """submit_draft sends what is typed as the person would, once, and is refused where they have typed since."""
    async with bench.program() as program:
        await program.quiet()
        await program.type(bench.script.prompt("answer"))
        await program.quiet(0.3)
        program.send("get_draft")
        version = (await program.event("system", "draft")).data.get("version")
        await program.type("!")
        await program.quiet(0.3)
        program.send("submit_draft", if_version=version, id="stale")
        stale = await receipt(program, "stale")
        hold(stale.data.get("code") == "version_conflict", "a stale one was sent", shown(stale))
        before = len(program.events)
        program.send("get_draft")
        told = await program.event("system", "draft", after=before)
        version = told.data.get("version")
        program.send("submit_draft", if_version=version, id="s")
        ended = await program.event("result")
        hold(ended.command_id == "s", "the result is not the command's", shown(ended))
        texts = [event.text for event in prompts(program)]
        wanted = [bench.script.prompt("answer") + "!"]
        hold(texts == wanted, f"what was sent is {texts}", program.lines())
        program.send("submit_draft", if_version=version, id="again")
        again = await receipt(program, "again")
        hold(again.data.get("status") == "rejected", "it was sent twice", shown(again))


@promise("full", "3.5", loses="cannot leave the last word to the person")
async def review(bench: Bench) -> None:
    """A submit with review is held until the person takes it, and the receipts say both."""
    async with bench.program() as program:
        await program.quiet()
        program.send("submit", text=bench.script.prompt("answer"), review=True, id="p")
        told = await receipt(program, "p")
        hold(told.data.get("status") == "held", "it was not held", shown(told))
        await program.quiet()
        hold(not prompts(program), "it ran before anybody took it", program.lines())
        await program.type("y")
        await program.until(lambda: prompts(program), "the prompt that was taken")
        said = [
            event.data.get("status")
            for event in program.of("system", "command_receipt")
            if event.data.get("id") == "p"
        ]
        hold(said == ["held", "accepted"], f"the receipts are {said}", program.lines())


@promise(
    "full", "3.12", loses="cannot label a tab, nor see from the terminal that it waits for somebody"
)
async def title(bench: Bench) -> None:
    """The window's title names the folder and changes with the state; nothing of a prompt or an answer is in it."""
    async with bench.program() as program:
        await program.quiet()
        await asked(program, bench)
        await program.quiet()
        titles = [found.decode() for found in _TITLE.findall(bytes(program.screen_bytes))]
        hold(any("work" in each for each in titles), f"they are {titles}", program.lines())
        hold(len(set(titles)) > 1, f"it never changes: {titles}", program.lines())
        leaked = [
            each for each in titles if "touch" in each or "check" in each.replace("qwen-dual", "")
        ]
        hold(not leaked, f"a title tells of what was said: {leaked}", program.lines())


@promise("full", "3.13", loses="cannot lead from a message to its line")
async def marks(bench: Bench) -> None:
    """With --screen-marks each block in the scrollback begins with the seq of the event that it shows."""
    async with bench.program(arguments=["--screen-marks"]) as program:
        await program.quiet()
        program.send("submit", text=bench.script.prompt("answer"))
        await program.event("result")
        await program.quiet()
        told = {int(found) for found in _MARK.findall(bytes(program.screen_bytes))}
        hold(
            prompts(program)[0].seq in told,
            f"the prompt's is not among {sorted(told)}",
            program.lines(),
        )
        known = {event.seq for event in program.events} | {0}
        hold(told <= known, f"one is of no event: {sorted(told)}", program.lines())


@promise("full", "3.14", loses="types into a dialog, or pops up over a half-written prompt")
async def open_now(bench: Bench) -> None:
    """ui tells what takes the person's keys, and whether their draft is empty."""
    async with bench.program() as program:
        await program.quiet()
        await program.type("x")
        told = await program.event("system", "ui")
        hold(
            told.data == {"focus": "editor", "draft_empty": False},
            "it says something else",
            shown(told),
        )
        await asked(program, bench)

        def at_approval() -> bool:
            return program.of("system", "ui")[-1].data.get("focus") == "approval"

        await program.until(at_approval, "a ui with the focus approval")
