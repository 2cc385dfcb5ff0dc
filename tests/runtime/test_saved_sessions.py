"""Saved sessions as data, and going on with one: the commands of a host, over the runtime."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.chats.open_sessions import open_sessions
from qwen_dual.chats.paths import chat_path
from qwen_dual.chats.running import start_token
from qwen_dual.core.actor import INPUT, KEYBOARD
from qwen_dual.protocol.commands import parse_command
from qwen_dual.runtime.factory import SessionFactory
from qwen_dual.runtime.spec import SessionSpec
from tests.runtime.support import Log

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.opened import OpenSession

pytestmark = pytest.mark.anyio

UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("QWEN_HOME", str(tmp_path / "home"))
    script = tmp_path / "script.jsonl"
    fine = {"blocks": [{"type": "text", "text": "fine"}]}
    script.write_text(f"{json.dumps(fine)}\n" * 20)
    return tmp_path / "home"


class Driven:
    """A session, its events, and a channel to it."""

    def __init__(self, handle: OpenSession, log: Log) -> None:
        self.handle, self.log = handle, log
        self._sent = 0

    async def say(self, text: str) -> None:
        before = len(self.log.of("result"))
        self.handle.latest.submit(text, KEYBOARD)
        await self.log.results(before + 1)

    def send(self, kind: str, **fields: Any) -> str:
        self._sent += 1
        name = f"c{self._sent}"
        line = json.dumps({"type": kind, "id": name, **fields}).encode()
        self.handle.dispatcher(INPUT).command(parse_command(line))
        return name

    async def receipt(self, name: str) -> Event:
        """What became of the command with this id."""
        told = await self.log.until(
            lambda event: event.get("subtype") == "command_receipt" and event["data"]["id"] == name
        )
        return dict(told["data"])

    async def command(self, kind: str, **fields: Any) -> Event:
        return await self.receipt(self.send(kind, **fields))

    async def sessions(self, **fields: Any) -> Event:
        name = self.send("list_sessions", **fields)
        told = await self.log.until(
            lambda event: event.get("subtype") == "sessions" and event["data"]["command_id"] == name
        )
        assert (await self.receipt(name))["status"] == "accepted"
        return dict(told["data"])

    @property
    def asked(self) -> list[str]:
        """The prompts that the model would be sent now."""
        history = self.handle.latest.history
        said = [message["content"] for message in history if message["role"] == "user"]
        return [block["text"] for blocks in said for block in blocks if block["type"] == "text"]


@asynccontextmanager
async def driven(home: Path, **spec: Any) -> AsyncIterator[Driven]:
    log = Log()
    script = str(home.parent / "script.jsonl")
    handle = SessionFactory().open(SessionSpec(**{"offline_script": script, **spec}), [log])
    async with anyio.create_task_group() as group:
        group.start_soon(handle.run)
        handle.attach()
        yield Driven(handle, log)
        handle.request_close()
    await handle.aclose()


async def test_saved_sessions_are_told_newest_first_and_in_portions(home: Path) -> None:
    async with driven(home) as session:
        ids = []
        for number in range(3):
            await session.say(f"prompt  {number}\nand more")
            ids.append(session.handle.latest.id)
            if number < 2:
                assert (await session.command("clear"))["status"] == "accepted"
        for number, session_id in enumerate(ids):
            path = chat_path(str(home), session.handle.cwd, session_id)
            os.utime(path, (1000.0 + number, 1000.0 + number))
        told = await session.sessions(limit=2)
        assert [one["session_id"] for one in told["sessions"]] == ids[:0:-1]
        assert told["more"]
        first = told["sessions"][0]
        assert first == {
            "session_id": ids[2],
            "title": "prompt 2 and more",
            "cwd": session.handle.cwd,
            "updated_at": 1002.0,
            "prompts": 1,
            "bytes": path.stat().st_size,
            "running": True,
        }
        rest = await session.sessions(before=told["sessions"][-1]["updated_at"])
        assert [one["session_id"] for one in rest["sessions"]] == ids[:1]
        assert not rest["more"] and not rest["sessions"][0]["running"]


async def test_those_of_other_folders_are_told_to_who_asks_for_all(home: Path) -> None:
    elsewhere = home.parent / "elsewhere"
    elsewhere.mkdir()
    async with driven(home, cwd=str(elsewhere)) as other:
        await other.say("there")
    async with driven(home) as session:
        await session.say("here")
        here = (await session.sessions())["sessions"]
        everywhere = (await session.sessions(all_folders=True))["sessions"]
        assert [one["title"] for one in here] == ["here"]
        assert {one["title"]: one["cwd"] for one in everywhere} == {
            "here": session.handle.cwd,
            "there": str(elsewhere),
        }


async def test_a_line_of_many_stays_below_64_kib(home: Path) -> None:
    async with driven(home) as session:
        await session.say("é" * 400)
        path = chat_path(str(home), session.handle.cwd, session.handle.id)
        for number in range(120):
            copy = path.with_name(f"{number:08}-{UNKNOWN[9:]}.jsonl")
            copy.write_bytes(path.read_bytes())
        told = await session.sessions(limit=100)
        assert told["more"] and 50 < len(told["sessions"]) <= 100
        assert len(json.dumps(told, ensure_ascii=False).encode()) < 60_000


async def test_clear_and_resume_go_from_one_conversation_to_the_other(home: Path) -> None:
    async with driven(home) as session:
        first = session.handle.id
        await session.say("one")
        assert (await session.command("clear"))["status"] == "accepted"
        second = session.handle.latest.id
        assert (second != first, session.asked) == (True, [])
        await session.say("two")
        assert (await session.command("resume", session_id=first))["status"] == "accepted"
        assert (session.handle.latest.id, session.asked) == (first, ["one"])
        await session.say("three")
        assert session.asked == ["one", "three"]
        changes = [event["data"] for event in session.log.of("session_changed")]
        assert [(told["from"], told["to"], told["origin"]) for told in changes] == [
            (first, second, "input"),
            (second, first, "input"),
        ]
        told = [event["data"]["text"] for event in session.log.of("notice")]
        assert told == ["● continued"]


async def test_what_cannot_be_gone_on_with_is_refused_and_nothing_changes(home: Path) -> None:
    async with driven(home) as session, driven(home) as other:
        await session.say("mine")
        await other.say("theirs")
        for wanted, code in (
            (UNKNOWN, "unknown_session"),
            (session.handle.id[:8], "unknown_session"),  # of a whole id there is no doubt
            (other.handle.id, "open_elsewhere"),
        ):
            told = await session.command("resume", session_id=wanted)
            assert (told["status"], told["code"]) == ("rejected", code)
        assert (session.asked, session.log.of("session_changed")) == (["mine"], [])
        await session.say("still mine")


async def test_while_something_runs_or_waits_they_are_busy_and_listing_is_not(home: Path) -> None:
    async with driven(home, offline_script=None, offline=True) as session:
        session.handle.submit("run touch made", KEYBOARD)
        await session.log.until(lambda event: event["type"] == "control_request")
        for kind, fields in (("clear", {}), ("resume", {"session_id": UNKNOWN})):
            told = await session.command(kind, **fields)
            assert (told["status"], told["code"]) == ("rejected", "busy")
            assert "awaiting_approval" in told["message"]
        assert (await session.sessions())["sessions"][0]["running"]
        session.handle.interrupt(KEYBOARD)
        await session.log.results()
        assert not session.log.of("session_changed")  # nothing of it happens later


async def test_without_an_id_a_refusal_is_told_as_a_notice(home: Path) -> None:
    async with driven(home) as session:
        line = json.dumps({"type": "resume", "session_id": UNKNOWN}).encode()
        session.handle.dispatcher(INPUT).command(parse_command(line))
        told = await session.log.until(lambda event: event.get("subtype") == "notice")
        assert told["data"]["level"] == "warning" and UNKNOWN in told["data"]["text"]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_a_session_is_open_as_long_as_the_process_that_wrote_so(tmp_path: Path) -> None:
    folder = tmp_path / "sessions"
    folder.mkdir()
    with subprocess.Popen(["sleep", "60"]) as other:
        for name, pid, token in (
            ("a", os.getpid(), start_token()),
            ("b", other.pid, start_token(other.pid)),
            ("c", os.getpid(), "another boot:1"),  # its number is somebody else's by now
            ("d", other.pid, start_token()),
        ):
            record = {"pid": pid, "procStart": token, "sessionId": name}
            (folder / f"{name}.json").write_text(json.dumps(record))
        (folder / "e.json").write_text("{")
        assert open_sessions(str(tmp_path)) == {"a", "b"}
        other.kill()
        other.wait()
        assert open_sessions(str(tmp_path)) == {"a"}
    assert open_sessions(str(tmp_path / "none")) == set()
