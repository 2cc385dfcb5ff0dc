"""One record of a chat, in Qwen Code's form: how it is built, and how its parts are read. Pure.

Blocks are those of the conversation (``protocol.shapes``); parts are Gemini's, which the reference
keeps whatever the service. What a part may hold and a block cannot (a recording) is named, not kept.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from qwen_dual.protocol.blocks import (
    MAX_PROMPT_IMAGE_CHARS,
    image_block,
    media_type_of,
    text_block,
    text_in,
    why_unusable,
)
from qwen_dual.protocol.codec import bound_text, encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qwen_dual.protocol.shapes import Preview, ResultContent

Record = dict[str, Any]
Block = dict[str, Any]
Part = dict[str, Any]

PROVENANCE = {
    "user": "real_user",
    "assistant": "assistant_output",
    "tool_result": "tool_result",
    "system": "system",
}

MAX_ERROR_CHARS = 4_000
"""Of an error's text in ``turn_result``; the reference takes no more than 4,096."""

MAX_DISPLAY_BYTES = 8_000
"""Bound on the copy of a result that the reference shows; the whole is in the message."""


def timestamp(seconds: float) -> str:
    """``seconds`` since the epoch as the records have it: ISO 8601, milliseconds, ``Z``."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


# -- blocks to parts ---------------------------------------------------------------------------


def part_of(block: Mapping[str, Any], names: Mapping[str, str]) -> Part:
    """The part for a block; ``names`` has the tool of each call, by the call's id."""
    kind = block["type"]
    if kind == "text":
        return {"text": block["text"]}
    if kind == "thinking":
        part = {"text": block["thinking"], "thought": True}
        if block.get("signature"):
            part["thoughtSignature"] = block["signature"]
        return part
    if kind == "image":
        source = block["source"]
        return {"inlineData": {"mimeType": source["media_type"], "data": source["data"]}}
    if kind == "tool_use":
        call = {"id": block["id"], "name": block["name"], "args": block["input"]}
        return {"functionCall": call}
    call_id = block["tool_use_id"]
    key = "error" if block["is_error"] else "output"
    text, rest = _led_by_text(block["content"])
    response = {
        "id": call_id,
        "name": names.get(call_id, "tool"),
        "response": {key: text},
        **({"parts": [part_of(each, names) for each in rest]} if rest else {}),
    }
    return {"functionResponse": response}


def _led_by_text(content: ResultContent) -> tuple[str, Sequence[Mapping[str, Any]]]:
    """The text that a result begins with, and the blocks from its first image on."""
    if isinstance(content, str):
        return content, ()
    at = next((n for n, block in enumerate(content) if block["type"] == "image"), len(content))
    return text_in(content[:at]), content[at:]


def contents_of(messages: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Messages of the conversation as the reference keeps a compacted history."""
    names: dict[str, str] = {}
    contents = []
    for message in messages:
        for block in message["content"]:
            if block["type"] == "tool_use":
                names[block["id"]] = block["name"]
        parts = [part_of(block, names) for block in message["content"]]
        role = "model" if message["role"] == "assistant" else "user"
        contents.append({"role": role, "parts": parts})
    return contents


def compaction(data: Mapping[str, Any], history: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The payload of a compaction that ``compact_boundary`` told, with what is left."""
    info = {
        "originalTokenCount": data["tokens_before"],
        "newTokenCount": data["tokens_after"],
        "compressionStatus": 1,
        "triggerReason": data["trigger"],
    }
    payload = {"info": info, "compressedHistory": contents_of(history)}
    return {**payload, "summary": data.get("summary", "")}


def tool_call_result(
    block: Mapping[str, Any],
    change: Preview | None = None,
    outcome: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What the reference's UI shows of a result: its output, or the change that was made.

    How it ended (``shapes.ToolOutcome``) stands beside it, its output left out: the reference
    keeps only so much of that.
    """
    ended = dict(outcome or {})
    shown: Any = bound_text(ended.pop("output", text_in(block["content"])), MAX_DISPLAY_BYTES)
    if change is not None and not block["is_error"]:
        from qwen_dual.chats.saved_changes import saved_change  # not for the start

        shown = saved_change(change)
    return {
        "callId": block["tool_use_id"],
        "status": "error" if block["is_error"] else "success",
        "resultDisplay": shown,
        **({"outcome": ended} if ended else {}),
    }


def outcome_in(record: Record, content: str) -> dict[str, Any]:
    """How the call of a ``tool_result`` record ended, as the wire tells it of a live one."""
    result = record.get("toolCallResult")
    if not isinstance(result, dict):
        return {}
    outcome = known_outcome(result.get("outcome"))
    shown = result.get("resultDisplay")
    if isinstance(shown, str) and bound_text(content, MAX_DISPLAY_BYTES) != shown:
        outcome["output"] = shown
    elif isinstance(shown, dict) and shown.get("status") == "background":
        # An agent's: the content is what the model was told of it.
        outcome = {"note": "in the background"} | outcome | {"output": ""}
    return outcome


def known_outcome(value: Any) -> dict[str, Any]:
    """The fields of a ``shapes.ToolOutcome`` in what a file holds; others are left out."""
    kinds = {"output": str, "exit_code": int, "signal": str, "note": str, "duration_ms": int}
    kinds |= {"auto_verdict": str, "auto_reason": str}
    held = value if isinstance(value, dict) else {}
    return {key: held[key] for key, kind in kinds.items() if isinstance(held.get(key), kind)}


def usage_metadata(usage: Mapping[str, int]) -> dict[str, int] | None:
    """The tokens of a message; None where the service told none."""
    prompt, output = usage.get("input_tokens", 0), usage.get("output_tokens", 0)
    if not prompt and not output:
        return None
    return {
        "promptTokenCount": prompt,
        "candidatesTokenCount": output,
        "totalTokenCount": usage.get("total_tokens", prompt + output),
        "cachedContentTokenCount": usage.get("cache_read_input_tokens", 0),
    }


# -- parts to blocks ---------------------------------------------------------------------------


def parts_of(record: Mapping[str, Any]) -> list[Part]:
    """The parts of a record or a content, whatever is missing or malformed left out."""
    message = record.get("message", record)
    parts = message.get("parts") if isinstance(message, dict) else None
    return [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []


def blocks_of(parts: Iterable[Part]) -> list[Block]:
    """The blocks for ``parts``; calls and results without an id have an empty one."""
    blocks = (_block_of(part) for part in parts)
    return [block for block in blocks if block is not None]


def text_of(parts: Iterable[Part]) -> str:
    """What a person wrote or was told in ``parts``."""
    said: Any = [block for block in blocks_of(parts) if block["type"] in ("text", "image")]
    return text_in(said)


def _block_of(part: Part) -> Block | None:
    call, response, text = part.get("functionCall"), part.get("functionResponse"), part.get("text")
    if isinstance(call, dict) and isinstance(call.get("name"), str):
        arguments = call.get("args")
        return {
            "type": "tool_use",
            "id": _string(call.get("id")),
            "name": call["name"],
            "input": arguments if isinstance(arguments, dict) else {},
        }
    if isinstance(response, dict):
        return _result_of(response)
    if isinstance(text, str):
        if part.get("thought"):
            signature = _string(part.get("thoughtSignature"))
            if not text and not signature:
                return None
            return {"type": "thinking", "thinking": text, "signature": signature}
        return {"type": "text", "text": text} if text else None
    for key in ("inlineData", "fileData"):
        data = part.get(key)
        if isinstance(data, dict):
            return _image_in(data) or {
                "type": "text",
                "text": f"[{_string(data.get('mimeType')) or 'file'} left out]",
            }
    return None


def _image_in(data: Mapping[str, Any]) -> Block | None:
    """The block for an image that a service would take; None for anything else."""
    held = data.get("data")
    kind = media_type_of(held) if isinstance(held, str) else None
    if kind is None:
        return None
    image = image_block(kind, _string(held))
    return None if why_unusable(image, MAX_PROMPT_IMAGE_CHARS) else dict(image)


def _result_of(response: Mapping[str, Any]) -> Block:
    held = response.get("response")
    is_error = isinstance(held, dict) and "error" in held and "output" not in held
    value: Any = held
    if isinstance(held, dict):
        value = held["error"] if is_error else held.get("output", held)
    text = value if isinstance(value, str) else encode(value).decode().strip()
    rest = [block for block in blocks_of(parts_of(response)) if block["type"] in ("text", "image")]
    content: Any = "\n".join([text, *(block.get("text", "") for block in rest)])
    if any(block["type"] == "image" for block in rest):
        content = [text_block(text), *rest] if text else rest
    return {
        "type": "tool_result",
        "tool_use_id": _string(response.get("id")),
        "is_error": is_error,
        "content": content,
        "name": _string(response.get("name")),
    }


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def turn_result(event: Mapping[str, Any], ended: int) -> dict[str, Any]:
    """What the record of a turn's end says; ``ended`` is in milliseconds since the epoch."""
    reason = event["stop_reason"]
    payload: dict[str, Any] = {"promptId": event["turn_id"], "state": "completed"}
    if reason == "interrupted":
        payload |= {"state": "cancelled", "cancelledAt": ended}
    elif reason == "error":
        told = event.get("error", {}).get("message") or "it failed"
        payload |= {"state": "error", "error": {"message": told[:MAX_ERROR_CHARS]}}
    return {**payload, "stopReason": reason, "endedAt": ended}
