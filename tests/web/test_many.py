"""Many sessions and many pages at once: each page has everything, once, and none waits for another."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import anyio

from qwen_dual.web.sessions import NewSession
from tests.web.hosted import ANNA, hosting, run, submit
from tests.web.page import Socket
from tests.web.test_slow_pages import PAINTER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.web.page import ChatPage, TerminalPage

EVENTS = 20
PAGES = 3


def test_each_page_of_many_sessions_has_everything_once(tmp_path: Path, whole: bool) -> None:
    count = 100 if whole else 4

    async def main() -> None:
        async with hosting(tmp_path, PAINTER, max_sessions=count) as pages:
            keys = [await pages.sessions.start(NewSession()) for _ in range(count)]
            chats = [pages.chat(key) for key in keys for _ in range(PAGES)]
            terminals = [pages.terminal(key) for key in keys]
            lists = Socket()
            async with anyio.create_task_group() as group:
                group.start_soon(pages.sessions.watch, lists.asgi, ANNA)
                asked = {"events": EVENTS, "rate": 1000, "megabytes": 0.01}
                for chat in chats[::PAGES]:
                    submit(chat, json.dumps({**asked, "megabytes_a_second": 1}))
                async with anyio.create_task_group() as taking:
                    for chat in chats:
                        taking.start_soon(_has_all, chat)
                    for terminal in terminals:
                        taking.start_soon(_is_painted, terminal)
                rows = json.loads((await lists.next())["text"])["sessions"]
                assert {row["key"] for row in rows} == set(keys)
                lists.cut()

    async def _has_all(chat: ChatPage) -> None:
        await chat.until_kind("result")
        assert chat.seq == EVENTS + 2
        assert sum(item["type"] == "stream_event" for item in chat.items) == EVENTS

    async def _is_painted(terminal: TerminalPage) -> None:
        await terminal.until(lambda: len(terminal.screen) >= 10_000)
        assert terminal.fresh == 1

    run(main, 120 if whole else 30)
