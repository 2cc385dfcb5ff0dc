"""How deep the JSON values may nest that come from outside, and walks that end at that depth. Pure.

A model, a host or a server says how deep; Python's stack ends at some five hundred.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_DEPTH = 100
"""Nesting that is taken from outside; nobody reads more of it as structure."""

MAX_TEXT_DEPTH = 2 * MAX_DEPTH
"""Nesting in which ``each_text`` finds texts: what was taken from outside has some more around it."""

TOO_DEEP = "[nested too deep]"


def is_too_deep(value: Any, limit: int = MAX_DEPTH) -> bool:
    """Whether lists and objects of a JSON value stand more than ``limit`` within each other."""
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(limit):
        level = [
            inner for item in level for inner in _held(item) if isinstance(inner, (dict, list))
        ]
        if not level:
            return False
    return bool(level)


def each_text(value: Any, act: Callable[[str], str], depth: int = MAX_TEXT_DEPTH) -> Any:
    """``value`` with every text in it, keys too, as ``act`` has it; what nests deeper is one text."""
    if isinstance(value, str):
        return act(value)
    if not isinstance(value, (dict, list, tuple)):
        return value
    if depth == 0:
        return TOO_DEEP
    if isinstance(value, dict):
        return {
            act(key) if isinstance(key, str) else key: each_text(item, act, depth - 1)
            for key, item in value.items()
        }
    return [each_text(item, act, depth - 1) for item in value]


def _held(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value
