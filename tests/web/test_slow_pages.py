"""Pages that take nothing, little, or were away for long: nobody else feels it, and they are told what is missing."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import anyio

from qwen_dual.web.sessions import NewSession
from qwen_dual.web.terminal_channel import HIGH_BYTES
from tests.support.program import ROOT
from tests.web.hosted import BERT, hosting, run, submit

if TYPE_CHECKING:
    from pathlib import Path

    from tests.web.page import ChatPage, TerminalPage

PAINTER = [sys.executable, "-S", f"{ROOT}/benchmarks/web_program.py", "qwen-dual"]


async def painted(chat: ChatPage, megabytes: float, events: int = 0) -> None:
    """Has the program tell and paint so much; returns when it has."""
    asked = {"events": events, "rate": 1e6, "megabytes": megabytes, "megabytes_a_second": 1000}
    submit(chat, json.dumps(asked))
    await chat.until_kind("result")


def last_line(page: TerminalPage) -> int:
    return int(bytes(page.screen).rstrip().rpartition(b" ")[2] or 0)


def test_a_page_that_takes_nothing_is_sent_no_more_and_gets_a_fresh_screen(tmp_path: Path) -> None:
    async def main() -> None:
        async with hosting(tmp_path, PAINTER) as pages:
            key = await pages.sessions.start(NewSession())
            chat, quick = pages.chat(key), pages.terminal(key)
            slow = pages.terminal(key, BERT, acknowledges=False)
            stuck = pages.terminal(key, BERT)
            for page in (quick, slow, stuck):
                await page.until_told("shown")
            stuck.socket.reads = anyio.Event()
            async with anyio.create_task_group() as group:
                group.start_soon(painted, chat, 4)
                await quick.until(lambda: len(quick.screen) >= 4_000_000)
            assert quick.fresh == 1
            assert sum(len(one.get("bytes") or b"") for one in slow.socket.sent) <= 5 * (1 << 16)
            while slow.socket.sent:
                await slow.step()
            assert HIGH_BYTES <= len(slow.screen) <= HIGH_BYTES + (1 << 16)
            assert not stuck.socket.sent
            for page in (slow, stuck):
                page.acknowledges = True
                page.socket.reads.set()
                page.socket.say({"type": "ack", "offset": page.offset})
                await page.until(lambda page=page: page.offset == quick.offset)  # type: ignore[misc]
                await page.until_told("shown")
                assert page.fresh == 2
                assert [one["lost"] for one in page.told if one["subtype"] == "screen"][-1]
                assert last_line(page) == last_line(quick)
                assert len(page.screen) < 1 << 18, "not all that was missed: what is on the screen"

    run(main)


def test_who_was_away_while_much_was_painted_has_the_end_of_it_and_is_told(
    tmp_path: Path, whole: bool
) -> None:
    megabytes = 50 if whole else 3

    async def main() -> None:
        async with hosting(tmp_path, PAINTER) as pages:
            key = await pages.sessions.start(NewSession())
            chat, terminal = pages.chat(key), pages.terminal(key)
            other = pages.chat(key, BERT)
            await painted(chat, 0.01, events=3)
            await other.until_kind("result")
            await terminal.until(lambda: len(terminal.screen) > 10_000)
            chat.socket.cut()
            terminal.socket.cut()
            seq = chat.seq
            await painted(other, megabytes, events=200)
            pages.chat(key, page=chat)
            hello = await chat.until_kind("web/hello")
            assert (hello["whole"], hello["lost"]) == (False, 0)
            await chat.until_kind("web/replayed")
            assert seq is not None
            numbers = [item["seq"] for item in chat.items if item.get("seq", 0) > seq]
            assert numbers == list(range(seq + 1, seq + 202)), "each once"
            pages.terminal(key, page=terminal)
            screen = await terminal.until_told("screen")
            assert (screen["fresh"], screen["lost"]) == (True, True)
            await terminal.until_told("shown")
            assert terminal.offset is not None
            assert terminal.offset >= megabytes * 1e6
            assert last_line(terminal) > megabytes * 10_000

    run(main, 60)


def test_a_chat_that_takes_nothing_is_greeted_anew_when_events_have_gone(tmp_path: Path) -> None:
    async def main() -> None:
        async with hosting(tmp_path, PAINTER) as pages:
            key = await pages.sessions.start(NewSession())
            chat, stuck = pages.chat(key), pages.chat(key, BERT)
            await stuck.until_kind("web/replayed")
            session = pages.sessions._sessions[key]
            session.log._max_bytes = 100_000
            stuck.socket.reads = anyio.Event()
            await painted(chat, 0, events=2000)
            assert len(stuck.socket.sent) <= 1
            stuck.socket.reads.set()
            hello = await stuck.until_kind("web/hello")
            assert hello["whole"]
            assert hello["lost"] > 1000
            await stuck.until_kind("result")
            assert stuck.seq == chat.seq

    run(main)
