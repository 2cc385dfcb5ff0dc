"""Keeps the commands of a session in its saved chat, and finds them there after the program died."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from qwen_dual.chats.command_log import CommandLog
from qwen_dual.core.commands.ledger import Known
from qwen_dual.core.failures import describe

if TYPE_CHECKING:
    from qwen_dual.core.commands.ledger import Ledger
    from qwen_dual.runtime.assembly import Parts
    from qwen_dual.runtime.launch import Launch

log = logging.getLogger(__name__)


def prepare(ledger: Ledger, launch: Launch, parts: Parts) -> None:
    """Connects the list of commands to the chats of a session."""
    ledger.store = SavedCommands(launch, parts)


class SavedCommands:
    """``core.commands.ledger.CommandStore`` by the chats of one session, and of those that follow it.

    Args:
        launch: what was decided at the start.
        parts: the session and what belongs to it.
    """

    def __init__(self, launch: Launch, parts: Parts) -> None:
        self._parts = parts
        self._log = CommandLog()
        if launch.chat is not None:
            self._log.add(launch.chat.path)

    @property
    def keeps(self) -> bool:
        """Whether what happens now is saved."""
        recorder = self._parts.recorder
        return recorder is not None and recorder.failure is None

    def find(self, host: str, command_id: str, *, live: bool) -> Known | None:
        """What is known of a command."""
        recorder = self._parts.recorder
        if recorder is not None and recorder.path is not None:
            self._log.add(recorder.path)
        try:
            return self._log.find(host, command_id, live=live)
        except OSError as error:
            log.warning("the saved chat cannot be read for commands: %s", describe(error))
            # It may have been carried out: what is not known for sure is not done again.
            return Known("interrupted")

    def begin(self, host: str, command_id: str, kind: str) -> None:
        """Notes that a command other than a prompt is about to be carried out."""
        if self._parts.recorder is not None:
            self._parts.recorder.command_begins(host, command_id, kind)
