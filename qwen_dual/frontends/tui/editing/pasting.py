"""Images on their way into the draft: from the clipboard, and from paths that were dropped on it.

Both are looked at in a thread, while the person may go on typing. Of a path it is asked whether it is a
file, and no more: what is in it is read when the prompt is sent.
"""

from __future__ import annotations

import os
import stat
from functools import partial
from typing import TYPE_CHECKING

from qwen_dual.core.threads import in_thread
from qwen_dual.frontends.tui.terminal.arriving_paste import cleaned
from qwen_dual.frontends.tui.terminal.keyinput import TerminalInput
from qwen_dual.fs.home import home_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from prompt_toolkit.input import Input

    from qwen_dual.frontends.tui.controller import Controller
    from qwen_dual.frontends.tui.terminal.clipboard_image import Pasted
    from qwen_dual.protocol.shapes import ImageBlock

READING = "Looking into the clipboard…"


class Pasting:
    """Pastes images for one editor.

    Args:
        controller: has the editor; says what went wrong.
        start: begins something beside the UI.
        env: the session's environment, now.
        write: writes to the terminal, as it is.
        keys: what the terminal's answers come by.
    """

    def __init__(
        self,
        controller: Controller,
        start: Callable[[Callable[[], Awaitable[None]]], object],
        env: Callable[[], Mapping[str, str]],
        write: Callable[[str], object] = lambda data: None,
        keys: Callable[[], Input | None] = lambda: None,
    ) -> None:
        self._controller = controller
        self._start = start
        self._env = env
        self._write = write
        self._keys = keys
        self._reading = False
        controller.on_paste_image = self.from_clipboard
        controller.editor.on_dropped = self.dropped

    def from_clipboard(self) -> None:
        """Puts the image of the clipboard at the cursor, or says that there is none."""
        if self._controller.editor.shell:
            self._controller.remark("Images go with prompts, not with commands.")
        elif not self._reading:
            self._reading = True
            self._controller.remark(READING)
            self._start(self._read)

    def dropped(self, text: str, at: int) -> None:
        """Puts titles in the place of a paste, where that is paths of images."""
        from qwen_dual.frontends.tui.editing.dropped import dropped

        if readings := dropped(text):
            self._start(partial(self._check, readings, text, at))

    async def _read(self) -> None:
        try:
            image, told = await self._found()
        finally:
            self._reading = False
        if image is None and not told.startswith("\n"):
            self._controller.remark(told)
            return
        self._controller.remark("")
        editor = self._controller.editor
        if image is None:
            editor.paste(cleaned(told.strip()))
        else:
            editor.buffer.insert_text(editor.images.add("clipboard", image))

    async def _found(self) -> tuple[ImageBlock | None, str]:
        """The image, or what to say: see ``_used``."""
        from qwen_dual.frontends.tui.terminal.clipboard_image import read_clipboard
        from qwen_dual.frontends.tui.terminal.terminal_clipboard import ask_terminal, can_be_asked

        env, keys = self._env(), self._keys()
        found = await in_thread(partial(read_clipboard, env))
        if found.why and isinstance(keys, TerminalInput) and can_be_asked(env):
            found = await ask_terminal(self._write, keys.collect) or found
        return await in_thread(partial(_used, found))

    async def _check(self, readings: list[list[str]], text: str, at: int) -> None:
        files = await in_thread(partial(_first_there, readings, home_of(self._env())))
        editor = self._controller.editor
        if files and editor.buffer.text[at : at + len(text)] == text:
            end = text[len(text.rstrip()) :]
            titles = " ".join(editor.images.add_file(path, size) for path, size in files)
            editor.replace(text, at, titles + end)


def _used(found: Pasted) -> tuple[ImageBlock | None, str]:
    """The image, or what to say; after a newline the paths of files in its stead."""
    from qwen_dual.imaging.fit import UnusableImage, fitted

    if found.paths:
        return None, "\n" + found.paths
    if not found.image:
        return None, found.why
    try:
        return fitted(found.image), ""
    except UnusableImage as error:
        return None, f"The image in the clipboard cannot be used: {error.reason}."


def _first_there(readings: list[list[str]], home: str) -> list[tuple[str, int]]:
    """The first reading of which every path is a file, with their sizes; none else."""
    for reading in readings:
        found = []
        for path in reading:
            at = home + path[1:] if path.startswith("~/") else path
            try:
                status = os.stat(at)
            except (OSError, ValueError):
                break
            if not stat.S_ISREG(status.st_mode):
                break
            found.append((at, status.st_size))
        else:
            return found
    return []
