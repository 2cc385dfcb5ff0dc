"""Values that nest as deep as whoever sent them liked."""

from __future__ import annotations

from typing import Any

import pytest

from qwen_dual.protocol.codec import decode
from qwen_dual.protocol.commands import CommandError, parse_command
from qwen_dual.protocol.nesting import MAX_DEPTH, TOO_DEEP, each_text, is_too_deep


def nested(depth: int, inner: Any = "x") -> Any:
    value = inner
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


@pytest.mark.parametrize(
    ("value", "deep"),
    [
        ("x", False),
        ([], False),
        (nested(MAX_DEPTH), False),
        (nested(MAX_DEPTH + 1), True),
        ([1, {"a": nested(MAX_DEPTH - 2)}], False),
        ([1, {"a": nested(MAX_DEPTH)}, 2], True),
        (decode("[" * 1000 + "]" * 1000), True),
    ],
)
def test_what_counts_as_too_deep(value: Any, deep: bool) -> None:
    assert is_too_deep(value) is deep


def test_every_text_is_found_and_what_nests_deeper_than_the_stack_is_one() -> None:
    assert each_text({"a": ["b", {"c": 1}], 2: None}, str.upper) == {"A": ["B", {"C": 1}], 2: None}
    found = each_text(nested(5_000), str.upper)
    for _ in range(200):
        found = found[0] if isinstance(found, list) else found["A"]
    assert found == TOO_DEEP


def test_a_command_that_nests_deeper_than_anybody_reads_is_refused() -> None:
    line = '{"type":"get_state","more":' + "[" * 500 + "]" * 500 + "}"
    with pytest.raises(CommandError, match="nested deeper than 100") as caught:
        parse_command(line.encode())
    assert caught.value.code == "invalid"
