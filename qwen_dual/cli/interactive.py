"""A session with the UI, which is imported while the session takes prompts from the channel already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from qwen_dual.cli.farewell import say_last
from qwen_dual.cli.loop import run_session
from qwen_dual.core.threads import in_thread
from qwen_dual.runtime.process import switch_threads

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from qwen_dual.cli.channels import Channels
    from qwen_dual.cli.early_terminal import EarlyTerminal
    from qwen_dual.cli.parser import Options
    from qwen_dual.frontends.tui.frontend import Shown
    from qwen_dual.runtime.factory import SessionFactory
    from qwen_dual.runtime.launch import Launch
    from qwen_dual.runtime.opened import OpenSession

    RunFrontend = Callable[[OpenSession, Shown], Awaitable[None]]


def run_interactive(
    factory: SessionFactory,
    launch: Launch,
    channels: Channels,
    options: Options,
    terminal: EarlyTerminal,
) -> int:
    """Runs the session to its end; returns the exit status.

    Args:
        factory: makes the session.
        launch: what the start made.
        channels: what is open.
        options: the command line.
        terminal: has the signals until the UI does.
    """

    async def show(handle: OpenSession) -> int:
        run_frontend = await _frontend(handle.closing)
        if run_frontend is not None:
            await run_frontend(handle, _shown(channels, options))
        return 0

    return run_session(
        factory,
        launch,
        channels,
        terminal,
        show,
        prompt=options.prompt,
        on_saved=lambda hint: say_last(f"\n{hint}"),
    )


async def _frontend(closing: anyio.Event) -> RunFrontend | None:
    """Imports the UI in a thread, as that takes longer than all before it; None if the session closed."""
    found = None
    switch_threads(quickly=True)
    try:
        async with anyio.create_task_group() as group:

            async def leave() -> None:
                await closing.wait()
                group.cancel_scope.cancel()

            group.start_soon(leave)
            found = await in_thread(_import_frontend)
            group.cancel_scope.cancel()
    finally:
        if found is None or closing.is_set():  # else more is loaded once the UI is there
            switch_threads(quickly=False)
    return None if closing.is_set() else found


def _shown(channels: Channels, options: Options) -> Shown:
    from qwen_dual.frontends.tui.frontend import Shown

    return Shown(
        channels=channels.count,
        told=channels.tee is not None or channels.hosts is not None,
        try_it=channels.try_it() if options.channel_dir is not None else (),
        warnings=channels.warnings,
        screen_reader=options.screen_reader,
        marks=options.screen_marks,
    )


def _import_frontend() -> RunFrontend:
    from qwen_dual.frontends.tui.terminal.toolkit import import_toolkit

    import_toolkit()
    from qwen_dual.frontends.tui.frontend import run_frontend

    return run_frontend
