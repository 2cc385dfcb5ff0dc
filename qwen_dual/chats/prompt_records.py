"""Prompts in a chat: as each was submitted, what takes its place, and going back to before one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.chats.chain import Branches
from qwen_dual.chats.records import part_of
from qwen_dual.chats.shellwords import shell_fields
from qwen_dual.protocol.blocks import text_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwen_dual.chats.chain import OpenChat
    from qwen_dual.chats.load import Chat
    from qwen_dual.protocol.events import Event
    from qwen_dual.protocol.shapes import ContentBlock


class PromptRecords:
    """Those of one session, and of those that follow it.

    Every method may raise ``OSError``: the chat cannot be written.
    """

    def __init__(self) -> None:
        self._branches = Branches()
        self._running: tuple[str, str | None, Event] | None = None  # uuid, its parent, the event

    def resumes(self, chat: Chat) -> None:
        """Another chat is gone on with next."""
        self._branches.next = chat

    def begin(self, session_id: str) -> None:
        """Another chat begins, or the next one goes on."""
        self._running = None
        self._branches.begin(session_id)

    def submitted(self, chat: OpenChat, event: Event, by: dict[str, str] | None = None) -> None:
        """A prompt begins to run, or joins the turn that does; ``by`` is the host's command that it was sent with."""
        chat.settle()
        parent = chat.last
        said = event["message"]["content"][0]["text"]
        uuid = _add(chat, event, [{"text": said}], uuid=event["uuid"], hostCommand=by)
        self._running = (uuid, parent, event)
        if "steered" not in event:  # else one goes back to the prompt that began its turn
            self._branches.note(uuid, parent)

    def expanded(self, chat: OpenChat, blocks: Sequence[ContentBlock]) -> None:
        """What the model is sent for it; nothing where it was not let through."""
        if self._running is None:
            return
        uuid, parent, event = self._running
        prompt = event["message"]["content"][0]["text"]
        # A second branch: the first has the prompt from the moment it was on screen.
        chat.last = parent
        if not blocks:
            return
        payload = {"filesRead": [], "status": "success", "userText": prompt}
        chat.system("at_command", payload)
        _add(chat, event, [part_of(block, {}) for block in blocks], supersedes=uuid)

    def ran_shell(
        self, chat: OpenChat, block: Mapping[str, Any], tool: str, outcome: dict[str, Any]
    ) -> bool:
        """A person's own command came to ``block``; False where none runs."""
        if self._running is None:
            return False
        uuid, chat.last, event = self._running
        command = event["message"]["content"][0]["text"].removeprefix("!")
        is_error, text = block["is_error"], text_in(block["content"])
        fields = shell_fields(command, text, tool, is_error=is_error, outcome=outcome)
        chat.add("user", **fields, supersedes=uuid)
        return True

    def ended(self) -> None:
        """Nothing runs for it any more."""
        self._running = None

    def go_back(self, chat: OpenChat, event: Event, by: dict[str, str] | None = None) -> None:
        """The conversation goes back, as a ``rewound`` event tells, or is about to."""
        self._running = None
        self._branches.go_back(chat, event, by)


def _add(chat: OpenChat, event: Event, parts: list[dict[str, Any]], **more: Any) -> str:
    origin = event.get("origin")
    if origin == "keyboard":
        origin = None
    if "steered" in event:  # as the reference calls it
        shown = event["message"]["content"][0]["text"]
        more |= {"subtype": "mid_turn_user_message", "systemPayload": {"displayText": shown}}
    return chat.add("user", message={"role": "user", "parts": parts}, origin=origin, **more)
