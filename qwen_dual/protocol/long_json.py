"""JSON with strings of megabytes, read and written in steps.

A codec holds the interpreter until it is through: 20 MB take a tenth of a second, in which no other
thread runs, so a key waits for one that has a thread of its own as well. Long strings are taken out
here, done piece by piece and put back; all else stays the codec's. ``decode_long`` rests between its
steps, so that its thread leaves the interpreter to the loop's.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from qwen_dual.protocol.codec import decode, encode

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG = 1 << 20
"""Characters of a text from which on it is long: to encode it takes longer than other things wait."""

PIECE = 1 << 16
"""Bytes of a string that are decoded in one step, about, and characters that are encoded in one; a
fifth of a millisecond."""

REST = 0.0005
"""Seconds between two steps of a thread: long enough for another to get the interpreter."""

_DEPTH = 16  # in which long texts are looked for; nobody nests them deeper

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
    import re

    size, within = len(data), re.compile(_WITHIN)
    while at < size:
        match = within.match(data, at, at + PIECE)
        assert match is not None
        if data[match.end() : match.end() + 1] == _QUOTE:
            return match.end()
        if match.end() == at:
            return -1  # a backslash at the end
        at = match.end()
        time.sleep(REST)
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
        time.sleep(REST)
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


def holds_long(value: Any, depth: int = _DEPTH) -> bool:
    """Whether a long text stands in ``value``."""
    if isinstance(value, str):
        return len(value) > LONG
    if depth == 0 or not isinstance(value, (dict, list, tuple)):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return any(holds_long(each, depth - 1) for each in inner)


def long_texts(value: Any) -> list[str]:
    """The long texts that stand in ``value``."""
    texts: list[str] = []
    _taken_out(value, "", texts, _DEPTH)
    return texts


def encode_long(event: Any) -> Iterator[bytes]:
    """What ``codec.encode`` returns for ``event``, in pieces; each is made when it is asked for."""
    name = os.urandom(16).hex()  # nothing in event can be mistaken for it
    texts: list[str] = []
    frame = encode(_taken_out(event, name, texts, _DEPTH))
    at = 0
    for number, text in enumerate(texts):
        stand_in = f'"{name}{number}"'.encode()
        begin = frame.index(stand_in, at)
        yield frame[at : begin + 1]
        for cut in range(0, len(text), PIECE):
            yield encode(text[cut : cut + PIECE])[1:-2]
        at = begin + len(stand_in) - 1
    yield frame[at:]


def _taken_out(value: Any, name: str, texts: list[str], depth: int) -> Any:
    """``value`` with something short in place of each long text, which is added to ``texts``."""
    if isinstance(value, str) and len(value) > LONG:
        texts.append(value)
        return f"{name}{len(texts) - 1}"
    if depth == 0 or not isinstance(value, (dict, list, tuple)):
        return value
    if isinstance(value, dict):
        return {key: _taken_out(each, name, texts, depth - 1) for key, each in value.items()}
    return [_taken_out(each, name, texts, depth - 1) for each in value]


def encode_all(event: Any) -> bytes:
    """What ``codec.encode`` returns for ``event``, in a thread, which leaves the interpreter to others."""
    if not holds_long(event):
        return encode(event)
    pieces = []
    for piece in encode_long(event):
        pieces.append(piece)
        time.sleep(REST)
    return b"".join(pieces)
