"""Reads fields of events whatever a program wrote there: a wrong type counts as nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_NAME = 200
"""Characters of a name or an id that are sent."""

_NOTHING: Mapping[str, Any] = {}


def text(value: Any) -> str:
    """A text; empty where it is none."""
    return value if isinstance(value, str) else ""


def name(value: Any) -> str:
    """A text that is a name or an id: no longer than those are."""
    return value[:MAX_NAME] if isinstance(value, str) else ""


def count(value: Any) -> int:
    """A whole number that is not negative; 0 where it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def amount(value: Any) -> float | None:
    """A number that is not negative; None where it is none."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0:
        return float(value)
    return None


def mapping(value: Any) -> Mapping[str, Any]:
    """An object; empty where it is none."""
    return value if isinstance(value, dict) else _NOTHING


def blocks(event: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The content blocks of a message; a plain text is one."""
    content = mapping(event.get("message")).get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if not isinstance(content, list):
        return []
    return [block for block in content if isinstance(block, dict)]


def texts(found: list[Mapping[str, Any]]) -> str:
    """The text blocks among some, as one."""
    return "".join(text(block.get("text")) for block in found if block.get("type") == "text")
