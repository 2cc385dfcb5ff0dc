"""Messages as lines that any reader takes: below 64 KiB each, where asyncio's readers stop by default.

Text that is longer goes out in several messages, whole. What cannot be parted (the input of a call, the
text of a result) is cut in the middle, with a mark that says how much is missing. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.protocol.blocks import image_line, is_image
from qwen_dual.protocol.codec import bound_text, encode, escaped_size
from qwen_dual.protocol.events import new_uuid
from qwen_dual.protocol.nesting import MAX_DEPTH, TOO_DEEP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwen_dual.protocol.events import Event

LINE_BYTES = 65_000
"""What a line may have, its newline included: 64 KiB less some room for what a reader adds."""

PIECE_BYTES = 60_000
"""What one piece of a text may have after escaping, so that its message fits into a line."""

SHORTEST = 400
"""Bytes of a text that is left as it is: a cut and its mark would save too little."""

_PARTED = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}


def lines_of(message: Event) -> bytes:
    """``message`` as one line, or as several where it is too long for one."""
    line = encode(message)
    if len(line) <= LINE_BYTES:
        return line
    return b"".join(map(encode, _parts(message)))


def shorten(value: Any, limit: int = LINE_BYTES) -> tuple[Any, frozenset[str]]:
    """A JSON value that takes at most ``limit`` bytes, and what texts were cut to.

    The longest texts are cut first. Where there is too much besides texts, parts of it become a text
    that says how large they were. Images become the line that stands for one.

    Args:
        value: stays as it is.
        limit: bytes of the value as a line.
    """
    held = [_copied(value, MAX_DEPTH)]
    cut: set[str] = set()
    while (over := len(encode(held[0])) - limit) > 0:
        place = max(_texts(held), key=lambda place: place[2], default=None)
        if place is None or place[2] <= SHORTEST:
            break
        holder, key, size = place
        holder[key] = bound_text(holder[key], max(SHORTEST // 2, size - over))
        cut.add(holder[key])
    while len(encode(held[0])) > limit:
        cut.add(_halve(held))
    return held[0], frozenset(cut)


def _parts(message: Event) -> Iterator[Event]:
    """What says the same as ``message`` in lines that are short enough."""
    if message["type"] == "stream_event":
        yield from _deltas(message)
    elif message["type"] == "assistant":
        yield from _runs(message)
    else:
        yield shorten(message)[0]


def _deltas(message: Event) -> Iterator[Event]:
    inner = message["event"]
    delta = inner.get("delta", {})
    key = _PARTED.get(delta.get("type"))
    if key is None:
        yield shorten(message)[0]
        return
    for piece in _pieces(delta[key]):
        part = {**inner, "delta": {**delta, key: piece}}
        yield {**message, "uuid": new_uuid(), "event": part}


def _runs(message: Event) -> Iterator[Event]:
    """A message for each piece of a text and each call; the last has the stop reason and usage."""
    whole = message["message"]
    blocks = [part for block in whole["content"] for part in _split(block)]
    none = {"input_tokens": 0, "output_tokens": 0}
    for number, block in enumerate(blocks, 1):
        name = whole["id"] if number == 1 else new_uuid()
        part = {**whole, "id": name, "content": [block]}
        if number < len(blocks):
            part.update(stop_reason=None, usage=none)
        yield shorten({**message, "uuid": name, "message": part})[0]


def _split(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    kind = block["type"]
    if kind not in ("text", "thinking") or escaped_size(block[kind]) <= PIECE_BYTES:
        yield block
    else:
        yield from ({**block, kind: piece} for piece in _pieces(block[kind]))


def _pieces(text: str) -> Iterator[str]:
    """``text`` in pieces that fit into a line each."""
    while escaped_size(text) > PIECE_BYTES:
        # A character takes six bytes at the most, so this many fit; more of them mostly do as well.
        length = PIECE_BYTES
        while escaped_size(text[:length]) > PIECE_BYTES:
            length = length * 3 // 4
        yield text[:length]
        text = text[length:]
    if text:
        yield text


def _copied(value: Any, depth: int) -> Any:
    """``value`` with containers of its own, and lines in place of images."""
    if not isinstance(value, dict | list):
        return value
    if depth == 0:
        return TOO_DEEP
    if isinstance(value, list):
        return [_copied(item, depth - 1) for item in value]
    if is_image(value):
        return {"type": "text", "text": image_line(value)}
    return {key: _copied(item, depth - 1) for key, item in value.items()}


def _places(holder: Any) -> list[Any]:
    return list(holder) if isinstance(holder, dict) else list(range(len(holder)))


def _texts(holder: Any) -> Iterator[tuple[Any, Any, int]]:
    """Where texts are, and how many bytes each takes."""
    for key in _places(holder):
        item = holder[key]
        if isinstance(item, str):
            yield holder, key, escaped_size(item)
        elif isinstance(item, dict | list):
            yield from _texts(item)


def _halve(held: list[Any]) -> str:
    """Leaves out the second half of what has the most parts; returns what it says of that."""
    widest = max(_containers(held), key=len)
    kept = len(widest) // 2
    said = f"[… {len(widest) - kept} more left out …]"
    if isinstance(widest, list):
        widest[kept:] = [said]
    else:
        for key in list(widest)[kept:]:
            del widest[key]
        widest["…"] = said
    return said


def _containers(holder: Any) -> Iterator[Any]:
    yield holder
    for key in _places(holder):
        if isinstance(holder[key], dict | list):
            yield from _containers(holder[key])
