"""Markdown and code through rich, as plain lines of styled text.

Importing this module imports rich, so only ``markdown`` does, in a thread, after the first paint.
Everything foreign goes through rich's ``Text``, never through its markup; what comes out is
sanitised once more, since Markdown can spell a character (``&#12;``) that its source does not hold.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console
from rich.style import Style
from rich.theme import Theme

from qwen_dual.frontends.parsing.markdown import MarkdownParser
from qwen_dual.frontends.tui.markdown.highlight import Highlighter
from qwen_dual.frontends.tui.markdown.rich_elements import MARKED, Document, marker
from qwen_dual.frontends.tui.markdown.rich_links import with_links
from qwen_dual.frontends.tui.text import theme
from qwen_dual.frontends.tui.text.links import CLOSE, opening
from qwen_dual.protocol.sanitise import one_line

if TYPE_CHECKING:
    from rich.segment import Segment

    from qwen_dual.frontends.tui.text.diff_view import Parts
    from qwen_dual.frontends.tui.text.lines import Line

_BOLD = Style(bold=True)
_DIM = Style(dim=True)
_ACCENT = marker("accent")

_STYLES = Theme(
    {
        "markdown.code": _ACCENT,
        "markdown.code_block": Style(),
        "markdown.block_quote": Style(),
        "markdown.list": Style(),
        "markdown.item.bullet": _DIM,
        "markdown.item.number": _DIM,
        "markdown.h1": Style(bold=True, underline=True),
        **{f"markdown.h{level}": _BOLD for level in range(2, 7)},
        "markdown.link_url": marker("link"),
        "markdown.url": _DIM,
        "markdown.table.border": _DIM,
        "markdown.table.header": _BOLD,
    }
)


class RichMarkdown:
    """Renders one block at a time; keeps the styles it has translated.

    Args:
        links: whether links become hyperlinks of the terminal.
    """

    def __init__(self, *, links: bool = False) -> None:
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
        self._links = links
        self._names: dict[Style | None, str] = {None: ""}
        self._highlighter = Highlighter()
        self._parser = MarkdownParser(images=True)

    def render(self, text: str, width: int) -> list[Line]:
        """``text`` in lines of at most ``width`` columns, without blank ones at either end."""
        options = self._console.options.update(width=width)
        tokens = with_links(self._parser.parse(text), hyperlinks=self._links)
        document = Document(tokens, self._highlighter)
        rows = self._console.render_lines(document, options, pad=False)
        lines = [self._line(row) for row in rows]
        while lines and not lines[-1]:
            lines.pop()
        while lines and not lines[0]:
            lines.pop(0)
        return lines

    def highlight_file(self, code: str, path: str) -> list[Parts]:
        """For each line of ``code`` its ``(kind, text)`` parts, in the language of that file."""
        return self._highlighter.file(code, path)

    def _line(self, row: list[Segment]) -> Line:
        line: Line = []
        parts = [part for part in row if not part.control]
        while parts and not parts[-1].text.rstrip():  # padding would leave ghosts
            parts.pop()
        for index, part in enumerate(parts):
            text = one_line(part.text)
            if index == len(parts) - 1:
                text = text.rstrip()
            link = part.style.link if part.style is not None else None
            fragment = (self._name(part.style), text)
            line += [opening(link), fragment, CLOSE] if link else [fragment]
        return line

    def _name(self, style: Style | None) -> str:
        if style is not None and style.link:
            style = style.update_link(None)
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
    if style.color is not None and style.color.triplet is not None:
        words.append(f"class:{MARKED[style.color.triplet]}")
    return " ".join(words)
