"""The person's own programs in front of the UI: an editor for the draft, a pager for what is long.

$VISUAL, $EDITOR and $PAGER, or one that is there. Owns the temporary file and the process. The UI is
suspended meanwhile; events go on.
"""

from __future__ import annotations

import logging
import os
import shlex
from functools import partial
from typing import TYPE_CHECKING, Literal

import anyio
from prompt_toolkit.application import in_terminal

from qwen_dual.core.failures import describe
from qwen_dual.core.threads import in_thread
from qwen_dual.fs.home import temporary_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping

    from qwen_dual.frontends.tui.dialogs.preview_layout import Work
    from qwen_dual.frontends.tui.editing.editor import Editor
    from qwen_dual.frontends.tui.text.lines import Line

log = logging.getLogger(__name__)

_FALLBACKS = ("editor", "nano", "vim", "vi")
_PAGERS = ("less", "more")


class NoEditor(OSError):
    """There is no editor or pager, or it could not be started, or it failed."""


class ExternalPrograms:
    """Opens one of them at a time.

    Args:
        editor: holds the draft.
        closing: when it is set, what is open is ended.
        preferred: the editor to use: see ``editor_command``.
        env: the session's environment, now; what is started gets it.
        say: tells what went wrong.
        changed: called when something must be drawn.

    Attributes:
        open: whether one of them has the terminal, or is about to get it.
    """

    def __init__(
        self,
        editor: Editor,
        closing: anyio.Event,
        preferred: str,
        env: Callable[[], Mapping[str, str]],
        say: Callable[[str], object],
        changed: Callable[[], object],
    ) -> None:
        self.group: anyio.abc.TaskGroup | None = None
        self._editor = editor
        self._closing = closing
        self._preferred = preferred
        self._env = env
        self._say = say
        self._changed = changed
        self.open = False

    def edit(self) -> None:
        """Opens the draft in the editor."""
        self._start(self._edit(), "editor")

    def edit_text(self, text: str, done: Callable[[str], object]) -> bool:
        """Opens ``text`` in the editor; ``done`` takes what it was made into.

        Returns:
            False where another program is open, or the UI does not run.
        """
        if self.group is None or self.open:
            return False
        self._start(self._edit_text(text, done), "editor")
        return True

    def page(self, text: str, *, at_end: bool = False) -> None:
        """Opens ``text`` in the pager, at its end where that is what a person wants to see first."""
        self._start(page(text, self._closing, self._env(), at_end=at_end), "pager")

    @property
    def has_pager(self) -> bool:
        """Whether there is a pager to open something in."""
        try:
            return bool(pager_command(self._env()))
        except NoEditor:
            return False

    def in_thread(self, work: Work) -> None:
        """Makes something in a thread and has it taken on the loop; for what is drawn."""
        if self.group is not None:
            self.group.start_soon(self._made, *work)

    def beside(self, work: Callable[[], Awaitable[None]]) -> None:
        """Begins something that leaves the terminal alone; a failure of it is said."""
        if self.group is not None:
            self.group.start_soon(self._done_beside, work)

    async def _done_beside(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Exception as error:
            log.exception("what was begun beside the UI failed")
            self._say(f"{describe(error)}.")
        self._changed()

    async def _made(
        self, make: Callable[[], list[Line]], take: Callable[[list[Line]], None]
    ) -> None:
        take(await in_thread(make))
        self._changed()

    def _start(self, work: Coroutine[None, None, None], what: Literal["editor", "pager"]) -> None:
        if self.group is None or self.open:
            work.close()
            return
        self.open = True
        self._editor.away = what
        self.group.start_soon(self._guarded, work)

    async def _guarded(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except NoEditor as error:
            self._say(str(error))
        finally:
            self.open = False
            self._editor.away = ""
        self._changed()

    async def _edit_text(self, text: str, done: Callable[[str], object]) -> None:
        done(await edit(text, self._closing, self._env(), self._preferred))

    async def _edit(self) -> None:
        draft = self._editor.expanded()
        self._editor.put(await edit(draft, self._closing, self._env(), self._preferred))


# By the names of Qwen Code's settings: editors that let go of the terminal unless told to wait.
_WAITING = {
    "vscode": "code --wait",
    "vscodium": "codium --wait",
    "cursor": "cursor --wait",
    "windsurf": "windsurf --wait",
    "zed": "zed --wait",
    "neovim": "nvim",
}


def editor_command(env: Mapping[str, str], preferred: str = "") -> list[str]:
    """The command line of the person's editor.

    Args:
        env: may name it.
        preferred: comes first: a command, or a name that the settings know.

    Raises:
        NoEditor: none is named and none is there.
    """
    import shutil

    env = {**env, "VISUAL": _WAITING.get(preferred, preferred)} if preferred else env
    for name in ("VISUAL", "EDITOR"):
        value = env.get(name, "").strip()
        if value:
            try:
                return shlex.split(value)
            except ValueError as error:
                raise NoEditor(f"${name} is {value!r}, which is no command: {error}") from error
    for name in _FALLBACKS:
        if shutil.which(name, path=env.get("PATH")):
            return [name]
    raise NoEditor("No editor found: set $VISUAL or $EDITOR to the command of one.")


async def edit(text: str, closing: anyio.Event, env: Mapping[str, str], preferred: str = "") -> str:
    """Opens ``text`` in the editor and returns what it was made into.

    Args:
        closing: when it is set, the editor is ended.
        env: what the editor is given; it may name it.
        preferred: as for ``editor_command``.

    Raises:
        NoEditor: with what failed and what to do.
    """
    command = editor_command(env, preferred)
    path = await in_thread(partial(_write, text, env), abandon=False)
    try:
        # Shielded: prompt-toolkit waits for ever for a suspension that was cancelled.
        with anyio.CancelScope(shield=True):
            async with in_terminal():
                status = await _run([*command, path], env, closing)
        if status != 0:
            raise NoEditor(f"{command[0]} ended with status {status}; the text is as it was.")
        return await in_thread(partial(_read, path))
    finally:
        os.unlink(path)


async def page(
    text: str, closing: anyio.Event, env: Mapping[str, str], *, at_end: bool = False
) -> None:
    """Opens ``text`` in the pager until the person leaves it; ``at_end`` where it can begin there.

    Raises:
        NoEditor: with what failed and what to do.
    """
    command = pager_command(env)
    if at_end and os.path.basename(command[0]) == "less":
        command.append("+G")
    path = await in_thread(partial(_write, text, env, ".txt"), abandon=False)
    try:
        with anyio.CancelScope(shield=True):
            async with in_terminal():
                await _run([*command, path], env, closing)
    finally:
        os.unlink(path)


def pager_command(env: Mapping[str, str]) -> list[str]:
    """The command line of the person's pager.

    Raises:
        NoEditor: none is named and none is there.
    """
    import shutil

    value = env.get("PAGER", "").strip()
    try:
        command = shlex.split(value)
    except ValueError as error:
        raise NoEditor(f"$PAGER is {value!r}, which is no command: {error}") from error
    # It would show everything at once and be gone.
    if command and command[0] != "cat":
        return command
    for name in _PAGERS:
        if shutil.which(name, path=env.get("PATH")):
            # Else it leaves at once where the text fits into the window.
            return [name, "-+F"] if name == "less" else [name]
    raise NoEditor("No pager found: set $PAGER to the command of one.")


def _write(text: str, env: Mapping[str, str], suffix: str = ".md") -> str:
    import tempfile

    within = temporary_of(env)
    handle, path = tempfile.mkstemp(prefix="qwen-dual-", suffix=suffix, dir=within)
    with open(handle, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)
    return path


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read().removesuffix("\n")


async def _run(command: list[str], env: Mapping[str, str], closing: anyio.Event) -> int:
    try:
        process = await anyio.open_process(command, stdin=None, stdout=None, stderr=None, env=env)
    except OSError as error:
        raise NoEditor(
            f"{command[0]} could not be started ({error.strerror}): "
            "set $VISUAL, $EDITOR or $PAGER to a program that is there."
        ) from error
    async with process, anyio.create_task_group() as group:

        async def end_with_session() -> None:
            await closing.wait()
            process.terminate()

        group.start_soon(end_with_session)
        status = await process.wait()
        group.cancel_scope.cancel()
    return status
