"""What pydantic says of a value that is none of what was expected, in words of nobody's programming language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.protocol.codec import encode

if TYPE_CHECKING:
    from collections.abc import Mapping

ECHO_LIMIT = 200
"""Characters of a wrong value that are repeated."""

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "none_required": "null",
}


def complaint(item: Mapping[str, Any], limit: int = ECHO_LIMIT) -> str:
    """``expected a whole number, not "x"``, of one of ``ValidationError.errors()``.

    Args:
        item: with its ``type``, ``msg`` and ``input``.
        limit: characters of the value that are repeated.
    """
    kind, said = item["type"], str(item["msg"])
    if kind == "too_short" and item["input"] in ([], {}):
        return "must not be empty"
    if kind in _EXPECTED:
        said = f"expected {_EXPECTED[kind]}"
    elif said.startswith("Input should be "):
        said = f"expected {said.removeprefix('Input should be ').removeprefix('a valid ')}"
    else:
        said = said.removeprefix("Value error, ")
    return f"{said}, not {_echo(item['input'], limit)}"


def _echo(value: Any, limit: int) -> str:
    try:
        text = encode(value).decode()
    except (TypeError, ValueError):  # what JSON has no word for
        text = str(value)
    return text if len(text) <= limit else f"{text[:limit]}…"
