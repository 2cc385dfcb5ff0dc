"""The events that show an earlier conversation again, from the records of a chat. Pure.

They are the bodies that the session itself would have published, messages with their stream, so
that whoever renders a session renders these; whole ones carry the ``timestamp`` of their record.
Nothing is left open: every call gets a result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from qwen_dual.chats.chain import REWIND_COUNTS
from qwen_dual.chats.records import (
    blocks_of,
    known_outcome,
    outcome_in,
    parts_of,
    text_of,
)
from qwen_dual.chats.recovery import INTERRUPTED
from qwen_dual.chats.saved_changes import change_in
from qwen_dual.core.models.answer import Answer
from qwen_dual.core.models.model import (
    TextDelta,
    ThinkingDelta,
    TokenUsage,
    ToolCallArguments,
    ToolCallStart,
)
from qwen_dual.core.turns.results import instant_result
from qwen_dual.protocol import events
from qwen_dual.protocol.api_error import api_error
from qwen_dual.protocol.blocks import image_line, text_in
from qwen_dual.protocol.codec import bound_text, encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qwen_dual.chats.records import Block, Part, Record
    from qwen_dual.protocol.content_shapes import SubmittedImage
    from qwen_dual.protocol.events import Event
    from qwen_dual.protocol.shapes import Preview, ToolOutcome

SHELL = "shell"
"""What ran a command of the person's, where its record does not say."""

SHOWN_RECORDS = 600
SHOWN_CHARS = 400_000
"""How much of a chat is shown when it is gone on with: what a screen's scrollback is good for."""

_UNSEEN = frozenset(("goal_runtime",))
"""What the reference tells its model behind the person's back."""

_LEAVING = frozenset(("", "/quit", "/exit"))
"""Who goes on with a session need not read how it was left."""

_CONTEXT = "<qwen:user-prompt-submit-context>"
"""What a hook of the reference added to a prompt."""


def replay_of(records: Iterable[Record], *, interrupted: bool) -> list[Event]:
    """The events of a conversation, in order.

    Args:
        records: the branch, what is owed included.
        interrupted: its last turn did not end.
    """
    replay = _Replay()
    for record in records:
        replay.add(record)
    replay.settle()
    if interrupted:
        replay.emit(instant_result("", None, "interrupted"))
    return replay.bodies


def end_of(records: Sequence[Record]) -> Sequence[Record]:
    """The records that are worth showing to who goes on with a long conversation.

    They begin with a prompt where there is one among them.
    """
    start = max(0, len(records) - SHOWN_RECORDS)
    said = 0
    for index in range(len(records) - 1, start - 1, -1):
        said += sum(len(part["text"]) for part in parts_of(records[index]) if _is_text(part))
        if said > SHOWN_CHARS:
            start = index
            break
    if start == 0:
        return records
    for index in range(start, len(records)):
        if records[index]["type"] == "user" and "subtype" not in records[index]:
            return records[index:]
    return records[start:]


def _is_text(part: Part) -> bool:
    return isinstance(part.get("text"), str)


class _Replay:
    def __init__(self) -> None:
        self.bodies: list[Event] = []
        self._time: str | None = None
        self._model = ""
        self._open: list[tuple[str, str]] = []  # id and name of calls without a result
        self._nameless = 0
        self._error: str | None = None
        self._typed: list[str] = []  # prompts as they were typed, before files were put in

    def add(self, record: Record) -> None:
        time = record.get("timestamp")
        self._time = time if isinstance(time, str) else self._time
        kind = record["type"]
        if kind == "assistant":
            self._error = None  # a call that failed and was made again
            self.settle()
            self._assistant(record)
        elif kind == "tool_result":
            for block in blocks_of(parts_of(record)):
                if block["type"] == "tool_result":
                    ended = outcome_in(record, text_in(block["content"]))
                    self._result(block, change_in(record), ended)
        elif kind == "user":
            self._user(record)
        elif kind == "system":
            self._system(record)

    def settle(self) -> None:
        """Closes what is open: calls without a result, an error that nothing followed."""
        for call_id, _ in self._open:
            self.emit(events.tool_result(call_id, INTERRUPTED, is_error=True))
        self._open.clear()
        if self._error is not None:
            answer = Answer(self._model, self.emit)
            answer.fail(api_error(self._error))
            self._error = None

    def emit(self, body: Event) -> None:
        if body["type"] != "stream_event" and self._time is not None:
            body["timestamp"] = self._time
        self.bodies.append(body)

    def _user(self, record: Record) -> None:
        payload = record.get("systemPayload")
        payload = payload if isinstance(payload, dict) else {}
        shown = payload.get("displayText")
        if not isinstance(shown, str):
            shown = without_context(text_of(parts_of(record)))
        if self._typed:
            shown = self._typed.pop(0) or shown
        if record.get("subtype") in _UNSEEN or not shown:
            return
        if record.get("subtype") != "mid_turn_user_message":
            self.settle()
        origin = record.get("origin")
        said = origin if isinstance(origin, str) else "keyboard"
        images, mentioned = _images_of(parts_of(record))
        self.emit(events.user_text(shown, said, images=images))
        if mentioned:
            self.emit(events.notice(" ".join(mentioned)))
        shell = payload.get("shell")
        if isinstance(shell, dict):
            call_id = f"shell_{record['uuid']}"
            command, output = str(shell.get("command", "")), str(shell.get("output", ""))
            tool = shell.get("tool")
            name = tool if isinstance(tool, str) and tool else SHELL
            self.emit(events.tool_progress(call_id, name, "started", command))
            is_error = bool(shell.get("is_error"))
            outcome = cast("ToolOutcome", known_outcome(shell.get("outcome")))
            self.emit(
                events.tool_result(
                    call_id, bound_text(output), is_error=is_error, outcome=outcome or None
                )
            )

    def _assistant(self, record: Record) -> None:
        model = record.get("model")
        self._model = model if isinstance(model, str) else self._model
        answer = Answer(self._model, self.emit)
        for block in blocks_of(parts_of(record)):
            self._block(answer, block)
        usage = tokens_of(record)
        if usage is not None:
            answer.feed(usage)
        answer.finish()

    def _block(self, answer: Answer, block: Block) -> None:
        if block["type"] == "text":
            answer.feed(TextDelta(block["text"]))
        elif block["type"] == "thinking":
            answer.feed(ThinkingDelta(block["thinking"], block["signature"]))
        elif block["type"] == "tool_use":
            call_id = block["id"]
            if not call_id:
                self._nameless += 1
                call_id = f"call_without_id_{self._nameless}"
            self._open.append((call_id, block["name"]))
            answer.feed(ToolCallStart(call_id, block["name"]))
            answer.feed(ToolCallArguments(encode(block["input"]).decode().strip()))

    def _result(self, block: Block, change: Preview | None, outcome: dict[str, Any]) -> None:
        call_id, name = block["tool_use_id"], block.get("name")
        for call in self._open:
            if call[0] == call_id or (not call_id and call[1] == name):
                self._open.remove(call)
                if change is not None:
                    self.emit(events.tool_progress(*call, "started", preview=change))
                content = block["content"]
                if isinstance(content, str):
                    content = bound_text(content)
                ended = cast("ToolOutcome", outcome) or None
                is_error = block["is_error"]
                self.emit(events.tool_result(call[0], content, is_error=is_error, outcome=ended))
                return

    def _system(self, record: Record) -> None:
        payload = record.get("systemPayload")
        if not isinstance(payload, dict):
            return
        subtype = record.get("subtype")
        if subtype == "at_command":
            self._typed.append(_text(payload.get("userText")))
        elif subtype == "chat_compression":
            self._compaction(payload)
        elif subtype == "rewind":
            self.settle()
            self.emit(events.system("rewound", _rewound(payload)))
        elif subtype == "slash_command":
            self._slash(payload)
        elif subtype == "ui_telemetry":
            event = payload.get("uiEvent")
            if isinstance(event, dict) and event.get("event.name") == "qwen-code.api_error":
                self._error = _text(event.get("error_message")) or "unknown"
                self._model = _text(event.get("model")) or self._model
        elif subtype == "turn_result":
            self.settle()
            if payload.get("state") == "cancelled":
                self.emit(instant_result("", None, "interrupted"))

    def _compaction(self, payload: dict[str, Any]) -> None:
        info = payload.get("info")
        info = info if isinstance(info, dict) else {}
        data = {
            "trigger": _text(info.get("triggerReason")) or "auto",
            "tokens_before": info.get("originalTokenCount") or 0,
            "tokens_after": info.get("newTokenCount") or 0,
            "summary": _text(payload.get("summary")),
        }
        self.emit(events.system("compact_boundary", data))

    def _slash(self, payload: dict[str, Any]) -> None:
        if payload.get("phase") == "invocation":
            command = _text(payload.get("rawCommand"))
            if command not in _LEAVING and not payload.get("hiddenInvocation"):
                self.emit(events.slash_command(command, "keyboard"))
            return
        items = payload.get("outputHistoryItems")
        for item in items if isinstance(items, list) else ():
            text = _text(item.get("text")) if isinstance(item, dict) else ""
            if text:
                level = item.get("type")
                known = level if level in ("warning", "error") else "info"
                self.emit(events.notice(text, known))


def _images_of(parts: Sequence[Part]) -> tuple[list[SubmittedImage], list[str]]:
    """The images of a prompt, with their bytes; the titles of those that it mentions."""
    found: list[SubmittedImage] = []
    mentioned: list[str] = []
    if not any("inlineData" in part for part in parts):
        return found, mentioned
    from qwen_dual.protocol.attachments import is_title

    before = ""
    for block in blocks_of(parts):
        if block["type"] == "image":
            title = before or image_line(block)
            found.append({"type": "image", "source": block["source"], "name": "", "title": title})
            mentioned += filter(None, [before])
        text = block["text"] if block["type"] == "text" else ""
        before = text if is_title(text) else ""
    return found, mentioned


def without_context(text: str) -> str:
    """A prompt of the reference without what a hook added to it."""
    at = text.find(_CONTEXT)
    return text if at < 0 else text[:at].rstrip()


def tokens_of(record: Record) -> TokenUsage | None:
    """The tokens of the model call that a record is of, where it tells them."""
    usage = record.get("usageMetadata")
    if not isinstance(usage, dict):
        return None
    prompt, total = _count(usage.get("promptTokenCount")), _count(usage.get("totalTokenCount"))
    output = _count(usage.get("candidatesTokenCount"))
    return TokenUsage(
        prompt, max(output, total - prompt), _count(usage.get("cachedContentTokenCount"))
    )


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _rewound(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The data of the ``rewound`` event that a record tells of, as far as it does."""
    told = payload.get("rewound")
    told = told if isinstance(told, dict) else {}
    return {
        "to": str(told.get("to", "")),
        "conversation": True,
        "files": told.get("files") is True,
        "undo": told.get("undo") is True,
        "text": str(told.get("text", "")),
        **{name: _count(told.get(name)) for name in REWIND_COUNTS},
        "changes": [],
        "left": [],
        "remarks": [],
        "context_tokens": 0,
        "origin": "keyboard",
        "command_id": None,
    }
