"""The text of a failed call is read as it was written."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import qwen_dual
from qwen_dual.protocol import api_error as module
from qwen_dual.protocol.api_error import api_error, begins_api_error, message_in

SOURCES = Path(qwen_dual.__file__).parent


@given(st.text())
def test_what_was_told_is_read_again(message: str) -> None:
    text = api_error(message)
    assert message_in(f"\n\n{text}\n") == message
    assert begins_api_error(text)


@pytest.mark.parametrize("length", [0, 5, 11, 13, 20])
def test_a_failure_is_known_by_its_beginning(length: int) -> None:
    assert begins_api_error(api_error("400 says no")[:length]) == (length >= len("[API Error:"))


@pytest.mark.parametrize(
    "text", ["", "API Error: no", "[API Error: half", "It said [API Error: x]"]
)
def test_other_text_tells_of_no_failure(text: str) -> None:
    assert message_in(text) is None


def test_the_words_stand_in_one_place() -> None:
    naming = [path for path in sorted(SOURCES.rglob("*.py")) if "API" in path.read_text("utf-8")]
    holders = [path for path in naming if any(map(begins_api_error, _texts(path)))]
    assert holders == [Path(module.__file__)]


def _texts(path: Path) -> list[str]:
    """The string constants of a file that do not stand by themselves, as docstrings do."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    alone = {id(each.value) for each in ast.walk(tree) if isinstance(each, ast.Expr)}
    return [
        each.value
        for each in ast.walk(tree)
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and id(each) not in alone
    ]
