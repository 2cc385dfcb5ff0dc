"""Slash commands in a chat: that one was given, and what it answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qwen_dual.chats.chain import OpenChat
    from qwen_dual.protocol.events import Event

RETRY = "/retry"
"""The prompt that makes the failed model call of the last turn again."""


class SlashRecords:
    """Follows the commands of one session.

    Attributes:
        running: the command that runs as a turn of its own, whose notices answer it.
    """

    def __init__(self) -> None:
        self.running = ""

    def given(
        self,
        chat: OpenChat | None,
        command: str,
        *,
        in_turn: bool,
        by: dict[str, str] | None = None,
    ) -> None:
        """A command was given.

        Args:
            chat: where it is noted, if anywhere.
            command: as it was typed.
            in_turn: in the middle of a turn, where it is named by its answer.
            by: the host's command that it was given with.
        """
        if not in_turn:
            self.running = command
        _add(chat, "invocation", command, by=by)

    def answered(self, chat: OpenChat, notice: Event) -> None:
        """Somebody was told something: what a command answered, or not."""
        command = notice.get("command") or self.running
        if command:
            _add(chat, "result", command, notice)


def _add(
    chat: OpenChat | None,
    phase: str,
    command: str,
    notice: Event | None = None,
    by: dict[str, str] | None = None,
) -> None:
    if chat is None:
        return
    payload: dict[str, Any] = {"phase": phase, "rawCommand": command}
    if notice is None:
        payload["sentToModel"] = False
    else:
        item = {"type": notice["level"], "text": notice["text"]}
        payload["outputHistoryItems"] = [item]
    chat.add("system", subtype="slash_command", systemPayload=payload, hostCommand=by)
