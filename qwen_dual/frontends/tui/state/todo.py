"""The model's list of what is to be done: read from its calls, and what it looks like. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from qwen_dual.frontends.tui.text import theme
from qwen_dual.frontends.tui.text.lines import clip, gutter, wrap
from qwen_dual.protocol.sanitise import sanitise

if TYPE_CHECKING:
    from qwen_dual.frontends.tui.text.lines import Line

TITLE = "To do"

MAX_ITEMS = 200

Status = Literal["pending", "in_progress", "completed"]

_LOOK: dict[Status, tuple[str, str]] = {
    "pending": ("☐", theme.PLAIN),
    "in_progress": ("◐", theme.ACCENT),
    "completed": ("✓", theme.DIM),
}


class Todo(Struct, frozen=True):
    """One thing to do."""

    text: str
    status: Status


class TodoBlock(Struct, frozen=True):
    """The list as it stood after a change."""

    items: tuple[Todo, ...]


def todos_of(listed: object) -> tuple[Todo, ...]:
    """The list as a call's argument has it; what is malformed is left out."""
    if not isinstance(listed, list):
        return ()
    found = []
    for item in listed[:MAX_ITEMS]:
        if isinstance(item, dict) and isinstance(item.get("content"), str):
            status = item.get("status")
            found.append(Todo(sanitise(item["content"]), status if status in _LOOK else "pending"))
    return tuple(found)


def todo_lines(items: tuple[Todo, ...], inner: int, height: int | None = None) -> list[Line]:
    """The list in lines of at most ``inner`` columns, the current item among those shown.

    Args:
        height: the most lines; None for no bound.
    """
    lines: list[Line] = []
    for item in items:
        symbol, style = _LOOK[item.status]
        text = clip(item.text, max(1, inner - 2))
        lines.append([(style or theme.DIM, f"{symbol} "), (style, text)])
    if height is None or len(lines) <= height:
        return lines
    current = next(
        (index for index, item in enumerate(items) if item.status != "completed"), len(items) - 1
    )
    shown = max(0, height - 1)
    first = max(0, min(current - shown // 3, len(lines) - shown))
    done = sum(item.status == "completed" for item in items)
    more = clip(f"… {done} of {len(items)} done", inner)
    return [*lines[first : first + shown], [(theme.DIM, more)]][:height]


def todo_block_lines(block: TodoBlock, width: int) -> list[Line]:
    """The list as it goes to the scrollback."""
    inner = max(1, width - 2)
    done = sum(item.status == "completed" for item in block.items)
    head: Line = [(theme.STRONG, clip(TITLE, inner))]
    if block.items and inner >= 24:
        head.append((theme.DIM, f"  {done} of {len(block.items)} done"))
    lines: list[Line] = []
    for item in block.items:
        symbol, style = _LOOK[item.status]
        for number, row in enumerate(wrap(item.text, max(1, inner - 2))):
            mark = (style or theme.DIM, "  " if number else f"{symbol} ")
            lines.append([("", "  "), mark, (style, row)])
    return gutter([head], "●", theme.ACCENT) + lines
