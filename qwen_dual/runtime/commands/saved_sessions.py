"""The commands about saved sessions: ``/resume`` and ``/export``."""

from __future__ import annotations

import os
import time
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.commands.questions import Choice
from qwen_dual.core.commands.saved_sessions import SessionRefused
from qwen_dual.core.commands.slash import SlashCommand
from qwen_dual.core.errors import CommandFailed
from qwen_dual.core.failures import describe
from qwen_dual.core.threads import in_thread
from qwen_dual.fs.home import expanded
from qwen_dual.runtime.commands.session_picker import NONE_SAVED
from qwen_dual.runtime.saved import NoSuchSession, earlier, load_chat, points_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from qwen_dual.chats.load import Chat
    from qwen_dual.chats.recorder import Recorder
    from qwen_dual.core.actor import Actor
    from qwen_dual.core.session.session import Session
    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.commands.session_picker import SessionPicker
    from qwen_dual.runtime.workspace import Workspace

FORMATS = ("md", "json", "jsonl", "html")


class SavedSessions(Struct, frozen=True):
    """The commands about saved sessions.

    Args:
        session: the running one.
        workspace: the session's; its folder and the person's home are what counts here.
        recorder: writes the running one down; None where that is switched off.
        show: puts earlier events on the screen.
        picker: the other sessions of the folder.
    """

    session: Session
    workspace: Workspace
    recorder: Recorder | None
    show: Callable[[Sequence[Event]], None]
    picker: SessionPicker

    def register(self) -> None:
        """Adds ``/resume`` and ``/export``."""
        add = self.session.slash.add
        add(
            SlashCommand(
                "resume",
                "go on with an earlier session",
                self._resume,
                self.picker.choices,
                while_busy=False,
                opens=self._ask_which,
                hint="[ID]",
            )
        )
        add(
            SlashCommand(
                "export",
                "write this session to a file: md, json, jsonl or html, and a path",
                lambda arguments, _: self._export(arguments),
                lambda: [Choice(name) for name in FORMATS],
                while_busy=False,
            )
        )

    def _ask_which(self) -> None:
        answer = self.session.answer_form
        self.picker.ask("Which session?", lambda answers: answer("resume", answers, KEYBOARD))

    async def _resume(self, name: str, actor: Actor) -> str:
        if not name:
            raise CommandFailed(await self._listing())
        return await self.resume(name, actor)

    async def resume(self, name: str, actor: Actor, *, exact: bool = False) -> str:
        """Goes on with the session that has this id, or the only one whose id begins so.

        Args:
            name: the id.
            actor: who wants it.
            exact: it is the whole id.

        Returns:
            What a person should know of it.

        Raises:
            SessionRefused: it cannot be; nothing has changed.
        """
        chat = await in_thread(partial(self._open, name, exact), abandon=False)
        if self.recorder is not None:
            try:
                self.recorder.resume(chat)
            except OSError as error:
                told = f"It cannot be written to: {describe(error)}"
                raise SessionRefused("failed", told) from error
        self.session.resume(chat.session_id, chat.history, actor, points_in(chat))
        self.show(chat.replay)
        return earlier(chat)

    def _open(self, name: str, exact: bool) -> Chat:
        from qwen_dual.chats.journal import ChatBusy
        from qwen_dual.chats.listing import find

        path = find(self.workspace.home, self.session.cwd, name)
        if path is None or (exact and path.stem.lower() != name.lower()):
            told = f"No session {name!r} is saved; /resume lists them."
            raise SessionRefused("unknown_session", told)
        # The one that runs is open here already.
        lock = self.recorder is not None and path != self.recorder.path
        try:
            return load_chat(path, lock=lock)
        except NoSuchSession as error:
            busy = isinstance(error.__cause__, ChatBusy)
            code = "open_elsewhere" if busy else "unreadable"
            raise SessionRefused(code, str(error)) from error

    async def _listing(self) -> str:
        choices = await self.picker.listed()
        if not choices:
            return NONE_SAVED.format(self.session.cwd)
        rows = [f"{choice.value}  {choice.label}" for choice in choices[:20]]
        return "\n".join(["Say which: /resume ID", *rows])

    async def _export(self, arguments: str) -> str:
        form, _, where = arguments.partition(" ")
        form = form or FORMATS[0]
        suffix = arguments.rpartition(".")[2].rstrip()
        if form not in FORMATS and suffix in FORMATS:  # a path alone, whose name says the format
            form, where = suffix, arguments
        if form not in FORMATS:
            raise CommandFailed(f"{form!r} is no format: {', '.join(FORMATS)}, and then a path")
        path = self._whole()
        name = f"session-{time.strftime('%Y%m%d-%H%M%S')}.{form}"
        wanted = where.strip() or name
        write = partial(_write_export, path, form, self.workspace, wanted)
        return f"Exported to {await in_thread(write, abandon=False)}"

    async def document(self, form: str) -> str:
        """The session as ``/export`` would write it now.

        Raises:
            CommandFailed: it is not saved, or cannot be read.
        """
        path = self._whole()
        return await in_thread(lambda: _document(path, form))

    def _whole(self) -> Path:
        """Where all of the session is saved by now.

        Raises:
            CommandFailed: nowhere.
        """
        if self.recorder is not None and self.recorder.failure is not None:
            raise CommandFailed(f"There is nothing whole to export: {self.recorder.failure}")
        if self.recorder is None or self.recorder.path is None:
            raise CommandFailed(
                "There is nothing to export: nothing was said yet, or general.chatRecording is "
                "false in the settings."
            )
        self.recorder.flush()
        return self.recorder.path


def _document(chat: Path, form: str) -> str:
    from qwen_dual.chats.export import export
    from qwen_dual.chats.load import ChatUnreadable, load

    try:
        return export(load(chat), form)
    except ChatUnreadable as error:
        raise CommandFailed(f"The session cannot be exported: {error}") from error
    except OSError as error:
        raise CommandFailed(f"The session cannot be exported: {describe(error)}") from error


def _write_export(chat: Path, form: str, workspace: Workspace, wanted: str) -> str:
    path = os.path.join(workspace.cwd, expanded(wanted, workspace.person))
    text = _document(chat, form)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise CommandFailed(f"{path} is there already; name another path") from None
    except OSError as error:
        raise CommandFailed(f"The session cannot be exported: {describe(error)}") from error
    with open(fd, "w", encoding="utf-8") as file:
        file.write(text)
    return path
