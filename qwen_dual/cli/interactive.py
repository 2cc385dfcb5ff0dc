"""The event loop of an interactive session: session, tools, input channel and UI, start to end.

Goes on where ``launch`` stopped. The session takes prompts from the channel while the UI is still being
imported. The last line on the channel is ``session_end`` whatever ended the session, as long as the
process can still act.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel

from qwen_dual.core.actor import CLI, INPUT
from qwen_dual.core.threads import in_thread
from qwen_dual.runtime.process import end_collection
from qwen_dual.runtime.saved import NoSuchSession

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from qwen_dual.cli.channels import Channels
    from qwen_dual.cli.early import EarlyTerminal
    from qwen_dual.cli.parser import Options
    from qwen_dual.frontends.tui.frontend import Shown
    from qwen_dual.runtime.factory import SessionFactory
    from qwen_dual.runtime.launch import Launch
    from qwen_dual.runtime.opened import OpenSession

    RunFrontend = Callable[[OpenSession, Shown], Awaitable[None]]

log = logging.getLogger(__name__)

DRAIN_SECONDS = 1.0
"""How long what still waits for a reader may hold up the exit."""

PASSES = 4
"""Of the loop, in which the commands that wait are taken and the first of them begins to run."""

SWITCH_SECONDS = 0.0005
"""How long a thread may keep the interpreter while the UI is imported; 0.005 is Python's own."""


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
    try:
        return anyio.run(_main, factory, launch, channels, options, terminal, backend="asyncio")
    except NoSuchSession as error:
        print(f"qwen-dual: {error}", file=sys.stderr)
        return 1
    except Exception as error:  # no traceback may reach a person
        log.exception("the session failed")
        print(
            f"qwen-dual: internal error: {_innermost(error)}\nDetails: {launch.log_path}",
            file=sys.stderr,
        )
        return 70
    finally:
        launch.close_log()


async def _main(
    factory: SessionFactory,
    launch: Launch,
    channels: Channels,
    options: Options,
    terminal: EarlyTerminal,
) -> int:
    try:
        handle = factory.assemble(launch)
    except NoSuchSession:
        await _close(channels)
        raise
    try:
        with terminal.telling(asyncio.get_running_loop(), handle.request_close):
            await _run(handle, channels, options)
    except Exception:  # while the log is there
        log.exception("the session failed")
        raise
    finally:
        with anyio.CancelScope(shield=True):
            saved = handle.resume_hint
            handle.end()
            await _close(channels)
            await handle.aclose()
    end_collection()
    if saved is not None:
        print(f"\n{saved}")
    return 0


async def _close(channels: Channels) -> None:
    tee = channels.tee
    if tee is not None:
        await tee.drain(DRAIN_SECONDS)
        tee.close()
    channels.remove_passing()


async def _run(handle: OpenSession, channels: Channels, options: Options) -> None:
    dispatcher = handle.dispatcher(INPUT)

    def warn(text: str) -> None:
        handle.notice(text, "warning")

    handle.launch.bus.keep()
    reader = channels.read_commands(dispatcher.command, dispatcher.error, warn)
    if channels.tee is not None:
        channels.tee.on_failure = warn
        channels.tee.attach(asyncio.get_running_loop())
    async with anyio.create_task_group() as group:
        group.start_soon(handle.run)
        if options.prompt:
            handle.submit(options.prompt, CLI)
        if reader is not None:
            group.start_soon(reader.run)
        try:
            for _ in range(PASSES):
                await anyio.lowlevel.checkpoint()
            run_frontend = await _frontend(handle.closing)
            if run_frontend is not None:
                await run_frontend(handle, _shown(channels, options))
        finally:
            await handle.stop()
            group.cancel_scope.cancel()


async def _frontend(closing: anyio.Event) -> RunFrontend | None:
    """Imports the UI in a thread, as that takes longer than all before it; None if the session closed."""
    found = None
    before = sys.getswitchinterval()
    # The session needs the interpreter for moments only, but each of them would wait this long for it.
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        async with anyio.create_task_group() as group:

            async def leave() -> None:
                await closing.wait()
                group.cancel_scope.cancel()

            group.start_soon(leave)
            found = await in_thread(_import_frontend)
            group.cancel_scope.cancel()
    finally:
        sys.setswitchinterval(before)
    return None if closing.is_set() else found


def _shown(channels: Channels, options: Options) -> Shown:
    from qwen_dual.frontends.tui.frontend import Shown

    return Shown(
        channels=channels.count,
        try_it=channels.try_it() if options.channel_dir is not None else (),
        warnings=channels.warnings,
        screen_reader=options.screen_reader,
    )


def _import_frontend() -> RunFrontend:
    from qwen_dual.frontends.tui.frontend import run_frontend

    return run_frontend


def _innermost(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
