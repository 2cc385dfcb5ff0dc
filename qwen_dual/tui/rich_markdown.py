"""Markdown and code through rich, as plain lines of styled text.

Importing this module imports rich, so only ``markdown`` does, in a thread, after the first paint.
Everything foreign goes through rich's ``Text``, never through its markup.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, ClassVar

from rich.console import Console
from rich.markdown import CodeBlock, Heading, HorizontalRule, ImageItem, Markdown
from rich.segment import Segment
from rich.style import Style
from rich.syntax import ANSISyntaxTheme, Syntax
from rich.text import Text
from rich.theme import Theme

from qwen_dual.tui import theme

if TYPE_CHECKING:
    from rich.console import ConsoleOptions, RenderResult
    from rich.markdown import MarkdownElement

    from qwen_dual.tui.lines import Line

# A colour that nothing else uses stands for the accent, whose value the style sheet knows.
_ACCENT = Style(color="#010203")
_ACCENT_RGB = (1, 2, 3)
_DIM = Style(dim=True)
_BOLD = Style(bold=True)

_STYLES = Theme(
    {
        "markdown.code": _ACCENT,
        "markdown.code_block": Style(),
        "markdown.block_quote": _DIM,
        "markdown.list": Style(),
        "markdown.item.bullet": _DIM,
        "markdown.item.number": _DIM,
        "markdown.h1": Style(bold=True, underline=True),
        "markdown.h2": _BOLD,
        "markdown.h3": _BOLD,
        "markdown.h4": _BOLD,
        "markdown.h5": _BOLD,
        "markdown.h6": _BOLD,
        "markdown.link": Style(underline=True),
        "markdown.link_url": _DIM,
        "markdown.kbd": _BOLD,
        "markdown.table.border": _DIM,
        "markdown.table.header": _BOLD,
    }
)

# Pygments names a kind of token by a path; the longest that is listed wins.
_CODE = ANSISyntaxTheme(
    {
        ("Comment",): _DIM,
        ("Keyword",): _ACCENT,
        ("Name", "Tag"): _ACCENT,
        ("Literal", "String"): Style(color="green"),
        ("Literal",): Style(color="cyan"),
        ("Generic", "Inserted"): Style(color="green"),
        ("Generic", "Deleted"): Style(color="red"),
        ("Generic", "Heading"): _BOLD,
    }
)


class _LeftHeading(Heading):
    LEVEL_ALIGN: ClassVar = {}


class _BareCode(CodeBlock):
    """Code without padding, so that nothing is as wide as the window."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        code = str(self.text).rstrip()
        yield Syntax(code, self.lexer_name, theme=_CODE, word_wrap=True)


class _ShortRule(HorizontalRule):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Segment("───", _DIM)
        yield Segment.line()


class _NamedImage(ImageItem):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        name = self.text.plain if self.text else self.destination
        yield Text(f"[image: {name}] ", end="")


class _Markdown(Markdown):
    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "heading_open": _LeftHeading,
        "fence": _BareCode,
        "code_block": _BareCode,
        "hr": _ShortRule,
        "image": _NamedImage,
    }


class RichMarkdown:
    """Renders one block at a time; keeps the styles it has translated."""

    def __init__(self) -> None:
        self._console = Console(
            file=io.StringIO(),
            width=80,
            force_terminal=True,
            color_system="truecolor",
            legacy_windows=False,
            emoji=False,
            markup=False,
            highlight=False,
            theme=_STYLES,
        )
        self._names: dict[Style | None, str] = {None: ""}

    def render(self, text: str, width: int) -> list[Line]:
        """``text`` in lines of at most ``width`` columns, without blank ones at either end."""
        options = self._console.options.update(width=width)
        rows = self._console.render_lines(_Markdown(text, hyperlinks=False), options, pad=False)
        lines = [self._line(row) for row in rows]
        while lines and not lines[-1]:
            lines.pop()
        while lines and not lines[0]:
            lines.pop(0)
        return lines

    def _line(self, row: list[Segment]) -> Line:
        line = [(self._name(part.style), part.text) for part in row if not part.control]
        while line:  # padding would leave ghosts when the window narrows
            style, text = line[-1]
            stripped = text.rstrip()
            if stripped:
                line[-1] = (style, stripped)
                break
            line.pop()
        return line

    def _name(self, style: Style | None) -> str:
        if style not in self._names:
            assert style is not None
            self._names[style] = _translated(style)
        return self._names[style]


def _translated(style: Style) -> str:
    words = [
        word
        for word, on in (
            ("bold", style.bold),
            ("italic", style.italic),
            ("underline", style.underline),
            ("strike", style.strike),
            (theme.DIM, style.dim),
        )
        if on
    ]
    if style.color is not None and not style.color.is_default:
        triplet = style.color.triplet
        if triplet is not None:
            words.append(theme.ACCENT if tuple(triplet) == _ACCENT_RGB else triplet.hex)
        else:
            words.append(f"ansi{style.color.name}")
    return " ".join(words)
