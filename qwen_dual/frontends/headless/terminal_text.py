"""The answer's texts on a terminal, as they come: plain, or Markdown rendered block by block.

A block is rendered when the next one begins, so nothing that stands there is ever drawn again. What a
model says is made safe to show first.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qwen_dual.protocol.sanitise import StreamSanitiser, coloured

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.frontends.headless.messages import Message
    from qwen_dual.frontends.headless.stdout import Stdout

_PADDING = re.compile(r"(?<! ) +$", re.MULTILINE)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


class Blocks:
    """Cuts a Markdown text that comes in pieces into its blocks. Pure."""

    def __init__(self) -> None:
        self._half = ""
        self._lines: list[str] = []
        self._fence = ""

    def feed(self, piece: str) -> list[str]:
        """The blocks that ``piece`` shows to be complete."""
        *lines, self._half = (self._half + piece).split("\n")
        return [block for line in lines if (block := self._add(line))]

    def finish(self) -> list[str]:
        """What is left."""
        blocks = [self._add(self._half), self._flush()]
        self._half = self._fence = ""
        return [block for block in blocks if block]

    def _add(self, line: str) -> str:
        block = ""
        ended = bool(self._lines) and not self._lines[-1].strip()
        # What is indented after a blank line belongs to the list item above it.
        if not self._fence and ended and line.strip() and line[0] not in " \t":
            block = self._flush()
        self._lines.append(line)
        fence = _FENCE.match(line)
        if not self._fence:
            self._fence = fence[1] if fence else ""
        elif fence and fence[1].startswith(self._fence) and not line.strip(" `~"):
            self._fence = ""
        return block

    def _flush(self) -> str:
        block = "\n".join(self._lines).strip("\n")
        self._lines.clear()
        return block


class TerminalText:
    """Shows what the model says while it says it.

    Args:
        stdout: where to.
        columns: the width of the terminal, asked for each block.
        markdown: whether it is rendered.
        before: called before anything is written.
    """

    partials = True
    hook_events = False

    def __init__(
        self,
        stdout: Stdout,
        columns: Callable[[], int],
        *,
        markdown: bool,
        before: Callable[[], object] = lambda: None,
    ) -> None:
        self._stdout = stdout
        self._columns = columns
        self._markdown = markdown
        self._before = before
        self._safe = StreamSanitiser()
        self._blocks = Blocks()
        self._text: list[str] = []  # of the answer that streams, to tell whether it is the result
        self._open = False
        self._shown = False

    @property
    def mid_line(self) -> bool:
        """Whether the cursor may stand behind a text."""
        return self._open and not self._markdown

    def message(self, message: Message) -> None:
        """Shows what of ``message`` is to be read."""
        kind = message["type"]
        if message.get("parent_tool_use_id") is not None:
            return  # a sub-agent's: no part of the answer
        if kind == "stream_event":
            self._handle(message["event"])
        elif kind == "result" and not message["is_error"]:
            text: str = message["result"]
            if text.strip() != "".join(self._text).strip():  # of a slash command, say
                self._begin()
                self._show(text)
                self._end()

    def close(self) -> None:
        """Ends what an interrupt left open."""
        self._end()

    def _handle(self, event: Message) -> None:
        kind = event["type"]
        if kind == "message_start":
            self._text.clear()
        elif kind == "content_block_start" and event["content_block"]["type"] == "text":
            self._begin()
        elif kind == "content_block_delta" and event["delta"]["type"] == "text_delta":
            self._text.append(event["delta"]["text"])
            self._show(event["delta"]["text"])
        elif kind == "content_block_stop":
            self._end()

    def _begin(self) -> None:
        self._end()
        self._open = True
        if self._shown and not self._markdown:  # a blank line between two texts
            self._write("\n")

    def _show(self, text: str) -> None:
        text = self._safe.feed(text)
        if not self._markdown:
            self._write(text)
            return
        for block in self._blocks.feed(text):
            self._render(block)

    def _end(self) -> None:
        if not self._open:
            return
        self._open = False
        self._safe = StreamSanitiser()
        if not self._markdown:
            self._write("\n")
        else:
            for block in self._blocks.finish():
                self._render(block)

    def _render(self, block: str) -> None:
        text = _rendered(block, self._columns())
        self._write(f"\n{text}\n" if self._shown else f"{text}\n")

    def _write(self, text: str) -> None:
        if text:
            self._before()
            self._shown = True
            self._stdout.write(text.encode("utf-8", "replace"))


def _rendered(block: str, width: int) -> str:
    """``block`` of Markdown as a terminal shows it; what is no Markdown, or would be gone, stays as it is."""
    from io import StringIO

    from rich.console import Console
    from rich.markdown import Markdown

    from qwen_dual.frontends.parsing.markdown import MarkdownParser

    document = Markdown("", code_theme="ansi_dark", hyperlinks=False)
    document.parsed = MarkdownParser(images=False).parse(block)
    drawn = StringIO()
    Console(file=drawn, force_terminal=True, width=width).print(document)
    # Once more: Markdown can spell a character (``&#x202e;``) that its source does not hold.
    return coloured(_PADDING.sub("", drawn.getvalue()).strip("\n"))
