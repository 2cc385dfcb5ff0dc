"""JSON with strings of megabytes, read in steps. Pure.

A decoder holds the interpreter until it is through: 20 MB take a tenth of a second, in which no other
thread runs, so a key waits for a decoder that has a thread of its own as well. Long strings are taken
out here, decoded piece by piece and put back; all else stays the decoder's.
"""

from __future__ import annotations

import os
import re
from typing import Any

from qwen_dual.protocol.codec import decode

PIECE = 1 << 16
"""Bytes of a string that are decoded in one step, about; a fifth of a millisecond."""

_LONGEST_ESCAPE = 6
_FIRST_HALVES = (b"d8", b"d9", b"da", b"db")  # as \\ud83d, of a character beyond 16 bits
_CONTINUES = 0x80  # a byte of UTF-8 that is not a character's first: 10xxxxxx
_WITHIN = rb'(?s)[^"\\]*(?:\\.[^"\\]*)*'  # a string
_QUOTE, _BACKSLASH = b'"', b"\\"


def decode_long(data: bytes | bytearray) -> Any:
    """What ``codec.decode`` returns for ``data``, in many steps where it holds long strings.

    Raises:
        NotJson: as ``codec.decode``.
    """
    name = os.urandom(16).hex()  # nothing in data can be mistaken for it
    rest: list[bytes | bytearray] = []
    texts: dict[str, str] = {}
    kept = at = 0
    while (begin := data.find(_QUOTE, at)) >= 0:
        end = _end_of_string(data, begin + 1)
        if end < 0:
            return decode(data)  # it says what is wrong
        at = end + 1
        if end - begin > PIECE:
            stand_in = f"{name}{len(texts)}"
            texts[stand_in] = _text(data, begin + 1, end)
            rest += (data[kept : begin + 1], stand_in.encode())
            kept = end
    if not texts:
        return decode(data)
    rest.append(data[kept:])
    return _put_back(decode(b"".join(rest)), texts)


def _end_of_string(data: bytes | bytearray, at: int) -> int:
    """Where the quote is that ends the string that begins at ``at``; -1 where none does."""
    size, within = len(data), re.compile(_WITHIN)
    while at < size:
        match = within.match(data, at, at + PIECE)
        assert match is not None
        if data[match.end() : match.end() + 1] == _QUOTE:
            return match.end()
        if match.end() == at:
            return -1  # a backslash at the end
        at = match.end()
    return -1


def _backslashes(data: bytes | bytearray, begin: int, end: int) -> int:
    """How many stand in a row before ``end``."""
    at = end
    while at > begin and data[at - 1] == _BACKSLASH[0]:
        at -= 1
    return end - at


def _text(data: bytes | bytearray, begin: int, end: int) -> str:
    pieces = []
    while begin < end:
        cut = min(begin + PIECE, end)
        if cut < end:
            cut = _before_character(data, begin, cut)
        pieces.append(decode(_QUOTE + data[begin:cut] + _QUOTE))
        begin = cut
    return "".join(pieces)


def _before_character(data: bytes | bytearray, begin: int, cut: int) -> int:
    """The place nearest before ``cut`` where one character ends and the next begins."""
    for _ in range(3):
        cut -= data[cut] & 0xC0 == _CONTINUES
    escape = _escape_at(data, begin, cut)
    if escape is None:
        return cut
    if escape[1] > cut:
        cut = escape[0]
        escape = _escape_at(data, begin, cut)
    # The halves of a character are one to the decoder.
    if escape is not None and escape[1] == cut:
        first = data[escape[0] + 2 : cut - 2].lower() in _FIRST_HALVES
        return escape[0] if first else cut
    return cut


def _escape_at(data: bytes | bytearray, begin: int, cut: int) -> tuple[int, int] | None:
    """The last escape that begins shortly before ``cut``, and where it ends."""
    last = data.rfind(_BACKSLASH, max(begin, cut - _LONGEST_ESCAPE), cut)
    if last < 0:
        return None
    if _backslashes(data, begin, last + 1) % 2 == 0:
        return last - 1, last + 1
    return last, last + (_LONGEST_ESCAPE if data[last + 1 : last + 2] == b"u" else 2)


def _put_back(value: Any, texts: dict[str, str]) -> Any:
    if isinstance(value, str):
        return texts.get(value, value)
    if isinstance(value, list):
        return [_put_back(each, texts) for each in value]
    if isinstance(value, dict):
        return {texts.get(key, key): _put_back(each, texts) for key, each in value.items()}
    return value
