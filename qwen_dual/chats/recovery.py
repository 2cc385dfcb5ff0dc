"""What a session that was killed left behind, as the records that it could not write any more. Pure.

They are shown and sent to the model like all others, and written when the chat is gone on with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.chats.records import blocks_of, part_of, parts_of, text_of, tool_call_result
from qwen_dual.chats.shellwords import SHELL_CALL, shell_fields
from qwen_dual.protocol.codec import NotJson, decode
from qwen_dual.protocol.events import new_uuid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.chats.partial import Leftover
    from qwen_dual.chats.records import Block, Record

INTERRUPTED = "Interrupted before it finished."


def owed(records: Sequence[Record], left: Leftover) -> list[Record]:
    """The records that are missing at the end of a chat.

    Args:
        records: its branch.
        left: what lay beside it.

    Returns:
        The message that was coming in, as far as it came, and a result for every call without one;
        or what takes the place of the last record, which it names as ``supersedes``.
    """
    found: list[Record] = []
    known = {record["uuid"] for record in records}
    message = left.message
    if message is not None and message.get("id") not in known:
        blocks = [block for head, text in left.blocks if (block := _block(head, text)) is not None]
        if blocks:
            parts = [part_of(block, {}) for block in blocks]
            record = {"type": "assistant", "uuid": message.get("id") or new_uuid()}
            record |= {"model": message.get("model"), "message": {"role": "model", "parts": parts}}
            found.append(record)
    for call_id, name in _open_calls([*records, *found]):
        output = left.outputs.get(call_id, {})
        found.append(_interrupted(call_id, name, output.get("text") or ""))
    command = _open_command(records)
    for call_id, output in left.outputs.items():
        if call_id.startswith(SHELL_CALL) and command is not None:
            fields = shell_fields(
                command, _so_far(output.get("text") or ""), output.get("name") or "", is_error=True
            )
            replaced = records[-1]["uuid"]
            found.append({"type": "user", "uuid": new_uuid(), **fields, "supersedes": replaced})
            command = None
    return found


def _block(head: dict[str, Any], text: str) -> Block | None:
    kind = head.get("type")
    if kind == "text":
        return {"type": "text", "text": text} if text else None
    if kind == "thinking":
        return {"type": "thinking", "thinking": text, "signature": ""} if text else None
    if kind != "tool_use" or not head.get("id") or not head.get("name"):
        return None
    try:
        arguments = decode(text)
    except NotJson:
        arguments = None
    known = arguments if isinstance(arguments, dict) else {}
    return {"type": "tool_use", "id": head["id"], "name": head["name"], "input": known}


def _open_calls(records: Sequence[Record]) -> list[tuple[str, str]]:
    """Id and name of the calls that the last message of the model made and nothing answers."""
    calls: dict[str, str] = {}
    for record in records:
        for block in blocks_of(parts_of(record)):
            if block["type"] == "tool_use" and block["id"]:
                calls[block["id"]] = block["name"]
            elif block["type"] == "tool_result":
                calls.pop(block["tool_use_id"], None)
        if record["type"] == "user" or record.get("subtype") == "chat_compression":
            calls.clear()  # the conversation went on without them
    return list(calls.items())


def _open_command(records: Sequence[Record]) -> str | None:
    """The shell command of the person that the chat ends with, if it does."""
    if not records or records[-1]["type"] != "user" or "systemPayload" in records[-1]:
        return None
    text = text_of(parts_of(records[-1]))
    return text[1:] if text.startswith("!") else None


def _so_far(output: str) -> str:
    return f"{INTERRUPTED} Its last output:\n{output}" if output else INTERRUPTED


def _interrupted(call_id: str, name: str, output: str) -> Record:
    block = {
        "type": "tool_result",
        "tool_use_id": call_id,
        "is_error": True,
        "content": _so_far(output),
    }
    return {
        "type": "tool_result",
        "uuid": new_uuid(),
        "message": {"role": "user", "parts": [part_of(block, {call_id: name})]},
        "toolCallResult": tool_call_result(block),
    }
