"""Hosted sessions, and pages that look at them, in one process."""

from __future__ import annotations

import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import anyio

from qwen_dual.web.sessions import HostedSessions
from tests.host.support import HERE, environment
from tests.support.program import COMMAND
from tests.web.page import ChatPage, Socket, TerminalPage, visitor

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
    from pathlib import Path

    from qwen_dual.web.access_records import Client


OFFLINE = [*COMMAND, "--offline"]


ANNA = visitor()


BERT = visitor("Bert B.", id="browser-2")


def run(main: Callable[[], Awaitable[None]], seconds: float = 30) -> None:
    async def bounded() -> None:
        with anyio.fail_after(seconds):
            await main()

    anyio.run(bounded)


class Pages:
    """Sessions, and the pages that look at them."""

    def __init__(self, sessions: HostedSessions, group: anyio.abc.TaskGroup) -> None:
        self.sessions = sessions
        self._group = group

    def chat(self, key: str, client: Client = ANNA, page: ChatPage | None = None) -> ChatPage:
        """A page's chat, or a further connection of one."""
        again = page is not None
        page = page or ChatPage()
        socket = page.again() if again else page.socket
        self._group.start_soon(self.sessions.chat, socket.asgi, key, client, page.seq, page.epoch)
        return page

    def terminal(
        self, key: str, client: Client = ANNA, page: TerminalPage | None = None, **kind: Any
    ) -> TerminalPage:
        """The same for a terminal."""
        page, offset, epoch = page or TerminalPage(**kind), None, ""
        if page.offset is not None:
            page.socket, offset, epoch = Socket(), page.offset, page.epoch
        socket = page.socket.asgi
        self._group.start_soon(self.sessions.terminal, socket, key, client, offset, epoch)
        return page


@asynccontextmanager
async def hosting(
    home: Path, command: Sequence[str] = OFFLINE, **options: Any
) -> AsyncGenerator[Pages, None]:
    work = home / "work"
    work.mkdir(exist_ok=True)
    async with (
        HostedSessions(command, cwd=str(work), env=environment(home), **options) as sessions,
        anyio.create_task_group() as group,
    ):
        yield Pages(sessions, group)
        group.cancel_scope.cancel()


def submit(page: ChatPage, text: str, **more: Any) -> str:
    number = str(uuid4())
    page.socket.say({"type": "submit", "text": text, "id": number, **more})
    return number


ODD = [sys.executable, "-S", str(HERE.parent / "web" / "odd_program.py")]
