"""The block that the model is writing: its text as it comes in, what of it is finished, its tail.

A delta costs an append; its text is looked at when somebody asks, so that the cost of an event does
not grow with the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.frontends.tui.blocks import AnswerBlock, ThoughtBlock
from qwen_dual.frontends.tui.stream import BlockSplitter
from qwen_dual.protocol.sanitise import StreamSanitiser

if TYPE_CHECKING:
    from qwen_dual.frontends.tui.stream import Piece

THOUGHT_LINES = 3
"""How many lines of the model's reasoning stay in the transcript."""


class OpenBlock:
    """At most one block is open at a time.

    Attributes:
        pieces: deltas that were not looked at yet; whoever takes events appends to it.
        first: the next answer block begins a message.
        chars: how much was written since somebody set it to 0, as far as it was looked at.
    """

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.first = True
        self.chars = 0
        self._kind = ""
        self._splitter = BlockSplitter()
        self._sanitiser = StreamSanitiser()
        self._thought: list[str] = []

    def begin(self, kind: str) -> None:
        """Opens a block of a kind; the one before was ended."""
        self._kind = kind
        self._sanitiser = StreamSanitiser()

    def drain(self) -> list[AnswerBlock]:
        """Looks at the deltas that came in; what of an answer they completed."""
        if not self.pieces:
            return []
        raw = "".join(self.pieces)
        self.pieces.clear()
        self.chars += len(raw)
        text = self._sanitiser.feed(raw)
        if not text:
            return []
        if self._kind == "thinking":
            self._thought.append(text)
            return []
        return self._answer(self._splitter.feed(text))

    def end(self) -> tuple[list[AnswerBlock | ThoughtBlock], str]:
        """Closes the block; its last finished parts, and a thought's whole text if it is folded."""
        blocks: list[AnswerBlock | ThoughtBlock] = [*self.drain()]
        folded = ""
        if self._kind == "thinking":
            text = "".join(self._thought).strip()
            self._thought = []
            if text:
                lines = [line for line in text.split("\n") if line.strip()]
                hidden = max(0, len(lines) - THOUGHT_LINES)
                blocks.append(ThoughtBlock(tuple(lines[:THOUGHT_LINES]), hidden))
                folded = text if hidden else ""
        elif self._kind == "text":
            blocks += self._answer(self._splitter.finish())
        self._kind = ""
        return blocks, folded

    def tail(self, chars: int) -> tuple[str, bool]:
        """The open end, at least ``chars`` of it once ``drain`` ran, and whether it is a thought."""
        if self._kind != "thinking":
            return self._splitter.tail(chars), False
        parts: list[str] = []
        for part in reversed(self._thought):
            if chars <= 0:
                break
            parts.append(part)
            chars -= len(part)
        return "".join(reversed(parts)), True

    def _answer(self, pieces: list[Piece]) -> list[AnswerBlock]:
        blocks = []
        for piece in pieces:
            blocks.append(AnswerBlock(piece.text, self.first, piece.joined))
            self.first = False
        return blocks
