"""The event loop of a session: session, input channel and front end, start to end.

Goes on where ``launch`` stopped. The last line on the channel is ``session_end`` whatever ended the session,
as long as the process can still act.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel

from qwen_dual.cli.faults import FAILED, report_fault
from qwen_dual.cli.stderr import tell
from qwen_dual.core.actor import CLI, INPUT
from qwen_dual.runtime.debuglog import log_unhandled
from qwen_dual.runtime.process import end_collection
from qwen_dual.runtime.saved import NoSuchSession

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from qwen_dual.cli.channels import Channels
    from qwen_dual.cli.early import EarlySignals
    from qwen_dual.core.bus import Bus
    from qwen_dual.runtime.factory import SessionFactory
    from qwen_dual.runtime.launch import Launch
    from qwen_dual.runtime.opened import OpenSession

    Front = Callable[[OpenSession], Awaitable[int]]

log = logging.getLogger(__name__)

DRAIN_SECONDS = 1.0
"""How long what still waits for a reader may hold up the exit."""

PASSES = 4
"""Of the loop, in which the commands that wait are taken and the first of them begins to run."""


def run_session(
    factory: SessionFactory,
    launch: Launch,
    channels: Channels,
    signals: EarlySignals,
    front: Front,
    *,
    prompt: str | None = None,
    on_saved: Callable[[str], object] = lambda hint: None,
) -> int:
    """Runs the session to its end; returns the exit status.

    Args:
        factory: makes the session.
        launch: what the start made.
        channels: what is open.
        signals: has the signals until the front end does.
        front: shows the session until it closes or the person leaves, and says with which status.
        prompt: runs first, while the front end still begins.
        on_saved: told at the end how to go on with what was saved.
    """

    async def main() -> int:
        try:
            handle = factory.assemble(launch)
        except NoSuchSession:
            await _close(channels)
            raise
        try:
            with signals.telling(asyncio.get_running_loop(), handle.request_close):
                status = await _run(handle, channels, front, prompt)
        except Exception:  # while the log is there
            log.exception("the session failed")
            raise
        finally:
            with anyio.CancelScope(shield=True):
                handle.end()
                saved = handle.resume_hint  # now that it is saved to its end
                await _close(channels)
                await handle.aclose()
        end_collection()
        if saved is not None:
            on_saved(saved)
        return status if _report_failures(launch.bus) else FAILED

    # What comes behind the end of the session's log is for no screen.
    logging.lastResort = logging.NullHandler()
    log_unhandled()
    try:
        with launch.in_log():
            return anyio.run(main, backend="asyncio")
    except NoSuchSession as error:
        tell(f"qwen-dual: {error}")
        return 1
    except Exception as error:  # no traceback may reach a person
        log.exception("the session failed")
        report_fault(error, launch.log_path)
        return FAILED
    finally:
        launch.close_log()


def _report_failures(bus: Bus) -> bool:
    """Says on stderr what observers failed at when no screen was left; whether none ended the session."""
    for text in (*bus.unreported, *([bus.failure] if bus.failure is not None else ())):
        tell(f"qwen-dual: {text}")
    return bus.failure is None


async def _close(channels: Channels) -> None:
    tee, hosts = channels.tee, channels.hosts
    if hosts is not None:
        await hosts.drain(DRAIN_SECONDS)
        hosts.close()
    if tee is not None:
        await tee.drain(DRAIN_SECONDS)
        tee.close()
    channels.remove_passing()


async def _run(handle: OpenSession, channels: Channels, front: Front, prompt: str | None) -> int:
    begun, tee = handle.launch.begun is not None, channels.tee

    def warn(text: str) -> None:
        handle.notice(text, "warning")

    handle.launch.bus.keep()
    reader = None
    if channels.source is not None:  # else nobody writes commands, and nothing of them is imported
        dispatcher = handle.dispatcher(INPUT, begun=begun, send=None if tee is None else tee.send)
        take, tell_error = dispatcher.command, dispatcher.error
        reader = channels.read_commands(take, tell_error, warn, handle.parts.wanted)
    if tee is not None:
        tee.on_failure = warn
        tee.attach(asyncio.get_running_loop())
    async with anyio.create_task_group() as group:
        group.start_soon(handle.run)
        group.start_soon(handle.be_found)
        if prompt:
            handle.submit(prompt, CLI)
        if reader is not None:
            group.start_soon(reader.run)
        if channels.hosts is not None:
            from qwen_dual.cli.hosts import HostDesk

            channels.hosts.on_failure = warn
            group.start_soon(channels.hosts.run, HostDesk(handle, channels))
        try:
            for _ in range(PASSES):
                await anyio.lowlevel.checkpoint()
            status = await front(handle)
        finally:
            await handle.stop()
            group.cancel_scope.cancel()
    return status
