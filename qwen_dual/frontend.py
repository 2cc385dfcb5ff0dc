"""The UI of a session: makes it, adds the commands that need it, runs it, and what follows its first paint.

Imported while the session runs already: prompt-toolkit and what is drawn with it take longer than all
that comes before. What was published until then, the UI shows first.
"""

from __future__ import annotations

import gc
import logging
import sys
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from qwen_dual import __version__
from qwen_dual.assembly import MAY_CHANGE, filters_of
from qwen_dual.chats.prompt_history import PromptHistory
from qwen_dual.commands import Commands
from qwen_dual.core.failures import describe
from qwen_dual.environment import short_path
from qwen_dual.git.changes import Changes
from qwen_dual.late import load_late
from qwen_dual.sandboxing import word as sandbox_word
from qwen_dual.saved import earlier, wants_picker
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

TIP = "Type a prompt · /help for commands, ? for keys"
OFFLINE_TIP = "Type a prompt, for example: run ls -la · /auth connects a model, ? shows keys"


async def run_frontend(launch: Launch, parts: Parts) -> None:
    """Runs the UI until the session closes or the person leaves."""
    index = FileIndex(
        launch.cwd,
        lambda: launch.env,
        filters=filters_of(launch.settings),
        recursive=launch.settings.get("context.fileFiltering.enableRecursiveFileSearch", True),
        trusted=lambda: launch.settings.trusted,
    )
    changes = _follow_changes(launch, lambda: tui.changed())
    tui = _make_tui(launch, parts, index, changes)
    launch.bus.forget()
    Commands(launch, parts, tui).register()
    trust = TrustCommand(launch, parts, tui)
    trust.register()
    parts.complete.set()
    if wants_picker(launch.options):
        tui.open_form("resume")
    async with anyio.create_task_group() as group:

        async def after_first_paint() -> None:
            await _after_first_paint(launch, parts, tui, trust)
            await changes.run()

        group.start_soon(after_first_paint)
        group.start_soon(index.run)
        await tui.run()
        group.cancel_scope.cancel()


async def _after_first_paint(launch: Launch, parts: Parts, tui: Tui, trust: TrustCommand) -> None:
    def warn(text: str) -> None:
        parts.session.notice(text, "warning")

    await tui.painted.wait()
    for warning in await load_late(launch, parts):
        warn(warning)
    await trust.ask_at_start()
    if not sys.stderr.isatty():  # on a terminal they already stand above the first screen
        for warning in launch.channels.warnings:
            warn(warning)
    if launch.chat is not None and (text := earlier(launch.chat)):
        parts.session.notice(text)
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


def _follow_changes(launch: Launch, on_change: Callable[[], object]) -> Changes:
    """What marks the branch, asked for at the start and after each turn and command."""
    changes = Changes(launch.cwd, lambda: launch.env, lambda: launch.settings.trusted, on_change)
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
