"""Reads fields of decoded JSON that a service sent and that may be of any type. Pure.

What is missing or of another type reads as empty: a service that adds to its protocol, or bends it,
must not end an answer. What has to be there the readers check themselves. They are asked ten times a
piece: to compare with ``Mapping`` would cost five times as much as with ``dict``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def mapping(value: object, key: str) -> Mapping[str, Any]:
    """The object under ``key``; empty where there is none."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def items(value: object, key: str) -> Sequence[Any]:
    """The list under ``key``; empty where there is none."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, list) else ()


def text(value: object, key: str) -> str:
    """The string under ``key``; empty where there is none."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


def count(value: object, key: str) -> int:
    """The number of tokens under ``key``; 0 where there is none."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, int) and found > 0 else 0
