"""A handle is of one session for good: ``/clear`` and ``/resume`` make another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from qwen_dual.core.actor import CLI
from qwen_dual.runtime.factory import SessionFactory
from qwen_dual.runtime.handle import SessionOver
from qwen_dual.runtime.spec import SessionSpec
from tests.runtime.support import Log

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("QWEN_HOME", str(tmp_path / "home"))
    return tmp_path


def test_clear_and_resume_make_another_handle_and_the_first_says_which() -> None:
    log = Log()
    factory = SessionFactory()

    async def main() -> None:
        first = factory.open(SessionSpec(offline=True), [log])
        known = first.id
        async with anyio.create_task_group() as group:
            group.start_soon(first.run)
            first.attach()
            first.submit("hello", CLI)
            await log.results()
            first.submit("/clear", CLI)
            await log.results(2)
            second = first.latest
            assert (first.id, second.id == known) == (known, False)
            assert [handle.id for handle in factory.registry] == [second.id]
            with pytest.raises(SessionOver, match=f"{known} is over; {second.id}"):
                first.submit("hello again", CLI)
            first.notice("the channel closed", "warning")  # as what was there before it may tell
            assert log.of("notice")[-1]["session_id"] == second.id
            second.submit("hello again", CLI)
            await log.results(3)
            second.submit(f"/resume {known}", CLI)
            await log.results(4)
            third = first.latest
            assert (second.successor, third.id, third is first) == (third, known, False)
            assert factory.registry.get(known) is third
            assert third.resume_hint is not None
            assert third.resume_hint.endswith(known)
            first.request_close()
        await first.aclose()
        assert len(factory.registry) == 0

    anyio.run(main)
    changes = [event["data"] for event in log.of("session_changed")]
    assert [change["to"] for change in changes[:1]] == [change["from"] for change in changes[1:]]
    assert changes[0]["from"] == changes[1]["to"] == log.of("session_start")[0]["session_id"]


def test_what_follows_the_change_carries_the_new_id_and_seq_goes_on() -> None:
    log = Log()

    async def main() -> None:
        handle = SessionFactory().open(SessionSpec(offline=True), [log])
        async with anyio.create_task_group() as group:
            group.start_soon(handle.run)
            handle.attach()
            handle.submit("/clear", CLI)
            await log.results()
            handle.request_close()
        await handle.aclose()

    anyio.run(main)
    (change,) = log.of("session_changed")
    at = log.events.index(change)
    assert {event["session_id"] for event in log.events[: at + 1]} == {change["data"]["from"]}
    assert {event["session_id"] for event in log.events[at + 1 :]} == {change["data"]["to"]}
    assert [event["seq"] for event in log.events] == list(range(1, len(log.events) + 1))
