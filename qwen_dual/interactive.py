"""The event loop of an interactive session: session, tools, input channel and UI, start to end.

Goes on where ``launch`` stopped. The last line on the channel is ``session_end`` whatever ended the
session, as long as the process can still act.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from qwen_dual import __version__
from qwen_dual.assembly import MAY_CHANGE, assemble, filters_of
from qwen_dual.chats.prompt_history import PromptHistory
from qwen_dual.commands import Commands
from qwen_dual.core.dispatch import Dispatcher
from qwen_dual.core.failures import describe
from qwen_dual.environment import short_path
from qwen_dual.git.changes import Changes
from qwen_dual.late import load_late
from qwen_dual.protocol import events
from qwen_dual.sandboxing import word as sandbox_word
from qwen_dual.saved import NoSuchSession, earlier, resume_hint, wants_picker
from qwen_dual.tools.file_index import FileIndex
from qwen_dual.trust_command import TrustCommand
from qwen_dual.tui.app import Tui
from qwen_dual.tui.footer import Around
from qwen_dual.tui.theme import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.assembly import Parts
    from qwen_dual.launch import Launch
    from qwen_dual.protocol.events import Event

log = logging.getLogger(__name__)

DRAIN_SECONDS = 1.0
"""How long what still waits for a reader may hold up the exit."""

STOP_SECONDS = 3.0
"""How long a turn may take to stop: a tool ends its processes within that."""


SAVE_SECONDS = 0.02
"""How long what streams in may wait to be saved while nothing is drawn."""

TIP = "Type a prompt · /help for commands, ? for keys"
OFFLINE_TIP = "Type a prompt, for example: run ls -la · /auth connects a model, ? shows keys"


def run_interactive(launch: Launch, handles_signals: Callable[[], None]) -> int:
    """Runs the session to its end; returns the exit status.

    Args:
        launch: what the start made.
        handles_signals: called once the UI does.
    """
    try:
        return anyio.run(_main, launch, handles_signals, backend="asyncio")
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


async def _main(launch: Launch, handles_signals: Callable[[], None]) -> int:
    loop = asyncio.get_running_loop()
    try:
        parts = assemble(launch, lambda act: loop.call_later(SAVE_SECONDS, act))
    except NoSuchSession:
        launch.bus.publish(events.system("session_end", {"session_id": launch.session_id}))
        await _close_channel(launch)
        raise
    try:
        await _run(launch, parts, handles_signals)
    finally:
        with anyio.CancelScope(shield=True):
            saved = resume_hint(parts.recorder, parts.session.session_id)
            parts.session.end()
            await _close_channel(launch)
            await parts.aclose()
    if saved is not None:
        print(saved)
    return 0


async def _close_channel(launch: Launch) -> None:
    tee = launch.channels.tee
    if tee is not None:
        await tee.drain(DRAIN_SECONDS)
        tee.close()
    launch.channels.remove_passing()


async def _run(launch: Launch, parts: Parts, handles_signals: Callable[[], None]) -> None:
    session = parts.session
    dispatcher = Dispatcher(session)
    channels = launch.channels

    def warn(text: str) -> None:
        session.notice(text, "warning")

    reader = channels.read_commands(dispatcher.command, dispatcher.error, warn)
    if channels.tee is not None:
        channels.tee.on_failure = warn
        channels.tee.attach(asyncio.get_running_loop())
    index = FileIndex(
        launch.cwd,
        filters=filters_of(launch.settings),
        recursive=launch.settings.get("context.fileFiltering.enableRecursiveFileSearch", True),
        trusted=lambda: launch.settings.trusted,
    )
    changes = _follow_changes(launch, lambda: tui.changed())
    tui = _make_tui(launch, parts, index, changes)
    Commands(launch, parts, tui).register()
    trust = TrustCommand(launch, parts, tui)
    trust.register()
    async with anyio.create_task_group() as group:
        stopped = anyio.Event()

        async def run_session() -> None:
            try:
                await session.run()
            finally:
                stopped.set()

        async def after_first_paint() -> None:
            await tui.painted.wait()
            handles_signals()
            if reader is not None:
                group.start_soon(reader.run)
            for warning in await load_late(launch, parts):
                warn(warning)
            await trust.ask_at_start()
            if not sys.stderr.isatty():  # on a terminal they already stand above the first screen
                for warning in channels.warnings:
                    warn(warning)
            if launch.chat is not None and (text := earlier(launch.chat)):
                session.notice(text)
            if reader is not None:
                await reader.warm_up()
            try:
                await anyio.to_thread.run_sync(parts.tools.warm_up)
            except Exception as error:  # what is not loaded now is when it is first used
                log.exception("the tools could not be loaded ahead")
                warn(f"Not all could be loaded: {describe(error)}.")
            await tui.loaded.wait()
            # What is there by now stays to the end. Looked at in each full collection, it held up
            # keys and frames for 55 ms every few seconds while an answer streamed.
            gc.freeze()
            gc.enable()
            group.start_soon(changes.run)

        group.start_soon(run_session)
        group.start_soon(after_first_paint)
        group.start_soon(index.run)
        if launch.options.prompt:
            session.submit(launch.options.prompt, origin="cli")
        if wants_picker(launch.options):
            tui.open_form("resume")
        try:
            await tui.run()
        finally:
            session.request_close()
            with anyio.move_on_after(STOP_SECONDS, shield=True):
                await stopped.wait()
            group.cancel_scope.cancel()


def _follow_changes(launch: Launch, on_change: Callable[[], object]) -> Changes:
    """What marks the branch, asked for at the start and after each turn and command."""
    changes = Changes(launch.cwd, lambda: launch.settings.trusted, on_change)
    changes.look_again()

    def follow(event: Event) -> None:
        if event["type"] in MAY_CHANGE:
            changes.look_again()

    launch.bus.subscribe(follow)
    return changes


def _make_tui(launch: Launch, parts: Parts, index: FileIndex, changes: Changes) -> Tui:
    def around() -> Around:
        branch = launch.branch.name
        return Around(
            branch=f"{branch}*" if branch and changes.seen else branch,
            sandbox=sandbox_word(parts.sandbox),
            tasks=parts.tools.running_tasks(),
        )

    settings = launch.settings
    return Tui(
        parts.session,
        channels=launch.channels.count,
        banner=banner(launch),
        version=__version__,
        around=around,
        theme_name=settings.get("ui.theme", DEFAULT),
        files=index,
        history=_history(launch),
        replay=launch.chat.replay if launch.chat is not None else (),
        editor=settings.get("general.preferredEditor", ""),
        screen_reader=launch.options.screen_reader,
        hide_banner=settings.get("ui.hideBanner", False),
        before_drawing=parts.flush,
        vi=settings.get("general.vimMode", False),
    )


def _history(launch: Launch) -> PromptHistory | None:
    """What keeps prompts for later sessions; nothing does where nothing is to be recorded."""
    if not launch.settings.get("general.chatRecording", True):
        return None
    return PromptHistory(launch.home, launch.cwd, launch.bus.secrets.scrub)


def banner(launch: Launch) -> list[str]:
    """The first screen: five lines, and one more where a path is long."""
    lines = [
        f"qwen-dual {__version__} · {launch.choice.first_name} · {short_path(launch.cwd)}",
    ]
    if not launch.settings.get("ui.hideTips", False):
        lines.append(OFFLINE_TIP if launch.choice.is_offline else TIP)
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
