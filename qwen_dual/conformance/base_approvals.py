"""Requests for leave, and what becomes of their answers (sections 1.1 and 1.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from qwen_dual.conformance.base import answered, asked, prompts, shown
from qwen_dual.conformance.promise import hold, promise

if TYPE_CHECKING:
    from qwen_dual.conformance.bench import Bench

LATE = "unknown request_id (already resolved, cancelled, or never issued)"


@promise("base", "1.1", loses="cannot answer approvals")
async def request(bench: Bench) -> None:
    """A call that has to be asked for is a control_request, with the tool, its input and tool_use_id."""
    async with bench.program() as program:
        found = await asked(program, bench)
        inner = found.raw.get("request")
        wanted = {
            "subtype",
            "tool_name",
            "tool_use_id",
            "input",
            "permission_suggestions",
            "blocked_path",
        }
        missing = wanted - (inner.keys() if isinstance(inner, dict) else set())
        hold(not missing, f"the request lacks {', '.join(sorted(missing))}", shown(found))
        assert isinstance(inner, dict)
        calls = [
            b for e in program.of("assistant") for b in e.blocks if b.get("type") == "tool_use"
        ]
        ids = [block.get("id") for block in calls]
        hold(inner["tool_use_id"] in ids, "no message has made that call", shown(found))
        hold(
            not program.made,
            "it ran before it was allowed",
            shown(found),
        )


@promise("base", "1.2", loses="cannot let anything run")
async def allowed(bench: Bench) -> None:
    """An allowed request is resolved once, the call runs, and its result is a user event."""
    async with bench.program() as program:
        found = await asked(program, bench)
        program.send("confirmation_response", request_id=found.raw["request_id"], allowed=True)
        told = await answered(program, found)
        await program.turn(after=program.events.index(found))
        hold(program.made, "it did not run", program.lines())
        hold(
            told.raw["response"].get("response", {}).get("allowed") is True,
            "the response does not say that it was allowed",
            shown(told),
        )
        same = [
            e
            for e in program.of("control_response")
            if e.raw["response"].get("request_id") == found.raw["request_id"]
        ]
        hold(len(same) == 1, f"it was resolved {len(same)} times", shown(*same))
        results = [
            b for e in program.of("user") for b in e.blocks if b.get("type") == "tool_result"
        ]
        hold(len(results) == 1, f"there are {len(results)} results", program.lines())
        hold(
            results[0].get("tool_use_id") == found.raw["request"]["tool_use_id"],
            "it is another call's",
        )
        order = [program.events.index(event) for event in (found, told)]
        hold(order == sorted(order), "the response comes before the request", shown(found, told))


@promise("base", "1.2", loses="cannot keep anything from running")
async def denied(bench: Bench) -> None:
    """A denied call does not run, and the next prompt does."""
    async with bench.program() as program:
        found = await asked(program, bench)
        program.send("confirmation_response", request_id=found.raw["request_id"], allowed=False)
        program.send("submit", text=bench.script.prompt("answer"))
        await program.until(lambda: len(prompts(program)) >= 2, "the prompt behind the denial")
        await anyio.sleep(0.3)
        hold(not program.made, "it ran", program.lines())


@promise("base", "1.1", loses="shows a request for ever that was answered long ago")
async def denial_told(bench: Bench) -> None:
    """A denial is told as leave is: one control_response, which says allowed false."""
    async with bench.program() as program:
        found = await asked(program, bench)
        program.send("confirmation_response", request_id=found.raw["request_id"], allowed=False)
        told = await answered(program, found)
        hold(
            told.raw["response"].get("response", {}).get("allowed") is False,
            "the response does not say that it was denied",
            shown(told),
        )


@promise("base", "1.1", loses="cannot tell that it came too late")
async def late_answer(bench: Bench) -> None:
    """An answer to a request that is not pending is an error with the base's text."""
    async with bench.program() as program:
        program.send("confirmation_response", request_id="none", allowed=True)
        told = await program.event("control_response")
        response = told.raw["response"]
        hold(response.get("subtype") == "error", "it is no error", shown(told))
        hold(response.get("error") == LATE, "its text is another", shown(told))
