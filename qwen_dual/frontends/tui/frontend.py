"""The UI of a session: makes it, adds the commands that need it, runs it, and what follows its first paint.

Imported while the session runs already: prompt-toolkit and what is drawn with it take longer than all
that comes before. What was published until then, the UI shows first.
"""

from __future__ import annotations

import logging
import sys
from functools import cache
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
from msgspec import Struct

from qwen_dual import __version__
from qwen_dual.core.commands.questions import Choice
from qwen_dual.core.failures import describe
from qwen_dual.frontends.tui.app import Tui
from qwen_dual.frontends.tui.region.footer import Around
from qwen_dual.frontends.tui.terminal.guest import Guest
from qwen_dual.frontends.tui.text.theme import THEMES
from qwen_dual.runtime.commands.screen import FrontEnd
from qwen_dual.runtime.habits import Habits
from qwen_dual.runtime.mentionable import mentionable_of
from qwen_dual.runtime.process import begin_collection, switch_threads
from qwen_dual.runtime.prompting import follow_changes, prompt_history
from qwen_dual.runtime.sandboxing import word as sandbox_word
from qwen_dual.runtime.saved import earlier, wants_picker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.frontends.tui.editing.suggest import FileSource
    from qwen_dual.frontends.tui.rendering.pictures import Pictures
    from qwen_dual.frontends.tui.shared_draft import SharedEditor
    from qwen_dual.git.changes import Changes
    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.launch import Launch
    from qwen_dual.runtime.opened import OpenSession

log = logging.getLogger(__name__)

TIP = "Type a prompt · /help for commands, ? for keys"
CHANNELS = frozenset(("file", "fd"))
"""Hosts that were there from the start."""

OFFLINE_TIP = "Type a prompt, for example: run ls -la · /auth connects a model, ? shows keys"


class Shown(Struct, frozen=True):
    """What the UI is told of beside the session.

    Attributes:
        channels: how many are open.
        told: somebody may follow the session, or come to.
        try_it: the lines of the first screen that say what can be done with them.
        warnings: what was wrong with them.
        screen_reader: words in place of symbols, and nothing that moves by itself.
        marks: blocks in the scrollback begin with the marks of their events.
    """

    channels: int = 0
    told: bool = False
    try_it: Sequence[str] = ()
    warnings: Sequence[str] = ()
    screen_reader: bool = False
    marks: bool = False


async def run_frontend(handle: OpenSession, shown: Shown) -> None:
    """Runs the UI until the session closes or the person leaves."""
    launch = handle.launch
    files = mentionable_of(launch, handle.parts)
    changes = follow_changes(launch, lambda: tui.changed())
    guest = Guest(marks=shown.marks)
    handle.subscribe(guest, name="What the terminal is told", missed=True, streamed=False)
    pictures = _pictures_of(handle, still=shown.screen_reader)
    tui = _make_tui(handle, shown, guest, files, changes, pictures)
    launch.bus.forget()
    tui.controller.editor.number_image = lambda: handle.latest.number_image()
    if pictures is not None:
        _draw_images(handle, tui, pictures)

    def follow(event: Event) -> None:
        if event.get("subtype") == "session_changed":
            tui.follow(handle.latest)
        elif event.get("subtype") == "hosts_changed":
            names = [host["name"] for host in event["data"]["hosts"]]
            tui.hosts = names if set(names) - CHANNELS else ()  # else they are counted
            tui.changed()

    handle.subscribe(follow, name="What the UI shows", streamed=False)
    asking = tui.controller.asking
    themes = [Choice(item.name, summary=item.summary) for item in THEMES]

    @cache
    def shared() -> SharedEditor:
        from qwen_dual.frontends.tui.shared_draft import SharedEditor

        return SharedEditor(tui.controller)

    handle.attach(FrontEnd(("clipboard", "theme", "editor"), tui, asking, themes, shared))
    if shown.told:
        _publish_ui(handle, tui, shared())
    if wants_picker(launch.spec):
        tui.controller.open_form("/resume")
    async with anyio.create_task_group() as group:

        async def after_first_paint() -> None:
            await tui.painted.wait()
            _guide_terminal(handle, guest, words=shown.screen_reader)
            tui.changed()
            await _after_first_paint(handle, shown, tui)
            await changes.run()

        group.start_soon(after_first_paint)
        group.start_soon(files.run)
        await tui.run()
        group.cancel_scope.cancel()


def _publish_ui(handle: OpenSession, tui: Tui, draft: SharedEditor) -> None:
    """Has channels told what takes the person's keys."""
    from qwen_dual.frontends.tui.ui_publisher import UiPublisher

    def publish(focus: str, draft_empty: bool) -> None:
        handle.latest.publish_ui(focus, draft_empty=draft_empty)

    publisher = UiPublisher(tui.controller, publish)
    draft.follow(None, publisher.look)
    tui.controller.on_look = publisher.look
    handle.subscribe(publisher, name="What is open", on_error="drop", streamed=False)


def _guide_terminal(handle: OpenSession, guest: Guest, *, words: bool) -> None:
    """Has the terminal told what the session is doing."""
    from qwen_dual.frontends.tui.terminal.reports import Reports
    from qwen_dual.runtime.in_terminal import InTerminal

    launch = handle.launch
    guest.begin(Reports(launch.cwd, launch.env, InTerminal.of(launch.settings), words=words))


def _pictures_of(handle: OpenSession, *, still: bool) -> Pictures | None:
    """What has images drawn, where the person wants that and the terminal can."""
    wanted = Habits.of(handle.launch.settings).images
    if wanted == "off" or still:
        return None
    from qwen_dual.imaging.drawing import way_of

    if (way := way_of(handle.launch.env, wanted)) is None:
        return None
    from qwen_dual.frontends.tui.rendering.pictures import Pictures

    return Pictures(way, lambda sha256: handle.latest.image(sha256), 1)


def _draw_images(handle: OpenSession, tui: Tui, pictures: Pictures) -> None:
    """Has those drawn that are told of from now on."""

    def draw(event: Event) -> None:
        if blocks := pictures(event):
            tui.show(*blocks)

    handle.subscribe(draw, name="Drawn images", on_error="drop", streamed=False)


async def _after_first_paint(handle: OpenSession, shown: Shown, tui: Tui) -> None:
    def warn(text: str) -> None:
        handle.notice(text, "warning")

    for warning in await handle.load():
        warn(warning)
    await handle.ask_for_trust()
    if not sys.stderr.isatty():  # on a terminal they already stand above the first screen
        for warning in shown.warnings:
            warn(warning)
    chat = handle.launch.chat
    if chat is not None and (text := earlier(chat)):
        handle.notice(text)
    try:
        await anyio.to_thread.run_sync(handle.parts.tools.warm_up)
    except Exception as error:  # what is not loaded now is when it is first used
        log.exception("the tools could not be loaded ahead")
        warn(f"Not all could be loaded: {describe(error)}.")
    await tui.loaded.wait()
    switch_threads(quickly=False)
    begin_collection()


def _make_tui(
    handle: OpenSession,
    shown: Shown,
    guest: Guest,
    files: FileSource,
    changes: Changes,
    pictures: Pictures | None,
) -> Tui:
    launch, parts = handle.launch, handle.parts

    def around() -> Around:
        branch = launch.branch.name
        return Around(
            branch=f"{branch}*" if branch and changes.seen else branch,
            sandbox=sandbox_word(parts.sandbox),
            tasks=parts.running_tasks,
        )

    return Tui(
        handle,
        channels=shown.channels,
        banner=banner(launch, shown.try_it),
        version=__version__,
        env=lambda: launch.env,
        around=around,
        files=files,
        history=prompt_history(launch),
        replay=launch.chat.replay if launch.chat is not None else (),
        pictures=pictures,
        habits=Habits.of(launch.settings),
        screen_reader=shown.screen_reader,
        guest=guest,
        before_drawing=parts.flush,
    )


def banner(launch: Launch, try_it: Sequence[str]) -> list[str]:
    """The first screen: five lines, and one more where a path is long."""
    lines = [
        f"qwen-dual {__version__} · {launch.choice.first_name} · {launch.workspace.short(launch.cwd)}",
    ]
    if not Habits.of(launch.settings).hide_tips:
        lines.append(OFFLINE_TIP if launch.choice.is_offline else TIP)
    lines += try_it
    if launch.spec.debug:
        lines.append(f"debug log: {launch.workspace.short(launch.log_path)}")
    return lines
