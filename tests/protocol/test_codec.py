"""The codec: every event becomes one line, and text is bounded by its size on the wire."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.protocol import MAX_RESULT_BYTES, events
from qwen_dual.protocol.codec import NotJson, bound_text, decode, encode, escaped_size

ANY_TEXT = st.text(alphabet=st.characters())  # lone surrogates included
JSONISH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=10,
)


@given(JSONISH)
def test_whatever_python_holds_becomes_one_line_of_json(value: Any) -> None:
    line = encode(value)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    json.loads(line)


def test_a_nesting_too_deep_for_json_becomes_text_instead_of_an_error() -> None:
    deep: Any = "x"
    for _ in range(50_000):
        deep = [deep]
    assert b"nested too deep" in encode({"input": deep})


@pytest.mark.parametrize("line", [b"", b"{", b"\xff", b"[" * 100_000, b'{"a":NaN}'])
def test_what_is_no_json_is_refused(line: bytes) -> None:
    with pytest.raises(NotJson):
        decode(line)


@given(ANY_TEXT.map(lambda text: text * 50), st.integers(300, 2000))
def test_bounded_text_fits_and_keeps_head_and_tail(text: str, limit: int) -> None:
    bounded = bound_text(text, limit)
    assert escaped_size(bounded) <= limit
    if escaped_size(text) <= limit:
        assert bounded == text
    else:
        assert bounded[:10] == text[:10]
        assert bounded[-5:] == text[-5:]
        assert "left out" in bounded


def test_a_bounded_result_stays_below_64_kib_as_a_line() -> None:
    text = bound_text("\x00é\U0001f600\n" * 100_000)
    event = events.stamp(
        events.tool_result("call_" + "x" * 40, text, is_error=False), session_id="s" * 36, seq=10**9
    )
    assert MAX_RESULT_BYTES - 300 < len(encode(event)) < 65_536


def test_uuids_are_version_four_and_differ() -> None:
    ids = {events.new_uuid() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(item[14] == "4" and item[19] in "89ab" and len(item) == 36 for item in ids)


def test_to_cut_a_text_of_megabytes_no_more_of_it_is_encoded_than_may_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes: list[int] = []

    def noting(text: str) -> int:
        sizes.append(len(text))
        return escaped_size(text)

    monkeypatch.setattr("qwen_dual.protocol.codec.escaped_size", noting)
    text = bound_text("é" * 20_000_000 + "end")
    assert text.startswith("éé") and text.endswith("éend")
    assert max(sizes) <= MAX_RESULT_BYTES
