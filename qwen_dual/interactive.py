"""The event loop of an interactive session: session, tools, input channel and UI, start to end.

Goes on where ``launch`` stopped. The last line on the channel is ``session_end`` whatever ended the
session, as long as the process can still act.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from qwen_dual import __version__
from qwen_dual.core.builtin import register
from qwen_dual.core.dispatch import Dispatcher
from qwen_dual.core.session import Session
from qwen_dual.core.slash import SlashCommand
from qwen_dual.core.stats import Stats
from qwen_dual.environment import git_branch, short_path, system_prompt
from qwen_dual.settings.keep import keep_rule, settings_path
from qwen_dual.tools.toolset import toolset
from qwen_dual.tui.app import Tui

if TYPE_CHECKING:
    from qwen_dual.launch import Launch
    from qwen_dual.tools.toolset import Toolset

log = logging.getLogger(__name__)

DRAIN_SECONDS = 1.0
"""How long what still waits for a reader may hold up the exit."""

STOP_SECONDS = 3.0
"""How long a turn may take to stop: a tool ends its processes within that."""


def run_interactive(launch: Launch) -> int:
    """Runs the session to its end; returns the exit status."""
    try:
        return anyio.run(_main, launch, backend="asyncio")
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # no traceback may reach a person
        log.exception("the session failed")
        print(
            f"qwen-dual: internal error: {_innermost(error)}\nDetails: {launch.log_path}",
            file=sys.stderr,
        )
        return 70


async def _main(launch: Launch) -> int:
    tee = launch.channels.tee
    tools = toolset(launch.cwd)
    session = _session(launch, tools)
    try:
        await _run(launch, session)
    finally:
        with anyio.CancelScope(shield=True):
            session.end()
            if tee is not None:
                await tee.drain(DRAIN_SECONDS)
                tee.close()
            await tools.aclose()
    return 0


def _session(launch: Launch, tools: Toolset) -> Session:
    stats = Stats()
    launch.bus.subscribe(stats)

    def keep(rule: str, scope: str) -> None:
        keep_rule(settings_path(scope, launch.cwd, launch.home), rule)

    session = Session(
        launch.bus,
        cwd=launch.cwd,
        models={launch.model.name: launch.model},
        tools=tools.tools,
        system=system_prompt(launch.cwd),
        approval_mode=launch.approval_mode,
        expand=tools.expand_mentions,
        rules=launch.settings.allow,
        keep_rule=keep,
        detach=tools.detach_commands,
    )
    register(session, stats)
    session.slash.add(
        SlashCommand(
            "channels",
            "the dual-output channels and how they are doing",
            lambda _, __: launch.channels.describe(),
        )
    )
    return session


async def _run(launch: Launch, session: Session) -> None:
    dispatcher = Dispatcher(session)
    channels = launch.channels

    def warn(text: str) -> None:
        session.notice(text, "warning")

    reader = channels.read_commands(dispatcher.command, dispatcher.error, warn)
    if channels.tee is not None:
        channels.tee.on_failure = warn
        channels.tee.attach(asyncio.get_running_loop())
    tui = Tui(
        session,
        channels=channels.count,
        banner=banner(launch),
        version=__version__,
        git_branch=git_branch(launch.cwd),
    )
    async with anyio.create_task_group() as group:
        stopped = anyio.Event()

        async def run_session() -> None:
            try:
                await session.run()
            finally:
                stopped.set()

        async def after_first_paint() -> None:
            await tui.painted.wait()
            for warning in launch.settings.warnings:
                warn(warning)
            if not sys.stderr.isatty():  # on a terminal they already stand above the first screen
                for warning in channels.warnings:
                    warn(warning)
            if reader is not None:
                group.start_soon(reader.run)
                await reader.warm_up()
            await anyio.to_thread.run_sync(_warm_up, session)

        group.start_soon(run_session)
        group.start_soon(after_first_paint)
        if launch.options.prompt:
            session.submit(launch.options.prompt, origin="cli")
        try:
            await tui.run()
        finally:
            session.request_close()
            with anyio.move_on_after(STOP_SECONDS, shield=True):
                await stopped.wait()
            group.cancel_scope.cancel()


def _warm_up(session: Session) -> None:
    """Imports, off the loop, what the first tool call would wait for."""
    for tool in session.tools.values():
        _ = tool.parameters


def banner(launch: Launch) -> list[str]:
    """The first screen: five lines at the most."""
    lines = [
        f"qwen-dual {__version__} · {launch.model.name} · {short_path(launch.cwd)}",
        "Type a prompt, for example: run ls -la · /help for commands, ? for keys",
    ]
    if launch.options.channel_dir is not None:
        lines += launch.channels.try_it()
    if launch.options.debug:
        lines.append(f"debug log: {short_path(launch.log_path)}")
    return lines


def _innermost(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
