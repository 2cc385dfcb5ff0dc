"""The draft in the person's own editor: $VISUAL, $EDITOR, or one that is there.

Owns the temporary file and the process. The program is suspended meanwhile; events go on.
"""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from typing import TYPE_CHECKING

import anyio
from prompt_toolkit.application import in_terminal

if TYPE_CHECKING:
    from collections.abc import Mapping

_FALLBACKS = ("editor", "nano", "vim", "vi")


class NoEditor(OSError):
    """There is no editor, or it could not be started, or it failed."""


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
        preferred: as for ``editor_command``.

    Raises:
        NoEditor: with what failed and what to do.
    """
    command = editor_command(env, preferred)
    path = _write(text)
    try:
        # Shielded: prompt-toolkit waits for ever for a suspension that was cancelled.
        with anyio.CancelScope(shield=True):
            async with in_terminal():
                status = await _run([*command, path], closing)
        if status != 0:
            raise NoEditor(f"{command[0]} ended with status {status}; the draft is as it was.")
        return _read(path)
    finally:
        os.unlink(path)


def _write(text: str) -> str:
    handle, path = tempfile.mkstemp(prefix="qwen-dual-", suffix=".md")
    with open(handle, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)
    return path


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read().removesuffix("\n")


async def _run(command: list[str], closing: anyio.Event) -> int:
    try:
        process = await anyio.open_process(command, stdin=None, stdout=None, stderr=None)
    except OSError as error:
        raise NoEditor(
            f"{command[0]} could not be started ({error.strerror}): set $VISUAL or $EDITOR."
        ) from error
    async with process, anyio.create_task_group() as group:

        async def end_with_session() -> None:
            await closing.wait()
            process.terminate()

        group.start_soon(end_with_session)
        status = await process.wait()
        group.cancel_scope.cancel()
    return status
