"""Hosted sessions from their start to their end, and what becomes of the others when one fails."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from qwen_dual.host import SpawnFailed
from qwen_dual.web.chat_log import ChatLog
from qwen_dual.web.kept_sessions import KeptSessions
from qwen_dual.web.sessions import NewSession, TooMany
from tests.host.support import HERE, REFERENCE
from tests.support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path
from tests.web.hosted import ANNA, BERT, ODD, hosting, run, submit


def test_a_program_that_tells_what_nobody_expects_harms_itself_alone(tmp_path: Path) -> None:
    async def main() -> None:
        kept = KeptSessions(tmp_path / "kept")
        async with hosting(tmp_path, ODD, kept=kept) as pages:
            key, other = [await pages.sessions.start(NewSession()) for _ in range(2)]
            for one in (key, other):  # neither ends the other, nor the server
                await pages.chat(one).until_kind("result", result="told it all")
            for row in pages.sessions.rows(ANNA):
                texts = [row[name] for name in ("session_id", "title", "cwd", "model", "mode")]
                assert all(isinstance(text, str) and len(text) <= 4096 for text in texts)
            assert {one.key for one in kept.read()} <= {key, other}
            assert (tmp_path / "kept" / "sessions.json").stat().st_size < 20_000

    run(main)


def test_a_fault_of_the_server_in_one_session_ends_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with hosting(tmp_path, ODD) as pages:
            key = await pages.sessions.start(NewSession())
            page = pages.chat(key)
            await page.until_kind("result")
            monkeypatch.setattr(ChatLog, "add", fails)
            broken = await pages.sessions.start(NewSession())
            ended = await pages.chat(broken).until_kind("web/ended")
            assert "log has the details" in ended["message"]
            states = {row["key"]: row["state"] for row in pages.sessions.rows(ANNA)}
            assert (states[key] != "ended", states[broken]) == (True, "ended")

    run(main)


def fails(log: ChatLog, event: dict[str, Any]) -> None:
    raise TypeError("what nobody has thought of")


def test_a_recorded_session_of_qwen_code_is_hosted_with_what_it_has(tmp_path: Path) -> None:
    recording = str(REFERENCE / "tool_allowed.jsonl")
    player = [sys.executable, "-S", str(HERE / "replay.py"), recording]

    async def main() -> None:
        async with hosting(tmp_path, player) as pages:
            key = await pages.sessions.start(NewSession())
            page = pages.chat(key)
            hello = await page.until_kind("web/hello")
            assert set(hello["supported_commands"]) == {
                *("submit", "confirmation_response", "interrupt")
            }
            await page.until_kind("web/replayed")
            for allowed in (True, False):
                submit(page, "touch made")
                await page.until_kind("user")
                request = (await page.until_kind("control_request"))["request_id"]
                answer = {"type": "confirmation_response", "request_id": request, "id": "c"}
                page.socket.say({**answer, "allowed": allowed})
                by = await page.until_kind("web/by", id=request) if allowed else None
                response = (await page.until_kind("control_response"))["response"]
                assert response["response"]["allowed"] is allowed
                assert by is None or by["name"] == "anna"
            late = pages.chat(key, BERT)
            await late.until_kind("web/replayed")
            assert [item["seq"] for item in late.items if "seq" in item][-1] == page.seq

    run(main)


def test_sessions_are_counted_and_what_cannot_start_says_why(tmp_path: Path) -> None:
    async def main() -> None:
        async with hosting(tmp_path, ["no-such-program"], max_sessions=1) as pages:
            with pytest.raises(SpawnFailed, match="no such program"):
                await pages.sessions.start(NewSession())
            assert pages.sessions.rows(ANNA) == []
        async with hosting(tmp_path, max_sessions=1) as pages:
            key = await pages.sessions.start(NewSession(mode="plan"))
            with pytest.raises(TooMany):
                await pages.sessions.start(NewSession())
            [row] = pages.sessions.rows(ANNA)
            assert (row["mode"], row["state"]) == ("plan", "idle")
            page = pages.terminal(key)
            await page.until(lambda: b"qwen-dual" in page.screen)
            page.socket.say(b"/quit\r")
            ended = await page.until_told("ended")
            assert (ended["status"], ended["signal"]) == (0, None)
            assert pages.sessions.rows(ANNA)[0]["state"] == "ended"
            await pages.sessions.start(NewSession())

    run(main)


def test_a_server_that_is_started_anew_brings_its_sessions_back(tmp_path: Path) -> None:
    folder = tmp_path / "own"

    async def main() -> None:
        async with hosting(tmp_path, kept=KeptSessions(folder)) as pages:
            key = await pages.sessions.start(NewSession(mode="plan"))
            empty = await pages.sessions.start(NewSession())
            page = pages.chat(key)
            submit(page, "say 3 words")
            await page.until_kind("result")
            [before] = [row for row in pages.sessions.rows(ANNA) if row["key"] == key]
        assert (folder / "sessions.json").stat().st_mode & 0o777 == 0o600
        async with hosting(tmp_path, kept=KeptSessions(folder)) as pages:
            pages.sessions.restore()
            pages.chat(key, page=page)
            hello = await page.until_kind("web/hello", whole=True)
            assert hello["epoch"] == page.epoch
            assert (await page.until_kind("user"))["message"]["content"][0]["text"] == "say 3 words"
            await page.until_kind("assistant")
            await page.until_kind("web/notice", code="resumed")
            start = await page.until_kind("system/session_start")
            assert start["session_id"] == before["session_id"]
            submit(page, "say 2 words")
            await page.until_kind("result")
            rows = {row["key"]: row for row in pages.sessions.rows(ANNA)}
            assert rows.keys() == {key, empty}
            assert (rows[key]["title"], rows[key]["mode"]) == ("say 3 words", "plan")
            assert not list(folder.glob("chat-*"))

    run(main)


def test_a_session_that_goes_on_with_an_earlier_conversation_is_called_by_it(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        async with hosting(tmp_path) as pages:
            sessions = pages.sessions
            key = await sessions.start(NewSession())

            async def called(title: str) -> None:
                await until(lambda: sessions.rows(ANNA)[0]["title"] == title)

            page = pages.chat(key)
            submit(page, "say 3 words\nof two lines")
            before = await page.until_kind("result")
            page.socket.say({"type": "clear", "id": str(uuid4())})
            await page.until_kind("system/session_changed")
            await page.until_kind("system/rewind_points")
            await called("")
            resume = {"type": "resume", "session_id": before["session_id"], "id": str(uuid4())}
            page.socket.say(resume)
            await called("say 3 words of two lines")
            await sessions.end(key)
            await sessions.start(NewSession(resume=before["session_id"]))
            await called("say 3 words of two lines")

    run(main)


def test_a_session_that_runs_elsewhere_is_followed_in_its_chat(tmp_path: Path) -> None:
    async def main() -> None:
        async with hosting(tmp_path) as elsewhere, hosting(tmp_path) as pages:
            key = await elsewhere.sessions.start(NewSession())
            there = elsewhere.chat(key)
            submit(there, "say 2 words")
            await there.until_kind("result")
            await until(pages.sessions.running, "it has its record")
            [found] = pages.sessions.running()
            attached = await pages.sessions.attach(found.session_id)
            assert await pages.sessions.attach(found.session_id) == attached
            assert pages.sessions.running() == []
            page = pages.chat(attached, BERT)
            hello = await page.until_kind("web/hello")
            assert hello["terminal"] is False
            await page.until_kind("result")
            submit(page, "say 1 words")
            assert (await there.until_kind("user"))["origin"] == "host:web.Bert-B"
            await pages.sessions.end(attached)
            await page.until_kind("web/ended")
            assert elsewhere.sessions.rows(ANNA)[0]["state"] != "ended"

    run(main)
