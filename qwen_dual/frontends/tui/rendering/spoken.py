"""Blocks for a screen reader: words where a symbol says who speaks and how it went. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.frontends.tui.state.blocks import (
    AnswerBlock,
    ExpandedBlock,
    NoticeBlock,
    PersonBlock,
    RemoteBlock,
    ThoughtBlock,
    ToolBlock,
)
from qwen_dual.frontends.tui.state.todo import TodoBlock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.frontends.tui.state.blocks import Block
    from qwen_dual.frontends.tui.state.todo import Status
    from qwen_dual.frontends.tui.text.lines import Line

_TOOL = {"ok": "Tool done: ", "error": "Tool failed: ", "denied": "Tool: "}
_NOTICE = {"error": "Error: ", "warning": "Warning: "}
_TODO: dict[Status, str] = {
    "pending": "To do: ",
    "in_progress": "Doing: ",
    "completed": "Done: ",
}


def spoken(block: Block, lines: Sequence[Line]) -> list[Line]:
    """``lines`` of ``block`` without their gutter; the first begins with a word."""
    if isinstance(block, TodoBlock):
        apart = [line for line in lines[:1] if not line]
        items: list[Line] = [[("", _TODO[item.status] + item.text)] for item in block.items]
        return [*apart, [("", "To-do list")], *items]
    word = _word(block)
    said: list[Line] = []
    for line in lines:
        bare = _without_gutter(line)
        if word and bare:
            bare, word = [("", word), *bare], ""
        said.append(bare)
    return said


def _word(block: Block) -> str:
    match block:
        case PersonBlock():
            return "You: "
        case AnswerBlock(first=True):
            return "Answer: "
        case ThoughtBlock():
            return "Thought: "
        case ToolBlock():
            return _TOOL[block.status]
        case NoticeBlock():
            return _NOTICE.get(block.level, "")
        case RemoteBlock() | ExpandedBlock():
            return "Note: "
        case _:
            return ""


def _without_gutter(line: Line) -> Line:
    """A line without its first two columns: a symbol and a blank, or two blanks."""
    if line and len(line[0][1]) == 2 and line[0][1].endswith(" "):
        return list(line[1:])
    return list(line)
