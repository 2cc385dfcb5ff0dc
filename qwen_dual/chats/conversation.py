"""The messages for the model, from the records of a chat: valid for every service. Pure.

Roles alternate and the first is the user's; every call has one result, in the message after it and
before any text; a result without a call is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from qwen_dual.chats.records import blocks_of, parts_of
from qwen_dual.chats.recovery import INTERRUPTED
from qwen_dual.protocol.blocks import image_line
from qwen_dual.protocol.events import result_block

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qwen_dual.chats.records import Block, Record
    from qwen_dual.protocol.shapes import Message

LOST = "(The beginning of this conversation is lost.)"
CUT = "(The beginning of this conversation is left out: it has grown too long.)"

Raw = tuple[str, list["Block"]]


def history_of(records: Iterable[Record], *, cut: bool = False) -> list[Message]:
    """The conversation as the model is sent it; it begins with the last compaction.

    Args:
        records: the branch, what is owed included.
        cut: it does not reach back to the beginning of the chat.
    """
    raw: list[Raw] = []
    if cut:
        raw.append(("user", [{"type": "text", "text": CUT}]))
    for record in records:
        if record["type"] == "system":
            compacted = _compacted(record)
            if compacted is not None:
                raw = compacted
        elif record.get("subtype") != "realtime_message":
            role = "assistant" if record["type"] == "assistant" else "user"
            raw.append((role, blocks_of(parts_of(record))))
    return _valid(_merged(raw))


def _compacted(record: Record) -> list[Raw] | None:
    """The conversation that a compaction left, or None for any other record."""
    payload = record.get("systemPayload")
    if record.get("subtype") != "chat_compression" or not isinstance(payload, dict):
        return None
    contents = payload.get("compressedHistory")
    if not isinstance(contents, list):
        return None
    return [
        ("assistant" if content.get("role") == "model" else "user", blocks_of(parts_of(content)))
        for content in contents
        if isinstance(content, dict)
    ]


def _merged(raw: Iterable[Raw]) -> list[Raw]:
    merged: list[Raw] = []
    for role, blocks in raw:
        if not blocks:
            continue
        if merged and merged[-1][0] == role:
            merged[-1][1].extend(blocks)
        else:
            merged.append((role, list(blocks)))
    return merged


def _valid(raw: list[Raw]) -> list[Message]:
    messages: list[Raw] = []
    calls: list[Block] = []  # of the message before
    number = 0
    for role, blocks in raw:
        if role == "assistant":
            if not messages:
                messages.append(("user", [{"type": "text", "text": LOST}]))
            if calls:
                messages.append(("user", _answered(calls, [])))
            blocks = [_as_input(block) for block in blocks]
            number += _named(blocks, number)
            calls = [block for block in blocks if block["type"] == "tool_use"]
        else:
            blocks = _answered(calls, blocks)
            calls = []
        if not blocks:
            continue
        if messages and messages[-1][0] == role:
            messages[-1][1].extend(blocks)
        else:
            messages.append((role, blocks))
    if calls:
        messages.append(("user", _answered(calls, [])))
    return [cast("Message", {"role": role, "content": blocks}) for role, blocks in messages]


def _as_input(block: Block) -> Block:
    """A block of the model's; an image of its own making no service takes back."""
    if block["type"] != "image":
        return block
    return {"type": "text", "text": image_line(block)}


def _named(blocks: list[Block], number: int) -> int:
    """Gives an id to calls without one, or with one that another has; how many there were."""
    seen: set[str] = set()
    given = 0
    for block in blocks:
        if block["type"] != "tool_use":
            continue
        if not block["id"] or block["id"] in seen:
            given += 1
            block["id"] = f"call_without_id_{number + given}"
            block["nameless"] = True
        seen.add(block["id"])
    return given


def _answered(calls: list[Block], blocks: list[Block]) -> list[Block]:
    """The blocks of a user message, with one result for each call and none besides."""
    results = [block for block in blocks if block["type"] == "tool_result"]
    answered: list[Block] = []
    for call in calls:
        nameless = call.pop("nameless", False)
        found = next((block for block in results if _answers(block, call, nameless)), None)
        if found is None:
            answered.append(result_block(call["id"], INTERRUPTED, is_error=True))
            continue
        results.remove(found)
        is_error = found["is_error"]
        answered.append(result_block(call["id"], found["content"], is_error=is_error))
    return answered + [block for block in blocks if block["type"] in ("text", "image")]


def _answers(result: Block, call: Block, nameless: Any) -> bool:
    if nameless:
        return not result["tool_use_id"] and result.get("name") == call["name"]
    return bool(result["tool_use_id"] == call["id"])
