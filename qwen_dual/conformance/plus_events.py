"""What programs of the second level tell beyond the base (part 2): numbers, states, results, receipts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.conformance.base import answered, asked, prompts, shown
from qwen_dual.conformance.promise import hold, promise

if TYPE_CHECKING:
    from qwen_dual.conformance.bench import Bench

STATES = {"idle", "thinking", "responding", "running_tool", "awaiting_approval", "compacting"}
RESULT = {
    "subtype",
    "is_error",
    "duration_ms",
    "duration_api_ms",
    "num_turns",
    "result",
    "usage",
    "permission_denials",
    "turn_id",
    "stop_reason",
}


@promise("plus", "2.1", loses="cannot tell whether it has missed something")
async def seq(bench: Bench) -> None:
    """Every event has seq, counting 1, 2, 3 … in the order of writing; the control events have session_id too."""
    async with bench.program() as program:
        found = await asked(program, bench)
        program.send("confirmation_response", request_id=found.raw["request_id"], allowed=True)
        await program.turn(after=program.events.index(found))
        numbers = [event.seq for event in program.events]
        hold(
            numbers == list(range(1, len(numbers) + 1)), f"seq is {numbers[:12]} …", program.lines()
        )
        for event in [*program.of("control_request"), *program.of("control_response")]:
            hold(event.session_id, "a control event has no session_id", shown(event))


@promise("plus", "2.2", loses="has to guess what the program can do")
async def greeting(bench: Bench) -> None:
    """session_start says agent, pid, model, approval_mode, supported_commands, input and limits."""
    async with bench.program() as program:
        start = program.events[0]
        wanted = {"agent", "pid", "model", "approval_mode", "supported_commands", "input", "limits"}
        missing = wanted - start.data.keys()
        hold(not missing, f"its data lacks {', '.join(sorted(missing))}", shown(start))
        hold(start.data["pid"] == program.child.pid, "pid is another process's", shown(start))


@promise("plus", "2.3", loses="does not know whether it is busy")
async def states(bench: Bench) -> None:
    """state tells each change, from thinking to idle, with the turn's id."""
    async with bench.program() as program:
        found = await asked(program, bench)
        program.send("confirmation_response", request_id=found.raw["request_id"], allowed=True)
        await program.event("result")
        told = [event.data.get("state") for event in program.of("system", "state")]
        hold(set(told) <= STATES, f"a state has another name: {told}", program.lines())
        for state in ("thinking", "awaiting_approval", "running_tool", "idle"):
            hold(state in told, f"{state} was not told: {told}", program.lines())


@promise("plus", "2.3", loses="cannot tell when a turn is over, nor how it ended")
async def result(bench: Bench) -> None:
    """A turn ends with a result, which is its last line; state idle stands right before it."""
    async with bench.program() as program:
        program.send("submit", text=bench.script.prompt("answer"), id="one")
        found = await program.event("result")
        missing = RESULT - found.raw.keys()
        hold(not missing, f"the result lacks {', '.join(sorted(missing))}", shown(found))
        hold(found.command_id == "one", "command_id is not the submit's", shown(found))
        hold(found.raw["stop_reason"] == "end_turn", "stop_reason is not end_turn", shown(found))
        before = program.events[program.events.index(found) - 1]
        idle = before.kind == "system/state" and before.data.get("state") == "idle"
        hold(idle, f"before it stands {before.kind}", shown(before, found))


@promise("plus", "2.3", loses="takes a failed turn for a good one")
async def failed_turn(bench: Bench) -> None:
    """The result of a turn whose model call failed says so, and names the error."""
    async with bench.program() as program:
        program.send("submit", text=bench.script.prompt("fail"))
        found = await program.event("result")
        hold(found.raw.get("is_error") is True, "is_error is not true", shown(found))
        hold(found.raw.get("stop_reason") == "error", "stop_reason is not error", shown(found))
        hold(isinstance(found.raw.get("error"), dict), "it names no error", shown(found))


@promise("plus", "2.3", loses="cannot tell whether a command arrived, and sends it twice")
async def receipts(bench: Bench) -> None:
    """A command with an id gets a receipt: accepted, queued with its position, or duplicate, run once."""
    async with bench.program() as program:
        program.send("submit", text=bench.script.prompt("wait"), id="a")
        await program.event("stream_event", "content_block_delta")
        program.send("submit", text=bench.script.prompt("answer"), id="b")
        program.send("submit", text=bench.script.prompt("answer"), id="b")

        def three() -> bool:
            return len(program.of("system", "command_receipt")) >= 3

        await program.until(three, "the third receipt")
        told = [
            (event.data.get("id"), event.data.get("status"))
            for event in program.of("system", "command_receipt")
        ]
        hold(
            told == [("a", "accepted"), ("b", "queued"), ("b", "duplicate")],
            f"they are {told}",
            program.lines(),
        )
        bench.server.gate.set()
        await program.until(lambda: len(program.of("result")) >= 2, "both results")
        hold(len(prompts(program)) == 2, "the repeated command ran", program.lines())


@promise("plus", "2.3", loses="cannot see what it sent wrong")
async def input_errors(bench: Bench) -> None:
    """A line that cannot be used is told with a code, a message and where it begins."""
    lines = [b"nonsense\n", b'{"type":"nothing"}\n', b'{"type":"submit","text":5}\n', b"\xff\n"]
    begins = [len(b"".join(lines[:at])) for at in range(len(lines))]
    async with bench.program() as program:
        program.send_raw(b"".join(lines))

        def all_told() -> bool:
            return len(program.of("system", "input_error")) >= len(lines)

        await program.until(all_told, "the fourth input_error")
        told = [event.data for event in program.of("system", "input_error")]
        codes = [data.get("code") for data in told]
        wanted = ["not_json", "unknown_type", "invalid", "not_utf8"]
        hold(codes == wanted, f"they are {codes}", program.lines())
        offsets = [data.get("offset") for data in told]
        hold(offsets == begins, f"they begin at {offsets}, not at {begins}", program.lines())


@promise("plus", "2.3", loses="shows a slash command as a prompt, and waits for its answer")
async def slash_commands(bench: Bench) -> None:
    """A slash command is told as slash_command, with no user event, and ends with a result."""
    async with bench.program() as program:
        program.send("submit", text="/help", id="one")
        found = await program.event("system", "slash_command")
        hold(found.data.get("command") == "help", "its name is another", shown(found))
        ended = await program.event("result")
        hold(ended.command_id == "one", "the result is not the command's", shown(ended))
        hold(not prompts(program), "there is a user event", program.lines())


@promise("plus", "2.3", loses="cannot tell who did what")
async def origins(bench: Bench) -> None:
    """A prompt says where it is from, and a request who resolved it."""
    async with bench.program() as program:
        found = await asked(program, bench)
        hold(
            prompts(program)[0].origin == "input", "origin is not input", shown(prompts(program)[0])
        )
        program.send("confirmation_response", request_id=found.raw["request_id"], allowed=True)
        told = await answered(program, found)
        by = told.raw["response"].get("resolved_by")
        hold(by == "input", f"resolved_by is {by!r}", shown(told))
        await program.event("result")
        await program.quiet()
        await program.type(bench.script.prompt("answer"))
        await program.quiet(0.3)
        await program.type("\r")
        await program.until(lambda: len(prompts(program)) >= 2, "the typed prompt")
        typed = prompts(program)[1]
        hold(typed.origin == "keyboard", "the typed one's origin is not keyboard", shown(typed))
