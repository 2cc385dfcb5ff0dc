"""A session made by the factory: from its spec to its last event."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from qwen_dual.core.actor import CLI, INPUT
from qwen_dual.protocol import events
from qwen_dual.runtime.factory import SessionFactory
from qwen_dual.runtime.launch import StartError
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


def test_a_prompt_is_answered_and_the_session_ends_in_order() -> None:
    log = Log()
    factory = SessionFactory()

    async def main() -> None:
        handle = factory.open(SessionSpec(offline=True), [log])
        assert factory.registry.get(handle.id) is handle
        async with anyio.create_task_group() as group:
            group.start_soon(handle.run)
            handle.attach()
            handle.submit("hello", CLI)
            await log.results()
            handle.request_close()
        await handle.aclose()
        assert len(factory.registry) == 0
        assert {event["session_id"] for event in log.events} == {handle.id}

    anyio.run(main)
    kinds = [event.get("subtype") or event["type"] for event in log.events]
    assert (kinds[0], kinds[-1]) == ("session_start", "session_end")
    assert kinds.index("user") < kinds.index("assistant") < kinds.index("success")


def test_what_cannot_be_begun_says_nothing_and_leaves_nothing() -> None:
    log = Log()
    factory = SessionFactory()

    async def main() -> None:
        with pytest.raises(StartError, match="--resume"):
            factory.open(SessionSpec(offline=True, resume="gone"), [log])

    anyio.run(main)
    assert (log.events, len(factory.registry)) == ([], 0)


def test_a_command_that_needs_what_the_front_end_lacks_says_so() -> None:
    log = Log()

    async def main() -> None:
        handle = SessionFactory().open(SessionSpec(offline=True), [log])
        async with anyio.create_task_group() as group:
            group.start_soon(handle.run)
            handle.attach()
            handle.submit("/theme dark", INPUT)
            handle.submit("/copy", INPUT)
            await log.results(2)
            handle.request_close()
        await handle.aclose()

    anyio.run(main)
    told = [event["data"]["text"] for event in log.of("notice")]
    assert any(text.startswith("/theme needs colours") for text in told)
    assert any(text.startswith("/copy needs a clipboard") for text in told)


def test_a_cancelled_session_has_ended_its_turn_before_it_is_gone() -> None:
    log = Log()

    async def main() -> None:
        handle = SessionFactory().open(SessionSpec(offline=True, approval_mode="yolo"), [log])
        async with anyio.create_task_group() as group:
            group.start_soon(handle.run)
            handle.attach()
            handle.submit("run sleep 60", CLI)
            await log.until(lambda event: event["type"] == "assistant")
            group.cancel_scope.cancel()
        await handle.aclose()

    anyio.run(main)
    (result,) = log.of("result")
    assert result["stop_reason"] == "interrupted"


def test_a_session_is_open_once() -> None:
    log = Log()

    async def main() -> None:
        factory = SessionFactory()
        spec = SessionSpec(offline=True, session_id=events.new_uuid(), chat_recording=False)
        handle = factory.open(spec)
        with pytest.raises(StartError, match=f"{handle.id} is open"):
            factory.open(spec, [log])
        await handle.aclose()
        await handle.aclose()
        again = factory.open(spec)
        assert factory.registry.get(handle.id) is again
        await handle.aclose()
        assert factory.registry.get(handle.id) is again
        await again.aclose()

    anyio.run(main)
    assert log.events == []


def test_a_chat_is_free_again_for_whoever_comes_after() -> None:
    async def main() -> None:
        factory = SessionFactory()
        known = await said(factory, SessionSpec(offline=True))
        going_on = SessionSpec(offline=True, resume=known)
        handle = factory.open(going_on)
        with pytest.raises(StartError, match="open"):
            factory.open(going_on)
        await handle.aclose()
        assert await said(factory, going_on) == known

    async def said(factory: SessionFactory, spec: SessionSpec) -> str:
        log = Log()
        handle = factory.open(spec, [log])
        async with anyio.create_task_group() as group:
            group.start_soon(handle.run)
            handle.attach()
            handle.submit("hello", CLI)
            await log.results()
            await handle.stop()
        await handle.aclose()
        return handle.id

    anyio.run(main)
