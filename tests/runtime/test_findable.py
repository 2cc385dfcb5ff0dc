"""A running session can be found: its record follows it, and a stream costs nothing of it."""

from __future__ import annotations

import json
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import pytest

from qwen_dual.core.actor import CLI
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.protocol import events
from qwen_dual.running.keeper import Locks
from qwen_dual.running.listing import running
from qwen_dual.runtime import late
from qwen_dual.runtime.factory import SessionFactory
from qwen_dual.runtime.findable import Findable
from qwen_dual.runtime.launch import NO_CHANNELS, Outside
from qwen_dual.runtime.spec import SessionSpec
from tests.runtime.support import Log
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from qwen_dual.running.record import Record
    from qwen_dual.runtime.opened import OpenSession

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the records are."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("QWEN_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr(late, "MOMENT", 0.0)
    fine = {"blocks": [{"type": "text", "text": "fine"}]}
    (tmp_path / "script.jsonl").write_text(json.dumps(fine) + "\n")
    return tmp_path / "home" / "run"


@asynccontextmanager
async def session(
    log: Log,
    spec: SessionSpec | None = None,
    outside: Outside = NO_CHANNELS,
    *,
    find: bool = True,
    factory: SessionFactory | None = None,
) -> AsyncIterator[OpenSession]:
    handle = (factory or SessionFactory()).open(spec or SessionSpec(offline=True), [log], outside)
    async with anyio.create_task_group() as group:
        group.start_soon(handle.run)
        if find:
            group.start_soon(handle.be_found)
        handle.attach()
        yield handle
        await handle.stop()
        group.cancel_scope.cancel()
    await handle.aclose()


def records(folder: Path) -> list[Record]:
    return running(str(folder))


async def test_the_record_follows_the_session_and_goes_with_it(folder: Path) -> None:
    log = Log()
    outside = Outside(addresses={"events": "e.jsonl", "socket": "/run/s.sock"})
    async with session(log, outside=outside) as handle:
        await handle.load()
        await until(lambda: records(folder))
        [record] = records(folder)
        assert (record.session_id, record.pid, record.state) == (handle.id, os.getpid(), "idle")
        assert (record.title, record.cwd, record.input) == ("", handle.cwd, None)
        assert record.events == os.path.join(handle.cwd, "e.jsonl")
        assert record.socket == "/run/s.sock"
        handle.submit("run touch made", CLI)
        await until(lambda: records(folder)[0].state == "awaiting_approval")
        [waiting] = records(folder)
        assert (waiting.title, waiting.waits, record.waits) == ("run touch made", True, False)
        assert record.started_at <= waiting.state_at
        [request] = log.of("control_request")
        handle.answer(request["request_id"], Decision(False, CLI))
        await log.results()

        handle.launch.bus.publish(events.system("proposals", {"proposals": [{}]}))
        await until(lambda: (records(folder)[0].state, records(folder)[0].waits) == ("idle", True))
        handle.launch.bus.publish(events.system("proposals", {"proposals": []}))
        await until(lambda: not records(folder)[0].waits)
        handle.submit("/clear", CLI)
        await until(lambda: records(folder)[0].session_id == handle.latest.id != handle.id)
        [cleared] = records(folder)
        assert (cleared.title, cleared.state) == ("", "idle")
    assert list(folder.iterdir()) == []


async def test_the_tools_know_which_files_the_session_obeys(folder: Path) -> None:
    async with session(Log(), outside=Outside(paths=("in.jsonl",))) as handle:
        await handle.load()
        assert handle.parts is not None
        own = handle.parts.tools.workspace.own_guard(os.path.join(handle.cwd, "in.jsonl"))
        assert own == "in.jsonl"


async def test_several_sessions_of_a_process_are_found_each(folder: Path) -> None:
    factory = SessionFactory()
    async with session(Log(), factory=factory) as first, session(Log(), factory=factory) as second:
        for handle in (first, second):
            await handle.load()
        await until(lambda: len(records(folder)) == 2)
        assert {one.session_id for one in records(folder)} == {first.id, second.id}
        assert len(list(folder.glob("*.lock"))) == 1


async def test_a_session_that_is_not_saved_does_not_tell_its_prompt(folder: Path) -> None:
    log = Log()
    async with session(
        log, SessionSpec(offline_script="../script.jsonl", chat_recording=False)
    ) as handle:
        handle.submit("my secret", CLI)
        await log.results()
        await until(lambda: records(folder))
        assert records(folder)[0].title == ""


async def test_what_is_over_in_a_moment_has_no_record(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late, "MOMENT", 60.0)
    log = Log()
    async with session(log, SessionSpec(offline_script="../script.jsonl")) as handle:
        handle.submit("hello", CLI)
        await log.results()
    assert not folder.exists()


async def test_a_folder_that_is_not_ours_alone_is_not_used_and_that_is_told(folder: Path) -> None:
    log = Log()
    folder.parent.mkdir()
    folder.symlink_to(folder.parent)
    async with session(log) as handle:
        await handle.load()
        await log.until(lambda event: event.get("subtype") == "notice")
        [told] = log.of("notice")
        assert "cannot find this session" in told["data"]["text"]
        assert str(folder) in told["data"]["text"]
        handle.submit("/stats", CLI)
        await log.results()


async def test_what_streams_writes_nothing_and_states_are_written_a_few_times(
    folder: Path,
) -> None:
    log = Log()
    async with session(log, find=False) as handle:
        findable = Findable(handle.parts.session, handle.launch.workspace, {}, Locks())
        handle.subscribe(findable, streamed=False)
        async with anyio.create_task_group() as group:
            group.start_soon(findable.run)
            await until(lambda: records(folder))
            written = findable.written
            for _ in range(200):
                handle.notice("something")
            await anyio.lowlevel.checkpoint()
            assert findable.written == written == 1
            for _ in range(50):
                handle.parts.session.publish(handle.parts.session.state_events(None)[0])
                await anyio.lowlevel.checkpoint()
            await until(lambda: findable.written > written)
            assert findable.written == written + 1
            group.cancel_scope.cancel()
        assert records(folder) == []
