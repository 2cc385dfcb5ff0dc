"""What Markdown's elements look like: rich's own where they are quiet enough, ours elsewhere.

Nothing here is as wide as the window by padding alone, and every colour is the name of a class.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.box import Box
from rich.cells import cell_len
from rich.color_triplet import ColorTriplet
from rich.markdown import (
    BlockQuote,
    CodeBlock,
    Heading,
    HorizontalRule,
    ListElement,
    Markdown,
    TableElement,
)
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from qwen_dual.frontends.tui.text.lines import TAB
from qwen_dual.frontends.tui.text.theme import CODE_KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.markdown import MarkdownElement

    from qwen_dual.frontends.tui.markdown.highlight import Highlighter

_DIM = Style(dim=True)
_BOLD = Style(bold=True)

_CLASSES = (
    "accent",
    "link",
    *(f"code.{kind}" for kind in (*CODE_KINDS, "inserted", "deleted")),
)
# Colours that nothing else uses stand for classes, whose values the style sheet knows.
_COLOURS = {name: ColorTriplet(1, 2, number) for number, name in enumerate(_CLASSES)}
MARKED = {colour: name for name, colour in _COLOURS.items()}
"""The class that each marker colour stands for."""

CODE_INDENT = 2
ROOMY = 40
"""Columns from which on code is set in."""

MIN_COLUMN = 8
"""Columns that a table's column needs before its cells become unreadable."""

# Nothing but a thin line below the head.
_RULED = Box("    \n    \n ── \n    \n    \n    \n    \n    \n")


def marker(name: str) -> Style:
    """The style that stands for a class."""
    return Style(color=_COLOURS[name].hex)


class Document(Markdown):
    """Tokens as a document that rich renders.

    Args:
        tokens: from the parser, with links resolved.
        highlighter: for the code in it.
    """

    inlines = Markdown.inlines | {"url"}

    def __init__(self, tokens: Sequence[Token], highlighter: Highlighter) -> None:
        super().__init__("")
        self.parsed = list(tokens)
        self.highlighter = highlighter


class _LeftHeading(Heading):
    LEVEL_ALIGN: ClassVar = {}


class _BareCode(CodeBlock):
    """Code without padding, set in a little where there is room."""

    @classmethod
    def create(cls, markdown: Markdown, token: Token) -> _BareCode:
        assert isinstance(markdown, Document)
        return cls((token.info or "").partition(" ")[0], markdown.highlighter)

    def __init__(self, language: str, highlighter: Highlighter) -> None:
        super().__init__(language, "")
        self._highlighter = highlighter

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        code = str(self.text).rstrip().expandtabs(TAB)
        indent = CODE_INDENT if options.max_width >= ROOMY else 0
        within = options.update(width=options.max_width - indent)
        text = Text(overflow="fold")
        for number, parts in enumerate(self._highlighter.language(code, self.lexer_name or "text")):
            if number:
                text.append("\n")
            for kind, part in parts:
                text.append(part, marker(f"code.{kind}") if kind else None)
        for line in console.render_lines(text, within, pad=False):
            if indent:
                yield Segment(" " * indent)
            yield from line
            yield Segment.line()


class _BarredQuote(BlockQuote):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        within = options.update(width=options.max_width - 2)
        for line in console.render_lines(self.elements, within, style=self.style, pad=False):
            yield Segment("│ ", _DIM)
            yield from line
            yield Segment.line()


class _TightList(ListElement):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        numbered = self.list_type != "bullet_list_open"
        start = 1 if self.list_start is None else self.list_start
        last = f"{start + len(self.items) - 1}. "
        for index, item in enumerate(self.items):
            mark = f"{start + index}. ".rjust(len(last)) if numbered else "• "
            style = console.get_style(
                "markdown.item.number" if numbered else "markdown.item.bullet"
            )
            within = options.update(width=max(1, options.max_width - len(mark)))
            lines = console.render_lines(item.elements, within, style=item.style, pad=False)
            for number, line in enumerate(lines):
                yield Segment(" " * len(mark)) if number else Segment(mark, style)
                yield from line
                yield Segment.line()


class _QuietTable(TableElement):
    """A table with one thin line; where its columns would be too narrow, a list of its rows."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        head = self.header.row if self.header is not None else None
        heads = [cell.content for cell in head.cells] if head is not None else []
        rows = [
            [cell.content for cell in row.cells] for row in (self.body.rows if self.body else ())
        ]
        columns = list(zip(heads, *rows, strict=False))
        least = [min(MIN_COLUMN, max(map(_natural, column))) for column in columns]
        if sum(least) + 2 * len(least) > options.max_width:
            yield from _as_list(heads, rows)
            return
        table = Table(box=_RULED, pad_edge=False, show_edge=False, style="markdown.table.border")
        for number, heading in enumerate(heads):
            title = heading.copy()
            title.stylize("markdown.table.header")
            table.add_column(title, justify=heading.justify or "left", overflow="fold")
            table.columns[number].min_width = least[number]
        for row in rows:
            table.add_row(*row)
        yield table


def _natural(text: Text) -> int:
    return cell_len(text.plain)


def _as_list(heads: Sequence[Text], rows: Sequence[Sequence[Text]]) -> RenderResult:
    for number, row in enumerate(rows):
        if number:
            yield Text("")
        for heading, cell in zip(heads, row, strict=False):
            yield Text.assemble((heading.plain, _BOLD), ": ", cell)


class _ShortRule(HorizontalRule):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Segment("───", _DIM)
        yield Segment.line()


ELEMENTS: dict[str, type[MarkdownElement]] = {
    **Markdown.elements,
    "heading_open": _LeftHeading,
    "fence": _BareCode,
    "code_block": _BareCode,
    "blockquote_open": _BarredQuote,
    "bullet_list_open": _TightList,
    "ordered_list_open": _TightList,
    "table_open": _QuietTable,
    "hr": _ShortRule,
}
Document.elements = ELEMENTS
