"""What a terminal that attaches is told of before: turns that are over, the one that goes on, what is open."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.cli.attaching import Past
from qwen_dual.host.event import Event

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def stream(kind: str, agent: str | None = None) -> dict[str, Any]:
    return {"type": "stream_event", "event": {"type": kind}, "parent_tool_use_id": agent}


def system(subtype: str, **data: Any) -> dict[str, Any]:
    return {"type": "system", "subtype": subtype, "parent_tool_use_id": None, "data": data}


BEGIN, DELTA, STOP = (stream(f"message_{kind}") for kind in ("start", "delta", "stop"))
START = system("session_start")
CAME = system("hosts_changed", hosts=[{"name": "attach", "pid": os.getpid()}])
USER, SAID, RESULT = ({"type": kind} for kind in ("user", "assistant", "result"))


async def given(*events: dict[str, Any]) -> AsyncIterator[Event]:
    for event in events:
        yield Event(event)


def read(*events: dict[str, Any]) -> tuple[Past, list[dict[str, Any]]]:
    """What was before, and what is left for who goes on reading."""
    past, left = Past(), []

    async def main() -> None:
        reading = given(*events)
        await past.read(reading, "attach")
        left.extend([event.raw async for event in reading])

    anyio.run(main)
    return past, left


def test_it_ends_with_this_terminals_own_coming() -> None:
    other = system("hosts_changed", hosts=[{"name": "attach", "pid": 1}, "x"])
    past, left = read(START, other, USER, CAME, SAID, RESULT)
    assert (past.open, past.said, past.turns) == ([], [other, USER], [])
    assert left == [SAID, RESULT]
    assert past.whole


def test_turns_that_are_over_the_one_that_goes_on_and_its_open_message_stand_apart() -> None:
    over = [USER, BEGIN, SAID, STOP, RESULT]
    said = [USER, BEGIN, DELTA, SAID, STOP]
    beside = stream("message_start", "call of an agent")
    past, _ = read(START, *over, *said, BEGIN, DELTA, beside, CAME)
    assert past.turns == over
    assert past.said == [USER, SAID]  # whole messages, whatever became of their deltas
    assert past.open == [BEGIN, DELTA, beside]


def test_nothing_is_open_where_the_last_message_has_ended() -> None:
    past, _ = read(START, USER, BEGIN, SAID, STOP, RESULT, CAME)
    assert (past.said, past.open) == ([], [])


def test_a_gap_says_that_it_is_not_all() -> None:
    past, _ = read(START, system("gap", dropped=3), USER, CAME)
    assert not past.whole
