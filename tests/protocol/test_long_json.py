"""JSON with long strings, read in steps, against the decoder that reads it in one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qwen_dual.protocol import long_json
from qwen_dual.protocol.codec import NotJson, decode, encode

TEXTS = st.text(st.sampled_from('a"\\/\n\t\x00üß—𝄞🚀😀u8\ud7ffe'), max_size=60)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture(autouse=True)
def short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_json, "PIECE", 16)
    monkeypatch.setattr(long_json, "LONG", 20)
    monkeypatch.setattr(long_json, "REST", 0)


def said(read: Any, data: bytes) -> Any:
    """The value, or that there is none."""
    try:
        return read(data)
    except NotJson:
        return NotJson


@given(VALUES, st.booleans())
def test_it_reads_what_the_decoder_reads(value: Any, ascii_only: bool) -> None:
    data = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert long_json.decode_long(data) == decode(data) == value


@given(VALUES | st.dictionaries(TEXTS, st.text(max_size=90)))
@example({"a": "\ud83d" * 40, "b": ["é" * 21, {"c": "x" * 21}], "d": "\U0001f680" * 30})
@example(["x" * 21] * 12)
def test_it_writes_what_the_encoder_writes(value: Any) -> None:
    pieces = list(long_json.encode_long(value))
    assert b"".join(pieces) == encode(value)
    assert long_json.holds_long(value) == (len(pieces) > 1)


PARTS = [
    rb"\ud83d",
    rb"\ude80",
    rb"\\",
    rb"\"",
    rb"\u00e9",
    rb"\n",
    "é".encode(),
    "🚀".encode(),
    b"a",
]


@given(st.lists(st.sampled_from([*PARTS, b'"', b"\xff", b"\x80", b"\\", b"\x01"]), max_size=30))
@example([rb"\ud83d\ude80"] * 5)
@example([b"a" * 15, rb"\ud83d", rb"\ude80"])
@example([b"a" * 15, rb"\\", b"u1234567"])
@example([rb"\ud83d"] * 4)
def test_it_refuses_what_the_decoder_refuses(parts: list[bytes]) -> None:
    data = b'{"a":"' + b"".join(parts) + b'","b":1}'
    assert said(long_json.decode_long, data) == said(decode, data)


@given(st.binary(max_size=40))
@example(b'"' + b"a" * 40)
@example(b"")
def test_bytes_of_any_kind_are_read_alike(data: bytes) -> None:
    assert said(long_json.decode_long, data) == said(decode, data)


def test_keys_may_be_long_and_the_last_of_two_counts() -> None:
    data = b'{"' + b"k" * 40 + b'":1,"x":2,"' + b"k" * 40 + b'":"' + b"v" * 40 + b'"}'
    assert long_json.decode_long(data) == decode(data) == {"k" * 40: "v" * 40, "x": 2}
