"""Bytes ⇄ JSON for both channels: the one place that imports orjson.

``encode`` never fails on a string, a number or a nesting that Python can hold: a line that cannot
be written would be an event lost. What orjson refuses (lone surrogates, integers beyond 64 bits,
nesting beyond 254) takes a slower way round.
"""

from __future__ import annotations

from typing import Any

import orjson

from qwen_dual.protocol import MAX_RESULT_BYTES
from qwen_dual.protocol.nesting import MAX_DEPTH, TOO_DEEP


class NotJson(ValueError):
    """A line that is no JSON document."""


def encode(event: Any) -> bytes:
    """One event as one line: compact JSON, UTF-8, ``\\n`` at the end."""
    try:
        return orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        # orjson's JSONEncodeError is a TypeError; its text is not part of its interface
        import json

        text = json.dumps(_tame(event, MAX_DEPTH), ensure_ascii=False, separators=(",", ":"))
        return text.encode() + b"\n"


def decode(line: bytes | bytearray | memoryview | str) -> Any:
    """The JSON value of one line.

    Raises:
        NotJson: the line is no JSON, is not UTF-8, or is nested too deep.
    """
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise NotJson(str(error)) from error


def _tame(value: Any, depth: int) -> Any:
    """``value`` as UTF-8-encodable JSON of bounded depth."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode() if _has_surrogate(value) else value
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else None
    if depth == 0:
        return TOO_DEEP
    if isinstance(value, dict):
        return {_tame(str(key), 1): _tame(item, depth - 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_tame(item, depth - 1) for item in value]
    return _tame(str(value), 1)


def _has_surrogate(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def escaped_size(text: str) -> int:
    """Bytes that ``text`` takes inside a JSON string, its quotes not counted."""
    return len(encode(text)) - 3


def bound_text(text: str, limit: int = MAX_RESULT_BYTES) -> str:
    """``text``, or its head and tail around a marker, at most ``limit`` bytes after escaping."""
    # A character takes one byte at the least and six at the most (\\u00XX): no text of megabytes is
    # encoded, or turned round, to be cut.
    if len(text) * 6 <= limit or (len(text) <= limit and escaped_size(text) <= limit):
        return text
    budget = limit - 100  # room for the marker
    head = prefix_within(text, budget * 2 // 3)
    rest = text[max(len(head), len(text) - limit) :]
    tail = prefix_within(rest[::-1], budget - budget * 2 // 3)[::-1]
    left_out = len(text) - len(head) - len(tail)
    return f"{head}\n\n[… {left_out} characters left out …]\n\n{tail}"


def prefix_within(text: str, limit: int) -> str:
    """The longest prefix of ``text`` that takes at most ``limit`` bytes after escaping."""
    low, high = 0, min(len(text), limit)
    while low < high:
        middle = (low + high + 1) // 2
        if escaped_size(text[:middle]) <= limit:
            low = middle
        else:
            high = middle - 1
    return text[:low]
