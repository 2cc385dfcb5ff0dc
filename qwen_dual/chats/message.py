"""The model's message that comes in: piece by piece to the side file, whole to the chat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.chats.records import part_of, timestamp, usage_metadata
from qwen_dual.protocol.api_error import message_in

if TYPE_CHECKING:
    from qwen_dual.chats.chain import OpenChat
    from qwen_dual.protocol.events import Event


class IncomingMessage:
    """Follows the messages of one session.

    Attributes:
        names: the tools of the calls that have no result yet, by id.
        before: the record that the latest message follows.
    """

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.before: str | None = None
        self._head: dict[str, Any] | None = None
        self._blocks: list[dict[str, Any]] = []
        self._usage: dict[str, int] = {}

    def stream(self, chat: OpenChat, inner: Event) -> bool:
        """Takes the inner event of a ``stream_event``; whether something waits to be written.

        Raises:
            OSError: the message is whole and cannot be written.
        """
        kind = inner["type"]
        if kind == "content_block_delta":  # the hot path
            delta = inner["delta"]
            text = delta.get("text")
            if text is None:
                text = delta.get("thinking")
                if text is None:
                    text = delta["partial_json"]
            chat.partial.delta(text)
        elif kind == "message_start":
            chat.write_held()
            message = inner["message"]
            self._head = {"id": message["id"], "model": message["model"]}
            self._blocks, self._usage = [], {}
            self.before = chat.last
            chat.partial.message(self._head)
        elif kind == "content_block_start":
            block = inner["content_block"]
            head = {key: block[key] for key in ("type", "id", "name") if key in block}
            chat.partial.block(head)
        elif kind == "message_stop":
            self._end(chat)
            return chat.holds
        return True

    def run(self, event: Event) -> None:
        """Takes an ``assistant`` event: one run of the blocks of the message."""
        message = event["message"]
        self._blocks += message["content"]
        if any(message["usage"].values()):
            self._usage = message["usage"]

    def _end(self, chat: OpenChat) -> None:
        head, blocks = self._head, self._blocks
        if head is None:
            return
        self._head = None
        # The error that a failed call ends with is for the person; the model is not sent it.
        failure = message_in(blocks[-1].get("text", "")) if blocks else None
        if failure is not None:
            blocks = blocks[:-1]
        for block in blocks:
            if block["type"] == "tool_use":
                self.names[block["id"]] = block["name"]
        if blocks:
            chat.add(
                "assistant",
                uuid=head["id"],
                model=head["model"],
                message={"role": "model", "parts": [part_of(block, {}) for block in blocks]},
                usageMetadata=usage_metadata(self._usage),
                contextWindowSize=chat.window,
                # Until then the side file has what there is.
                written=chat.partial.end_message,
            )
        else:
            chat.partial.end_message()
        if failure is not None:
            error = {
                "event.name": "qwen-code.api_error",
                "event.timestamp": timestamp(chat.now),
                "model": head["model"],
                "duration_ms": 0,
                "error_message": failure,
            }
            chat.system("ui_telemetry", {"uiEvent": error})
