"""Finished blocks to lines for the scrollback: gutter, symbols, folding, what stands apart.

Pure but for the Markdown renderer it is given. What it gets is sanitised; what it gives is checked
once more, so that no way of laying out text can put a control character before the terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.frontends.tui.state.blocks import (
    AnswerBlock,
    BannerBlock,
    ExpandedBlock,
    MarkBlock,
    NoticeBlock,
    PersonBlock,
    PictureBlock,
    RemoteBlock,
    SessionBlock,
    ThoughtBlock,
    ToolBlock,
)
from qwen_dual.frontends.tui.state.todo import TodoBlock, todo_block_lines
from qwen_dual.frontends.tui.text import theme
from qwen_dual.frontends.tui.text.diff_view import diff_lines
from qwen_dual.frontends.tui.text.lines import (
    clip,
    columns_of,
    first_that_fits,
    gutter,
    plain,
    width_of,
    wrap,
    wrap_columns,
    wrap_parts,
)
from qwen_dual.frontends.tui.text.links import ESCAPE
from qwen_dual.frontends.tui.text.output_colours import coloured_rows
from qwen_dual.protocol.api_error import begins_api_error
from qwen_dual.protocol.sanitise import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.frontends.tui.markdown.markdown import MarkdownRenderer
    from qwen_dual.frontends.tui.state.blocks import Block
    from qwen_dual.frontends.tui.text.lines import Line

PERSON = ">"
MODEL = "✦"
OK = "✓"
FAILED = "✗"
RUNNING = "●"
ARROWS = "⇄"

GUTTER = 2

ESC = "\x1b"
WORD_COLUMNS = 5
"""So that the arguments of most calls stand below one another."""

LEAST_TITLE = 12
"""Columns of a call's argument that tell it from the others."""

BANNER_LINES = 5
"""Rows of the first screen, as far as it can be said in so many."""

LONG_LINE_ROWS = 5
"""Rows that one line of a tool's output may take; Ctrl+O shows the whole."""


class BlockRenderer:
    """Renders blocks one after another, so that it knows where a blank line belongs.

    Args:
        markdown: for answers.
    """

    def __init__(self, markdown: MarkdownRenderer) -> None:
        self._markdown = markdown

    def render(self, block: Block, width: int, previous: Block | None = None) -> list[Line]:
        """The lines of ``block`` in at most ``width`` columns, after ``previous``."""
        lines = [_safe(line) for line in self._lines(block, max(GUTTER + 1, width))]
        if lines and previous is not None and not _belongs_to(previous, block):
            return [[], *lines]
        return lines

    def _lines(self, block: Block, width: int) -> list[Line]:
        inner = width - GUTTER
        match block:
            case AnswerBlock():
                return self._answer(block, inner)
            case BannerBlock():
                return _banner(block, inner)
            case PersonBlock():
                return _person(block, inner)
            case ToolBlock():
                return self._tool(block, inner)
            case ThoughtBlock():
                return _thought(block, inner)
            case NoticeBlock():
                return _notice(block, inner)
            case RemoteBlock():
                rows = wrap(f"{block.by} {block.text}", inner)
                return gutter(plain(rows, theme.DIM), ARROWS, theme.ACCENT)
            case ExpandedBlock():
                title = gutter(plain([clip(block.title, inner)], theme.STRONG), RUNNING, theme.DIM)
                if block.diff:
                    return title + self._diff(block.text.rstrip("\n").split("\n"), inner)
                return title + _indented(wrap(block.text, inner), theme.DIM)
            case PictureBlock():
                return _picture(block, inner)
            case TodoBlock():
                return todo_block_lines(block, inner + GUTTER)
            case MarkBlock():
                return []
            case SessionBlock():
                return gutter(plain([clip("new session", inner)], theme.DIM), RUNNING, theme.DIM)

    def _answer(self, block: AnswerBlock, inner: int) -> list[Line]:
        if begins_api_error(block.text):
            return gutter(plain(wrap(block.text, inner), theme.ERROR), FAILED, theme.ERROR)
        lines = self._markdown.render(block.text, inner)
        return gutter(lines, MODEL if block.first else " ", theme.ACCENT)

    def _tool(self, block: ToolBlock, inner: int) -> list[Line]:
        symbol, style = {
            "ok": (OK, theme.ACCENT),
            "error": (FAILED, theme.ERROR),
            "denied": (FAILED, theme.DIM),
        }[block.status]
        named = (
            f"{theme.STRONG} {theme.agent_colour(block.colour)}" if block.colour else theme.STRONG
        )
        head = [tool_head(block.name, block.title, block.note, inner, named)]
        if block.note and is_cramped(block.name, block.title, block.note, inner):
            head = [
                tool_head(block.name, block.title, "", inner, named),
                [(theme.DIM, clip(block.note, inner))],
            ]
        lines = gutter(head, symbol, style)
        where = "more" if block.diff else "above"
        more = _indented([_folded(block.hidden, where, inner)], theme.DIM) if block.hidden else []
        if block.diff:
            return lines + self._diff(block.lines, inner) + more
        if block.lines:
            lines += more
        text_style = theme.ERROR if block.status == "error" else theme.DIM
        for text in block.lines:
            if ESC in text:
                coloured = coloured_rows(text[: inner * LONG_LINE_ROWS * 4], inner, text_style)
                if len(coloured) > LONG_LINE_ROWS:
                    coloured[LONG_LINE_ROWS - 1 :] = [[(theme.DIM, "…")]]
                lines += [[("", "  "), *row] for row in coloured]
                continue
            rows = wrap(text[: inner * LONG_LINE_ROWS * 2], inner)
            if len(rows) > LONG_LINE_ROWS:
                rows[LONG_LINE_ROWS - 1 :] = ["…"]
            lines += _indented(rows, text_style)
        return lines

    def _diff(self, rows: Sequence[str], inner: int) -> list[Line]:
        return diff_lines(rows, inner, self._markdown.highlight)


def _belongs_to(previous: Block, block: Block) -> bool:
    """Whether no blank line stands between the two."""
    if isinstance(block, PictureBlock) or (isinstance(block, AnswerBlock) and block.joined):
        return True
    # One-line calls read as a list.
    return (
        isinstance(block, ToolBlock)
        and isinstance(previous, ToolBlock)
        and not block.lines
        and not previous.lines
    )


def _banner(block: BannerBlock, inner: int) -> list[Line]:
    first, *more = wrap_parts(block.title, inner)
    name = block.title.partition(" · ")[0]
    head: Line = [(theme.STRONG, first[: len(name)]), (theme.DIM, first[len(name) :])]
    rows = [row for text in block.lines for row in wrap_parts(text, inner)]
    room = BANNER_LINES - 1 - len(rows)
    rows = [*more[: max(1, room)], *rows]  # the model at the least
    return gutter([head], MODEL, theme.ACCENT) + _indented(rows, theme.DIM)


def _person(block: PersonBlock, inner: int) -> list[Line]:
    rows = plain(wrap(block.text, inner), theme.STRONG)
    lines: list[Line] = [
        [(theme.PERSON, f"{PERSON} " if index == 0 else "  "), *row]
        for index, row in enumerate(rows)
    ]
    if block.remote:
        mark = f"{ARROWS} {block.remote}"
        last = lines[-1]
        used = columns_of(last)
        if used + 2 + width_of(mark) <= inner + GUTTER:
            last.append((theme.DIM, f"  {mark}"))
        else:
            lines += _indented([clip(mark, inner)], theme.DIM)
    return lines


def is_cramped(name: str, title: str, note: str, width: int) -> bool:
    """Whether beside the note too little is left of what the call is about."""
    room = width - max(WORD_COLUMNS, width_of(name)) - width_of(note) - 4
    return room < min(width_of(title), LEAST_TITLE)


def tool_head(name: str, title: str, note: str, width: int, style: str = theme.STRONG) -> Line:
    """The line of a call: its name, its argument in what room there is, a note."""
    note = f"  {note}" if note else ""
    name = clip(name, max(1, width))
    if title and width - width_of(note) >= WORD_COLUMNS + 6:
        name = name.ljust(WORD_COLUMNS)
    room = width - width_of(name) - width_of(note) - 2
    line: Line = [(style, name)]
    if title and room >= 4:
        line.append((theme.PLAIN, f"  {clip(title, room)}"))
    if note and width_of(name) + width_of(note) <= width:
        line.append((theme.DIM, note))
    return line


def _thought(block: ThoughtBlock, inner: int) -> list[Line]:
    rows = [row for text in block.lines for row in wrap(text, inner)]
    if block.hidden:
        rows.append(_folded(block.hidden, "more", inner))
    return gutter(plain(rows, f"{theme.DIM} italic"), MODEL, theme.DIM)


def _notice(block: NoticeBlock, inner: int) -> list[Line]:
    rows = wrap(block.text.rstrip(), inner)
    match block.level:
        case "error":
            return gutter(plain(rows, theme.ERROR), FAILED, theme.ERROR)
        case "warning":
            return gutter(plain(rows), "!", theme.ACCENT)
        case "quiet":
            return _indented(rows, theme.DIM)
        case _:
            return _indented(wrap_columns(block.text.rstrip(), inner), theme.PLAIN)


def _indented(rows: list[str], style: str) -> list[Line]:
    return [[("", "  "), (style, row)] if row else [] for row in rows]


def _picture(block: PictureBlock, inner: int) -> list[Line]:
    """Rows for a picture, and what draws it into them from the last; none where it cannot be."""
    from qwen_dual.imaging.drawing import drawn
    from qwen_dual.protocol.blocks import image_block, media_type_of

    image = image_block(media_type_of(block.data) or "", block.data)
    rows, sequence = drawn(image, block.way, inner, block.cell)
    if not rows:
        return []
    up = f"{ESC}[{rows - 1}A" if rows > 1 else ""
    draw = (ESCAPE, f"{ESC}7{up}{ESC}[{GUTTER}C{sequence}{ESC}8")
    return [*([] for _ in range(rows - 1)), [draw]]


def _safe(line: Line) -> Line:
    return [(style, text if style == ESCAPE else one_line(text)) for style, text in line]


def _folded(hidden: int, where: str, inner: int) -> str:
    """How many lines are not shown, and the key that shows them, in at most ``inner`` columns."""
    unit = "line" if hidden == 1 else "lines"
    what = f"{hidden} more {unit}" if where == "more" else f"{hidden} {unit} above"
    return first_that_fits(
        (f"… {what} (ctrl+o shows all)", f"… {what} (ctrl+o)", f"… {hidden} (ctrl+o)"), inner
    )
