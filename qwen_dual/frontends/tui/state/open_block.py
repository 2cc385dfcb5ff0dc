"""The block that the model is writing: its text as it comes in, what of it is finished, its tail.

A delta costs an append; its text is looked at when somebody asks, so that the cost of an event does
not grow with the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.frontends.tui.state.blocks import AnswerBlock, ThoughtBlock
from qwen_dual.frontends.tui.text.stream import BlockSplitter
from qwen_dual.protocol.api_error import begins_api_error
from qwen_dual.protocol.sanitise import StreamSanitiser

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.frontends.tui.text.stream import Piece

THOUGHT_LINES = 3
"""How many lines of the model's reasoning stay in the transcript."""


class OpenBlock:
    """At most one block is open at a time.

    Attributes:
        pieces: deltas that were not looked at yet; whoever takes events appends to it.
        first: the next answer block begins a message.
        chars: how much was written since somebody set it to 0, as far as it was looked at.
        failure: how a failed call shows on the wire, and what followed it in its message: kept until
            the result says what it was, or somebody takes it.
    """

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.first = True
        self.chars = 0
        self.failure: list[AnswerBlock | ThoughtBlock] = []
        self._kind = ""
        self._splitter = BlockSplitter()
        self._sanitiser = StreamSanitiser()
        self._thought: list[str] = []
        self._line: list[str] = []  # the pieces of its last one, which has no end
        self._first_lines: list[str] = []  # of those that are not blank
        self._thought_lines = 0

    @property
    def goes_on(self) -> bool:
        """Whether what is open goes on where the last finished part was cut."""
        return self._kind == "text" and self._splitter.goes_on

    def begin(self, kind: str) -> None:
        """Opens a block of a kind; the one before was ended."""
        self._kind = kind
        self._line = []
        self._sanitiser = StreamSanitiser()

    def drain(self) -> list[AnswerBlock | ThoughtBlock]:
        """Looks at the deltas that came in; what of an answer they completed."""
        return self._without_failure(self._drain())

    def _drain(self) -> list[AnswerBlock]:
        if not self.pieces:
            return []
        raw = "".join(self.pieces)
        self.pieces.clear()
        self.chars += len(raw)
        text = self._sanitiser.feed(raw)
        if not text:
            return []
        if self._kind == "thinking":
            self._think(text)
            return []
        return self._answer(self._splitter.feed(text))

    def end(self) -> tuple[list[AnswerBlock | ThoughtBlock], str]:
        """Closes the block; its last finished parts, and a thought's whole text if it is folded."""
        blocks: list[AnswerBlock | ThoughtBlock] = [*self._drain()]
        folded = ""
        if self._kind == "thinking":
            self._think("\n")
            hidden = max(0, self._thought_lines - THOUGHT_LINES)
            if self._first_lines:
                if not hidden:
                    self._first_lines[-1] = self._first_lines[-1].rstrip()
                self._first_lines[0] = self._first_lines[0].lstrip()
                blocks.append(ThoughtBlock(tuple(self._first_lines), hidden))
                folded = _stripped(self._thought) if hidden else ""
            self._thought, self._first_lines, self._thought_lines = [], [], 0
        elif self._kind == "text":
            blocks += self._answer(self._splitter.finish())
        self._kind = ""
        return self._without_failure(blocks), folded

    def _without_failure(
        self, blocks: Sequence[AnswerBlock | ThoughtBlock]
    ) -> list[AnswerBlock | ThoughtBlock]:
        shown: list[AnswerBlock | ThoughtBlock] = []
        for block in blocks:
            failed = isinstance(block, AnswerBlock) and begins_api_error(block.text)
            (self.failure if failed or self.failure else shown).append(block)
        return shown

    def take_failure(self) -> list[AnswerBlock | ThoughtBlock]:
        """The failure as it came: no result told more about it."""
        failure, self.failure = self.failure, []
        return failure

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

    def _think(self, text: str) -> None:
        """Takes more of a thought; its lines are counted as they come, since it may have megabytes."""
        self._thought.append(text)
        first, *more = text.split("\n")
        self._line.append(first)
        for segment in more:
            line = "".join(self._line) if len(self._line) > 1 else self._line[0]
            self._line = [segment]
            if line and not line.isspace():
                self._thought_lines += 1
                if len(self._first_lines) < THOUGHT_LINES:
                    self._first_lines.append(line)

    def _answer(self, pieces: list[Piece]) -> list[AnswerBlock]:
        blocks = []
        for piece in pieces:
            blocks.append(AnswerBlock(piece.text, self.first, piece.joined))
            self.first = False
        return blocks


def _stripped(pieces: list[str]) -> str:
    """Their text without white space at its ends, of which no second copy is made."""
    while pieces and not (end := pieces[-1].rstrip()):
        pieces.pop()
    if pieces:
        pieces[-1] = end
    begin = 0
    while begin < len(pieces) and not (start := pieces[begin].lstrip()):
        begin += 1
    if begin < len(pieces):
        pieces[begin] = start
    return "".join(pieces[begin:])
