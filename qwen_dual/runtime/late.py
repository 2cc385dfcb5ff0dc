"""What is loaded once a prompt waits for it, or after the first paint, while a person reads that."""

from __future__ import annotations

import os
import threading
from functools import partial
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from qwen_dual import __version__
from qwen_dual.core.failures import describe
from qwen_dual.core.threads import in_thread
from qwen_dual.fs.projects import rewind_mark
from qwen_dual.models.deferred import DeferredModel
from qwen_dual.runtime.assembly import system_of
from qwen_dual.runtime.context_files import NAMES, as_prompt, context_files
from qwen_dual.runtime.environment import git_changes
from qwen_dual.runtime.foreseen import may_have_agents, may_have_definitions, may_have_servers
from qwen_dual.runtime.process import wipe
from qwen_dual.runtime.sandboxing import warnings as sandbox_warnings
from qwen_dual.settings import keys

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from qwen_dual.definitions.styles import OutputStyle
    from qwen_dual.runtime.assembly import Parts
    from qwen_dual.runtime.context_files import ContextFile
    from qwen_dual.runtime.launch import Launch
    from qwen_dual.runtime.registry import Registry


MOMENT = 0.3
"""Seconds that a session runs before it can be found."""

DEFAULT_STYLE = "default"
"""The name that stands for no output style."""


async def load_when_wanted(launch: Launch, parts: Parts) -> None:
    """Loads what a prompt needs, once it is wanted."""
    await parts.wanted.wait()
    try:
        _list_session(launch, parts)
        if launch.telemetry is not None:
            launch.telemetry.start(parts.session)
            parts.unusable += launch.telemetry.problems
        await _recover(launch, parts)
        await _load_servers(launch, parts)
        files, wrong = await load_needed(launch, parts)
        parts.unusable += [*wrong, *_apply_hooks(launch, parts), *await _load_agents(launch, parts)]
        parts.unusable += await _load_definitions(launch, parts)
        _report_files(parts, files, "session_start")
        if parts.hooking is not None:
            parts.hooking.begin()
    finally:
        parts.loaded.set()


async def load_late(launch: Launch, parts: Parts) -> list[str]:
    """Has the rest loaded; returns what the person should be warned of."""
    parts.wanted.set()
    await parts.loaded.wait()
    wrong = [*parts.unusable, *await _check(launch, parts)]
    return [
        *launch.spec.remarks,
        *launch.settings.warnings,
        *wrong,
        *launch.choice.warnings,
        *parts.warnings,
    ]


def _list_session(launch: Launch, parts: Parts) -> None:
    """Lets other programs find the session, and the commands it runs know it."""
    from qwen_dual.chats.running import RunningSession

    parts.running = RunningSession(launch.home, launch.cwd, parts.session.session_id, __version__)
    launch.bus.subscribe(
        parts.running, name="The list of running sessions", on_error="keep", streamed=False
    )


async def be_found(launch: Launch, parts: Parts, registry: Registry) -> None:
    """Lets other programs find the session while it runs, once it has done so for a moment.

    A prompt that is answered within that, such as one of ``-p``, costs nothing of it.
    """
    await parts.wanted.wait()
    await anyio.sleep(MOMENT)
    find = await in_thread(_import_findable)
    await find(launch, parts.session, registry, named=launch.settings.get(keys.CHAT_RECORDING))


def _import_findable() -> Callable[..., Awaitable[None]]:
    from qwen_dual.runtime import findable

    return findable.be_found


async def _recover(launch: Launch, parts: Parts) -> None:
    """Takes back or finishes a going back that was broken off; one look says that there is none.

    Before the first prompt, which must not find files that belong to another conversation.
    """
    if _broken_off(launch):
        from qwen_dual.runtime.kept_files import recovered

        for told in await recovered(launch, parts):
            parts.session.notice(told, "warning")


def _broken_off(launch: Launch) -> bool:
    return os.path.lexists(rewind_mark(launch.home, os.path.realpath(launch.cwd)))


async def load_context(launch: Launch, parts: Parts) -> list[str]:
    """Tells the model of the place and the context files; returns what was wrong on the way.

    When the folder is trusted, or no longer.
    """
    await _load_servers(launch, parts)
    files, wrong = await load_needed(launch, parts)
    wrong += [*_apply_hooks(launch, parts), *await _load_agents(launch, parts)]
    wrong += await _load_definitions(launch, parts)
    _report_files(parts, files, "refresh")
    return [*wrong, *await _check(launch, parts)]


def _report_files(parts: Parts, files: Sequence[ContextFile], reason: str) -> None:
    """Has hooks hear which context files were read; nothing waits for them."""
    if parts.hooking is not None and files:
        tell = partial(parts.hooking.instructions, files, reason)
        parts.session.services.spawn(tell)


def _apply_hooks(launch: Launch, parts: Parts) -> list[str]:
    """Puts the hooks of the settings in force; without any nothing of them is imported."""
    configured = any(keys.HOOKS.path in layer.raw for layer in launch.settings.layers)
    if parts.hooking is None and not configured:
        return []
    from qwen_dual.runtime.hooking import apply_hooks

    return apply_hooks(launch, parts)


async def _load_definitions(launch: Launch, parts: Parts) -> Sequence[str]:
    """Looks for skills and commands; without a folder of any nothing of them is imported."""
    if parts.definitions is None and not may_have_definitions(launch):
        return ()
    from qwen_dual.runtime.definitions import refresh

    return await refresh(launch, parts)


async def _load_servers(launch: Launch, parts: Parts) -> None:
    """Begins to connect the MCP servers; waits for none. Without any nothing of them is imported."""
    if parts.servers is not None or may_have_servers(launch):
        from qwen_dual.runtime.mcp import load_servers

        await load_servers(launch, parts)


async def _load_agents(launch: Launch, parts: Parts) -> list[str]:
    """Reads the files of sub-agents; without any nothing of them is imported."""
    if parts.agents is None and not may_have_agents(launch):
        return []
    from qwen_dual.runtime.agents import agents_of

    return await agents_of(launch, parts).load()


async def load_needed(launch: Launch, parts: Parts) -> tuple[list[ContextFile], list[str]]:
    """What the first prompt needs, and no more: it waits for this. The model is told of it anew.

    Returns:
        The context files, and what was wrong on the way.
    """
    gone = threading.Event()
    try:
        files, wrong, changes, style = await to_thread.run_sync(
            _load, launch, parts, gone, abandon_on_cancel=True
        )
    except RuntimeError as error:  # no thread to be had
        return [], [f"The context files are not used: {describe(error)}."]
    finally:
        gone.set()  # the session may end meanwhile, and waits for no git
    system = system_of(launch, style)
    if changes:
        system += f"\nGit at the start: {changes}"
    parts.context_files = files
    parts.say_first(system + as_prompt(files))
    return files, wrong


async def _check(launch: Launch, parts: Parts) -> list[str]:
    """Looks for what a person should be warned of, while a prompt may run already."""
    try:
        return await to_thread.run_sync(_wrong, launch, parts)
    except RuntimeError as error:  # no thread to be had
        return [f"The settings are not checked: {describe(error)}."]


def _wrong(launch: Launch, parts: Parts) -> list[str]:
    wrong: list[str] = []
    if launch.settings.layers:
        # pydantic takes 70 ms to import, so it is left to the time after the first paint.
        from qwen_dual.settings.validate import validate

        wrong += validate(launch.settings.layers).warnings
    wrong += sandbox_warnings(parts.sandbox)
    parts.tools.get_ready()
    return wrong


def context_names(launch: Launch) -> list[str]:
    """What context files are called."""
    names = launch.settings.get(keys.CONTEXT_FILES) or NAMES
    return [names] if isinstance(names, str) else list(names)


def files_in_force(
    launch: Launch, parts: Parts, on_refused: Callable[[str], object] = lambda why: None
) -> list[ContextFile]:
    """The context files; reads them, so not on the loop's thread.

    Args:
        on_refused: told of each that is there and is not used, and why.
    """
    if launch.spec.bare:
        return []
    return context_files(
        launch.cwd,
        launch.home,
        context_names(launch),
        trusted=launch.settings.trusted,
        person=launch.workspace.person,
        hidden=parts.tools.workspace.hides_either,
        may_import=lambda real: not parts.tools.keeps_back(real),
        on_refused=on_refused,
    )


def _load(
    launch: Launch, parts: Parts, gone: threading.Event
) -> tuple[list[ContextFile], list[str], str, OutputStyle | None]:
    wrong: list[str] = []
    wipe(launch.withheld)
    if isinstance(launch.choice.first, DeferredModel):
        launch.choice.first.load()
    files = files_in_force(launch, parts, wrong.append)
    changed = None
    if launch.settings.trusted:
        from qwen_dual.git.run import changed_files

        changed = changed_files(launch.cwd, launch.env, gone=gone)
    return files, wrong, git_changes(changed), _style(launch, parts, wrong)


def _style(launch: Launch, parts: Parts, wrong: list[str]) -> OutputStyle | None:
    """The output style in force; where none is asked for nothing of them is imported."""
    name = parts.style or launch.settings.get(keys.OUTPUT_STYLE) or DEFAULT_STYLE
    if launch.spec.bare or name.casefold() == DEFAULT_STYLE:
        return None
    from qwen_dual.runtime.output_styles import style_of

    style = style_of(launch, name)
    if style is None:
        wrong.append(f"There is no output style {name!r}; /output-style lists them.")
    return style
