"""What a host of a draft and of a review gets from events alone; with the program the demos show it."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from qwen_dual import host
from qwen_dual.host.draft import Draft
from qwen_dual.host.event import Event
from qwen_dual.host.tracker import Tracker
from qwen_dual.host.turns import ReportedTurns, Submitted
from tests.host.support import on_asyncio, replay, run


def system(subtype: str, **data: Any) -> Event:
    return Event({"type": "system", "subtype": subtype, "data": data})


def test_what_a_draft_lacks_or_has_wrong_is_read_as_nothing() -> None:
    told = Draft.of(system("draft", text=5, cursor="x", version=7, mode="shell", cut="yes"))
    assert told == Draft("", 0, 7, "shell", cut=False)


def test_a_draft_that_was_told_before_the_receipt_is_not_the_one_that_was_asked_for() -> None:
    async def main() -> None:
        tracker = Tracker()
        promise = tracker.drafts.ask("g1")
        tracker.feed(system("draft", text="old", version=1))  # of a watch
        tracker.feed(system("command_receipt", id="g1", status="accepted"))
        assert not promise.done
        tracker.feed(system("draft", text="new", version=2))
        assert (await promise.wait()).text == "new"

    anyio.run(main)


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        ("accepted", "", None),
        ("edited", "", None),
        ("refused", "", "refused"),
        ("rejected", "unavailable", "unavailable"),
    ],
)
def test_a_held_prompt_has_a_second_receipt(status: str, code: str, outcome: str | None) -> None:
    async def main() -> None:
        turns, submitted = ReportedTurns(), Submitted("p1", "text")
        turns.add(submitted)
        turns.feed(system("command_receipt", id="p1", status="held"))
        assert (await submitted.receipt.wait()).status == "held"
        assert not submitted.review.done
        turns.feed(system("command_receipt", id="p1", status=status, code=code, message="why"))
        assert (await submitted.review.wait()).status == status
        if outcome is None:
            assert not submitted.result.done
        else:
            with pytest.raises(host.CommandRejected, match="why") as error:
                await submitted.result.wait()
            assert error.value.code == outcome

    anyio.run(main)


def test_a_prompt_that_nobody_looks_at_counts_as_reviewed_with_its_receipt() -> None:
    async def main() -> None:
        turns, submitted = ReportedTurns(), Submitted("p1", "text")
        turns.add(submitted)
        turns.feed(system("command_receipt", id="p1", status="queued", position=2))
        assert (await submitted.review.wait()).position == 2

    anyio.run(main)


@on_asyncio
def test_a_program_without_drafts_and_reviews_is_sent_none_of_it(backend: str) -> None:
    async def main() -> None:
        async with replay("text") as session:
            with pytest.raises(host.NotSupported, match="get_draft"):
                await session.get_draft()
            with pytest.raises(host.NotSupported, match="set_draft"):
                await session.set_draft("x", if_version=1)
            with pytest.raises(host.NotSupported, match="watch"):
                async for _ in session.watch_draft():
                    pass
            # It would run what a person was to look at first.
            with pytest.raises(host.NotSupported, match="review"):
                await session.submit("x", review=True)

    run(backend, main)
