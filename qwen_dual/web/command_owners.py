"""Whose the commands of a session are: which page gave them, and which answered a request first. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.protocol.command_shapes import QUERIES

if TYPE_CHECKING:
    from typing import Any

    from qwen_dual.host import Event
    from qwen_dual.web.access_records import Client

MAX_KNOWN = 2000
MAX_ANSWERS = 100
"""To one request: all but the first are late."""


class CommandOwners:
    """Remembers who gave the latest commands, and the latest answers to requests that wait."""

    def __init__(self) -> None:
        self._commands: dict[str, str] = {}
        self._answers: dict[str, list[tuple[str, str]]] = {}

    def note(self, client: Client, command: dict[str, Any], origin: str) -> str:
        """Notes a command that is handed over.

        Args:
            client: who gave it.
            command: as it came.
            origin: what the program calls who gave it.

        Returns:
            The id that all pages are told of now; empty for none. Who answered a request is told when
            the program has said whose answer was the first.
        """
        command_id = command.get("id")
        if command.get("type") == "confirmation_response":
            request_id = command.get("request_id")
            if isinstance(request_id, str):
                answers = self._answers.setdefault(request_id, [])
                if len(answers) < MAX_ANSWERS:
                    answers.append((origin, client.name))
                _bound(self._answers)
        if not isinstance(command_id, str) or not command_id or command.get("type") in _SILENT:
            return ""
        self._commands[command_id] = client.id
        _bound(self._commands)
        return command_id

    def answered(self, event: Event) -> list[tuple[str, str]]:
        """The name of the page whose answer a ``control_response`` tells, and the request; else nothing."""
        response = event.get("response")
        if not isinstance(response, dict) or response.get("subtype") == "error":
            return []
        request_id = response.get("request_id")
        answers = self._answers.pop(request_id, []) if isinstance(request_id, str) else []
        by = response.get("resolved_by", "input")  # a program that does not say took it from us
        return [(name, str(request_id)) for origin, name in answers if origin == by][:1]

    def is_own(self, client: Client, command_id: object) -> bool:
        """Whether a command was given from a client's browser."""
        return isinstance(command_id, str) and self._commands.get(command_id, "") == client.id != ""

    def is_anothers(self, client: Client, command_id: str) -> bool:
        """Whether a command was given from another client's browser."""
        return self._commands.get(command_id, client.id) != client.id


_SILENT = frozenset((*QUERIES, "get_draft", "set_draft", "watch"))
"""Commands that nobody asks about whose they were: they change nothing, or are as frequent as keys."""


def _bound(known: dict[str, Any]) -> None:
    if len(known) > MAX_KNOWN:
        del known[next(iter(known))]
