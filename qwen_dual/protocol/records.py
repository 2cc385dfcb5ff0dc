"""What a record shows of itself in a log or a traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from msgspec import Struct


def shown(record: Struct, *, without: Collection[str]) -> str:
    """The ``repr`` of ``record`` without some of its fields: keys, or what would fill pages."""
    names = [name for name in record.__struct_fields__ if name not in without]
    fields = ", ".join(f"{name}={getattr(record, name)!r}" for name in names)
    return f"{type(record).__name__}({fields})"
