"""Commands of hosts in a chat: that one began, in the same write as what it began, and how it ended.

A prompt's record names the command in ``hostCommand``, and the one of its turn's end in ``hostCommands``
with the turn's result. What has no record of its own has one aside: no other follows it, and only
``command_log`` reads it. Commands without an id leave nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from qwen_dual.protocol.receipts import is_not_run, submitted_by

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.chats.chain import OpenChat
    from qwen_dual.protocol.events import Event

    Named = dict[str, str]

COMMAND = "host_command"
"""The subtype of a record aside."""

CHANGES = ("clear", "resume")
"""What has another chat go on."""

ENVELOPE = ("type", "uuid", "session_id", "seq", "parent_tool_use_id", "timestamp")
"""What of a ``result`` is not what the turn came to."""


class OpenPrompts(Protocol):
    """Knows the prompts of commands that have no end yet."""

    def host_of(self, command_id: str, told: str | None) -> str | None:
        """Who sent the prompt with an id, given who an event says did; None where nobody is known."""
        ...

    def is_open(self, command_id: str, host: str) -> bool:
        """Whether a host has one under this id."""
        ...


class CommandRecords:
    """Those of one session, and of those that follow it.

    Every method that is given a chat may raise ``OSError``: it cannot be written.

    Args:
        prompts: gives what knows the prompts that have no end yet; None where none has an id.

    Attributes:
        used: whether a command had an id.
    """

    def __init__(self, prompts: Callable[[], OpenPrompts] | None) -> None:
        self.used = False
        self._prompts = prompts
        self._running: list[Named] = []
        self._acts: dict[tuple[str, str], tuple[Named, str]] = {}  # with what each is

    def begun_by(self, told: Event) -> Named | None:
        """The command that a prompt which begins was sent with, for its record.

        Args:
            told: the event of it, or the data of that.
        """
        command_id, who = told.get("command_id"), submitted_by(told)
        if command_id is None:
            return None
        self.used = True
        # A person may have edited the prompt: then it is theirs, and the command still the host's.
        host = None if self._prompts is None else self._prompts().host_of(command_id, who)
        named = {"host": host or who or "", "id": command_id}
        self._running.append(named)
        return named

    def begins(self, chat: OpenChat, named: Named, kind: str) -> None:
        """A command that is no prompt, or has no record of its own, is about to be carried out."""
        self.used = True
        if kind != "submit":
            self._acts[named["host"], named["id"]] = named, kind
        _aside(chat, [named], "begun", kind=kind)

    def went_back(self, rewound: Event) -> Named | None:
        """The command by which the conversation goes back, for the record of that, which ends it.

        Args:
            rewound: the data of the event that is about to be told.
        """
        key = rewound["origin"], rewound["command_id"] or ""
        return self._acts.pop(key, (None, ""))[0]

    def answered(self, chat: Callable[[], OpenChat], receipt: Event) -> None:
        """Takes a receipt: the end of what is no prompt, and of a prompt that is not run.

        Args:
            chat: opened where there is something to note.
            receipt: what it says.
        """
        status, command_id, host = receipt["status"], receipt["id"], receipt["host"]
        named: Named | None = None
        if status in ("accepted", "rejected"):
            named, _ = self._acts.pop((host, command_id), (None, ""))
        if named is None and is_not_run(receipt) and self._is_open(command_id, host):
            named = {"host": host, "id": command_id}
        if named is not None:
            self.used = True
            more = {key: receipt[key] for key in ("code", "message") if key in receipt}
            _aside(chat(), [named], "done" if status == "accepted" else status, **more)

    def _is_open(self, command_id: str, host: str) -> bool:
        return self._prompts is not None and self._prompts().is_open(command_id, host)

    def ended(self) -> list[Named]:
        """The commands that a turn which has ended was begun or steered by."""
        running, self._running = self._running, []
        return running

    def end(self, chat: OpenChat | None, ended: list[Named], result: Event) -> None:
        """What was no turn has ended."""
        if chat is not None and ended:
            _aside(chat, ended, "done", result=outcome_of(result))

    def follow(self, chat: OpenChat, earlier: str) -> None:
        """Another chat goes on in place of ``earlier``, whose commands are not to be done again.

        The same write is the end of the command that changed it.
        """
        if self.used:
            by = [named for named, kind in self._acts.values() if kind in CHANGES]
            self._acts = {key: act for key, act in self._acts.items() if act[1] not in CHANGES}
            _aside(chat, by, "done", earlier=earlier)


def outcome_of(result: Event) -> dict[str, Any]:
    """A ``result`` without its envelope."""
    return {key: value for key, value in result.items() if key not in ENVELOPE}


def _aside(chat: OpenChat, named: list[Named], outcome: str, **more: Any) -> None:
    chat.aside(COMMAND, {"hostCommands": named, "outcome": outcome, **more})
