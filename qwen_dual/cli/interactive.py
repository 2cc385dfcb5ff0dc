"""The event loop of an interactive session: session, tools, input channel and UI, start to end.

Goes on where ``launch`` stopped. The session takes prompts from the channel while the UI is still being
imported. The last line on the channel is ``session_end`` whatever ended the session, as long as the
process can still act.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel

from qwen_dual.core.dispatch import Dispatcher
from qwen_dual.core.threads import in_thread
from qwen_dual.protocol import events
from qwen_dual.runtime.assembly import assemble
from qwen_dual.runtime.late import load_when_wanted
from qwen_dual.runtime.saved import NoSuchSession, resume_hint

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from qwen_dual.cli.channels import Channels
    from qwen_dual.cli.early import EarlyTerminal
    from qwen_dual.cli.parser import Options
    from qwen_dual.frontends.tui.frontend import Shown
    from qwen_dual.runtime.assembly import Parts
    from qwen_dual.runtime.launch import Launch

    RunFrontend = Callable[[Launch, Parts, Shown], Awaitable[None]]

log = logging.getLogger(__name__)

DRAIN_SECONDS = 1.0
"""How long what still waits for a reader may hold up the exit."""

STOP_SECONDS = 3.0
"""How long a turn may take to stop: a tool ends its processes within that."""

SAVE_SECONDS = 0.02
"""How long what streams in may wait to be saved while nothing is drawn."""

PASSES = 4
"""Of the loop, in which the commands that wait are taken and the first of them begins to run."""

SWITCH_SECONDS = 0.0005
"""How long a thread may keep the interpreter while the UI is imported; 0.005 is Python's own."""


def run_interactive(
    launch: Launch, channels: Channels, options: Options, terminal: EarlyTerminal
) -> int:
    """Runs the session to its end; returns the exit status.

    Args:
        launch: what the start made.
        channels: what is open.
        options: the command line.
        terminal: has the signals until the UI does.
    """
    try:
        return anyio.run(_main, launch, channels, options, terminal, backend="asyncio")
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


async def _main(
    launch: Launch, channels: Channels, options: Options, terminal: EarlyTerminal
) -> int:
    loop = asyncio.get_running_loop()
    try:
        parts = assemble(launch, lambda act: loop.call_later(SAVE_SECONDS, act))
    except NoSuchSession:
        launch.bus.publish(events.system("session_end", {"session_id": launch.session_id}))
        await _close(channels)
        raise
    try:
        with terminal.telling(loop, parts.session.request_close):
            await _run(launch, parts, channels, options)
    finally:
        with anyio.CancelScope(shield=True):
            saved = resume_hint(parts.recorder, parts.session.session_id)
            parts.session.end()
            await _close(channels)
            await parts.aclose()
    gc.freeze()  # all of it ends now: looking through it for garbage is most of an exit
    if saved is not None:
        print(f"\n{saved}")
    return 0


async def _close(channels: Channels) -> None:
    tee = channels.tee
    if tee is not None:
        await tee.drain(DRAIN_SECONDS)
        tee.close()
    channels.remove_passing()


async def _run(launch: Launch, parts: Parts, channels: Channels, options: Options) -> None:
    session = parts.session
    dispatcher = Dispatcher(session)

    def warn(text: str) -> None:
        session.notice(text, "warning")

    launch.bus.keep()
    reader = channels.read_commands(dispatcher.command, dispatcher.error, warn)
    if channels.tee is not None:
        channels.tee.on_failure = warn
        channels.tee.attach(asyncio.get_running_loop())
    stopped = anyio.Event()

    async def run_session() -> None:
        try:
            await session.run()
        finally:
            stopped.set()

    async with anyio.create_task_group() as group:
        group.start_soon(run_session)
        group.start_soon(load_when_wanted, launch, parts)
        if options.prompt:
            session.submit(options.prompt, origin="cli")
        if reader is not None:
            group.start_soon(reader.run)
        try:
            for _ in range(PASSES):
                await anyio.lowlevel.checkpoint()
            run_frontend = await _frontend(session.closing)
            if run_frontend is not None:
                await run_frontend(launch, parts, _shown(channels, options))
        finally:
            session.request_close()
            with anyio.move_on_after(STOP_SECONDS, shield=True):
                await stopped.wait()
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
