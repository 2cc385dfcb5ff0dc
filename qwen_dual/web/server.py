"""The server put together: access, sessions and the page, from its first link to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
from msgspec import Struct

from qwen_dual.web.access import Access
from qwen_dual.web.api import Api
from qwen_dual.web.app import make_app
from qwen_dual.web.doorkeeper import Doorkeeper
from qwen_dual.web.folders import Folders
from qwen_dual.web.kept_access import KeptAccess
from qwen_dual.web.kept_sessions import KeptSessions
from qwen_dual.web.serving import serve
from qwen_dual.web.sessions import HostedSessions
from qwen_dual.web.static_files import read_page
from qwen_dual.web.uploads import Uploads

if TYPE_CHECKING:
    import signal
    import socket
    import ssl
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from qwen_dual.web.origins import Origins


class Settings(Struct, frozen=True, kw_only=True):
    """What a server is to be.

    Attributes:
        command: the program that its sessions run, with its arguments.
        cwd: the folder in which they start.
        roots: further folders below which they may.
        env: the environment of the programs.
        sockets: that listen.
        origins: what the server is called.
        tls: what it proves with who it is; None where it speaks plain HTTP.
        compress: whether WebSockets are compressed.
        page: the folder of the built page.
        own_folder: where it keeps who was let in, and images.
        resume: whether it goes on where the one before it ended.
        max_sessions: how many may run.
        signals: that ask it to end.
        list_saved: lists saved sessions: of all folders or of one, and before when.
        version: the program's.
    """

    command: Sequence[str]
    cwd: str
    roots: Sequence[str]
    env: Mapping[str, str]
    sockets: list[socket.socket]
    origins: Origins
    tls: ssl.SSLContext | None
    compress: bool
    page: Path
    own_folder: Path
    resume: bool
    max_sessions: int
    signals: Sequence[signal.Signals]
    list_saved: Callable[[bool, float | None], Awaitable[dict[str, Any]]]
    version: str


async def run_server(
    settings: Settings, begun: Callable[[str], Awaitable[None]], ending: Callable[[], None]
) -> None:
    """Serves until a signal asks it to end; a second one ends it at once.

    Args:
        settings: what it is to be.
        begun: called with the token of the first link once it answers.
        ending: called when it is asked to end.

    Raises:
        PageMissing: the page is not built.
    """
    page = read_page(settings.page)
    kept_sessions = KeptSessions(settings.own_folder)
    if not settings.resume:
        kept_sessions.forget_chats()
    kept = KeptAccess(settings.own_folder / "access.json")
    access = Access(
        kept.read() if settings.resume else None, changed=lambda: kept.write(access.kept())
    )
    doorkeeper = Doorkeeper(access, settings.origins)
    folders = Folders(settings.cwd, settings.roots)
    uploads = Uploads(settings.own_folder / "images")
    asked_to_end, started = anyio.Event(), anyio.Event()

    async def listen_to_signals(scope: anyio.CancelScope) -> None:
        with anyio.open_signal_receiver(*settings.signals) as signals:
            async for _ in signals:
                if asked_to_end.is_set():
                    scope.cancel()
                    return
                asked_to_end.set()
                ending()

    async def greet() -> None:
        await started.wait()
        await begun(access.first_link())

    try:
        async with anyio.create_task_group() as group:
            group.start_soon(listen_to_signals, group.cancel_scope)
            async with HostedSessions(
                settings.command,
                cwd=folders.default,
                env=settings.env,
                max_sessions=settings.max_sessions,
                kept=kept_sessions,
            ) as sessions:
                if settings.resume:
                    sessions.restore()
                api = Api(
                    doorkeeper,
                    sessions,
                    folders,
                    uploads,
                    list_saved=settings.list_saved,
                    version=settings.version,
                )
                app = make_app(doorkeeper, sessions, api, page)
                group.start_soon(greet)
                await serve(
                    app,
                    settings.sockets,
                    asked_to_end,
                    tls=settings.tls,
                    compress=settings.compress,
                    started=started,
                )
            group.cancel_scope.cancel()
    finally:
        uploads.forget_all()
