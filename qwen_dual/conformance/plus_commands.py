"""What a host can do besides prompts and answers (section 2.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from qwen_dual.conformance.base import answered, asked, prompts, shown
from qwen_dual.conformance.promise import hold, promise

if TYPE_CHECKING:
    from qwen_dual.conformance.bench import Bench
    from qwen_dual.conformance.program import Program
    from qwen_dual.host.event import Event


async def receipt(program: Program, command_id: str) -> Event:
    """The receipt of a command."""

    def find() -> Event | None:
        for event in program.of("system", "command_receipt"):
            if event.data.get("id") == command_id:
                return event
        return None

    found: Event = await program.until(find, f"the receipt of {command_id!r}")
    return found


@promise("plus", "2.6", loses="cannot stop a turn")
async def interrupt(bench: Bench) -> None:
    """interrupt stops the turn: pending requests are resolved as not allowed, the result says interrupted."""
    async with bench.program() as program:
        found = await asked(program, bench)
        program.send("interrupt", id="stop")
        told = await answered(program, found)
        hold(told.raw["response"]["response"]["allowed"] is False, "it was allowed", shown(told))
        ended = await program.event("result")
        hold(ended.raw.get("stop_reason") == "interrupted", "stop_reason is another", shown(ended))
        hold(
            (await receipt(program, "stop")).data.get("status") == "accepted", "it was not accepted"
        )
        hold(not program.made, "the call ran", program.lines())


@promise("plus", "2.6", loses="cannot take a prompt back")
async def cancel(bench: Bench) -> None:
    """cancel takes a prompt out of the queue by its id."""
    async with bench.program() as program:
        program.send("submit", text=bench.script.prompt("wait"))
        await program.event("stream_event", "content_block_delta")
        program.send("submit", text=bench.script.prompt("answer"), id="later")
        program.send("cancel", target="later", id="c")
        hold((await receipt(program, "c")).data.get("status") == "accepted", "it was not accepted")
        bench.server.gate.set()
        await program.event("result")
        await anyio.sleep(0.3)
        program.step()
        hold(len(prompts(program)) == 1, "it ran", program.lines())


@promise("plus", "2.6", loses="cannot ask how it stands")
async def get_state(bench: Bench) -> None:
    """get_state is answered with a state, also while a request waits."""
    async with bench.program() as program:
        await asked(program, bench)
        await program.until(lambda: program.of("system", "state"), "a state")
        before = len(program.events)
        program.send("get_state")
        told = await program.event("system", "state", after=before)
        hold(told.data.get("state") == "awaiting_approval", "it says something else", shown(told))


@promise("plus", "2.6", loses="cannot change what runs without asking")
async def set_mode(bench: Bench) -> None:
    """set_approval_mode changes the mode, which mode_changed tells with who did it; a wrong one is rejected."""
    async with bench.program() as program:
        program.send("set_approval_mode", mode="plan", id="m")
        told = await program.event("system", "mode_changed")
        hold(
            (told.data.get("to"), told.origin) == ("plan", "input"),
            "it says something else",
            shown(told),
        )
        program.send("set_approval_mode", mode="wild", id="w")
        hold(
            (await receipt(program, "w")).data.get("status") == "rejected",
            "the wrong one was taken",
        )


@promise("plus", "2.6", loses="has its prompt run later than it can use it")
async def when_busy(bench: Bench) -> None:
    """A submit with when_busy reject is rejected while a turn runs."""
    async with bench.program() as program:
        program.send("submit", text=bench.script.prompt("wait"))
        await program.event("stream_event", "content_block_delta")
        program.send("submit", text=bench.script.prompt("answer"), when_busy="reject", id="r")
        told = await receipt(program, "r")
        hold(told.data.get("code") == "busy", "it was not rejected as busy", shown(told))


@promise("plus", "2.6", loses="cannot say why, nor what instead")
async def reason(bench: Bench) -> None:
    """The message of a denial reaches the model, and stands in the response."""
    async with bench.program() as program:
        found = await asked(program, bench)
        why = "use mkdir instead"
        program.send(
            "confirmation_response", request_id=found.raw["request_id"], allowed=False, message=why
        )
        told = await answered(program, found)
        hold(
            told.raw["response"]["response"].get("message") == why,
            "the response lacks it",
            shown(told),
        )
        await program.event("result")
        hold(
            any(why in str(asked_) for asked_ in bench.server.asked),
            "the model was not told",
            shown(told),
        )


@promise("plus", "2.6", loses="cannot mend a call before it runs")
async def updated_input(bench: Bench) -> None:
    """An answer with updated_input runs that in place of what was asked."""
    async with bench.program() as program:
        found = await asked(program, bench)
        given = {**found.raw["request"]["input"], "command": "echo instead"}
        program.send(
            "confirmation_response",
            request_id=found.raw["request_id"],
            allowed=True,
            updated_input=given,
        )
        await program.event("result")
        hold(not program.made, "what was asked for ran", program.lines())
        texts = [str(b.get("content")) for e in program.of("user") for b in e.blocks]
        hold(any("instead" in text for text in texts), "the other did not run", program.lines())


@promise("plus", "2.6", loses="makes a person's half-typed words vanish, or sends them")
async def draft_untouched(bench: Bench) -> None:
    """What a person has half typed is untouched by what comes in."""
    async with bench.program() as program:
        await program.quiet()
        await program.type(bench.script.prompt("answer") + " half ")
        await program.quiet(0.3)
        before = len(program.events)
        program.send("submit", text=bench.script.prompt("answer"))
        await program.turn(after=before)
        await program.quiet()
        await program.type("typed")
        await program.quiet(0.3)
        await program.type("\r")
        await program.until(lambda: len(prompts(program)) >= 2, "the typed prompt")
        text = prompts(program)[1].text
        hold(
            text == bench.script.prompt("answer") + " half typed",
            f"it is {text!r}",
            program.lines(),
        )
