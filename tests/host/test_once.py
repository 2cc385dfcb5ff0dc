"""A host submits a prompt such that it runs once, whatever dies in between."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual import host
from qwen_dual.host.event import Event
from qwen_dual.host.records import Receipt
from tests.host.support import on_asyncio, on_trio, real, replay, run

if TYPE_CHECKING:
    from pathlib import Path


def test_a_receipt_is_read_with_what_became_of_the_command() -> None:
    result = {"is_error": False, "result": "fine", "stop_reason": "end_turn", "command_id": "a"}
    data: dict[str, Any] = {"id": "a", "status": "duplicate", "outcome": "done", "result": result}
    receipt = Receipt.of(Event({"type": "system", "subtype": "command_receipt", "data": data}))
    assert receipt.result is not None
    assert (receipt.outcome, receipt.result.text, receipt.durable) == ("done", "fine", True)
    wrong = {"id": "a", "status": "accepted", "durable": False, "outcome": 5, "result": "x"}
    odd = Receipt.of(Event({"type": "system", "subtype": "command_receipt", "data": wrong}))
    assert (odd.outcome, odd.result, odd.durable) == ("", None, False)


@on_trio
def test_what_was_submitted_before_the_program_was_killed_is_not_run_again(
    tmp_path: Path, backend: str
) -> None:
    async def main() -> None:
        async with real(tmp_path) as session:
            done = await (await session.submit_once("a", "say 3 words")).result()
            running = await session.submit_once("b", "say 100000 words")
            assert (await session.submit_once("b", "say 100000 words")).receipt.outcome == "running"
            known = session.session_id
            assert known is not None
            os.kill(session.pid, signal.SIGKILL)
            with pytest.raises(host.SessionExited):
                await running.result()
        async with real(tmp_path, "--resume", known) as session:
            again = await session.submit_once("a", "say 3 words")
            assert (again.receipt.status, again.receipt.outcome) == ("duplicate", "done")
            assert (await again.result()).text == done.text
            lost = await session.submit_once("b", "say 100000 words")
            assert lost.receipt.outcome == "interrupted"
            assert (await lost.result()).stop_reason == "interrupted"
            fresh = await session.submit_once("c", "say 2 words")
            assert fresh.receipt.status == "accepted"

    run(backend, main)


@on_asyncio
def test_a_program_that_gives_no_receipts_cannot_be_asked(backend: str) -> None:
    async def main() -> None:
        async with replay("text") as session:
            with pytest.raises(host.NotSupported, match="submit_once"):
                await session.submit_once("a", "hello")

    run(backend, main)
