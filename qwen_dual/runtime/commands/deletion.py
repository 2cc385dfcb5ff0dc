"""``/delete``: saved sessions that a person picks, and means to be gone."""

from __future__ import annotations

import contextlib
import os
from functools import partial
from typing import TYPE_CHECKING

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.commands.questions import Choice, Question
from qwen_dual.core.commands.slash import SlashCommand
from qwen_dual.core.errors import CommandFailed
from qwen_dual.core.failures import describe
from qwen_dual.core.threads import in_thread
from qwen_dual.tools.calls import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.core.actor import Actor
    from qwen_dual.runtime.assembly import Parts
    from qwen_dual.runtime.commands.session_picker import SessionPicker
    from qwen_dual.runtime.launch import Launch

NO, YES = "keep", "delete"

LISTED = 10
"""Sessions that the last question names; how many more there are it says."""

NAME_CHARS = 60
"""Of each: when it was, and how it begins."""

AT_KEYBOARD = "Only a person at the keyboard deletes sessions: /delete asks which, and once more before they go."


class DeleteCommand:
    """Deletes saved sessions of the folder.

    Args:
        launch: what was decided at the start.
        parts: the session and what belongs to it.
        picker: the other sessions of the folder.
    """

    def __init__(self, launch: Launch, parts: Parts, picker: SessionPicker) -> None:
        self._launch = launch
        self._parts = parts
        self._picker = picker

    def register(self) -> None:
        """Adds ``/delete``."""
        self._parts.session.slash.add(
            SlashCommand(
                "delete",
                "delete saved sessions of this folder for good",
                self._run,
                while_busy=False,
                opens=self._ask,
                answered=self._answered,
            )
        )

    def _run(self, argument: str, actor: Actor) -> None:
        if not actor.at_keyboard:
            raise CommandFailed(AT_KEYBOARD)
        self._ask()

    def _ask(self) -> None:
        answer = self._parts.session.answer_form
        self._picker.ask(
            "Delete which sessions?",
            lambda answers: answer("delete", answers, KEYBOARD),
            _sure,
        )

    async def _answered(self, answers: Sequence[str], actor: Actor) -> str:
        if not actor.at_keyboard:
            raise CommandFailed(AT_KEYBOARD)
        picked = [session_id for session_id in answers[0].split(", ") if session_id]
        if not picked or list(answers[1:]) != [YES]:
            return "Nothing was deleted."
        deleted, told = 0, []
        for session_id in picked:
            try:
                await in_thread(partial(self._delete, session_id), abandon=False)
            except CommandFailed as error:
                told.append(str(error))
            else:
                deleted += 1
                if self._parts.hooking is not None:
                    self._parts.hooking.deleted(session_id)
        said = f"Deleted {deleted} session{'' if deleted == 1 else 's'}."
        if told:
            raise CommandFailed("\n".join([said, *told]))
        return said

    def _delete(self, session_id: str) -> None:
        """Removes all that is kept of one session.

        Raises:
            CommandFailed: it is open, or something of it cannot be removed.
        """
        from qwen_dual.chats.deleting import delete_chat
        from qwen_dual.chats.journal import ChatBusy
        from qwen_dual.chats.paths import chat_path
        from qwen_dual.fs.projects import rewind_folder
        from qwen_dual.rewind.bounds import forget_session

        home, cwd = self._launch.home, self._parts.session.cwd
        if session_id == self._parts.session.session_id:
            raise CommandFailed(f"{session_id} is the session that runs; it stays.")
        try:
            delete_chat(chat_path(home, cwd, session_id))
            forget_session(rewind_folder(home, os.path.realpath(cwd)), session_id)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(home, "debug", f"{session_id}.txt"))
        except ChatBusy as error:
            raise CommandFailed(f"It stays: {error}") from error
        except OSError as error:
            raise CommandFailed(f"{session_id} is not deleted whole: {describe(error)}") from error


def _sure(listed: Sequence[Choice], answers: Sequence[str]) -> Question | None:
    """The second question, which names what will be gone; none where nothing was picked."""
    picked = answers[0].split(", ")
    named = [one_line(choice.label, NAME_CHARS) for choice in listed if choice.value in picked]
    if len(answers) > 1 or not named:
        return None
    rest = len(named) - LISTED
    what = "this session" if len(named) == 1 else f"these {len(named)} sessions"
    return Question(
        f"Delete {what} for good?",
        (Choice(NO, "No, keep"), Choice(YES, "Yes, delete")),
        default=NO,
        details=(
            *named[:LISTED],
            *([f"and {rest} more"] if rest > 0 else ()),
            "Gone are the conversation, what its agents did, and what /rewind has of it.",
        ),
    )
