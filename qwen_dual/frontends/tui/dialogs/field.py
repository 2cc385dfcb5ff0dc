"""One line of text with a cursor, for the fields of a form. Pure.

It keeps no history, no undo and no kill ring, so that a secret leaves no copy behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.frontends.tui.text import theme
from qwen_dual.frontends.tui.text.lines import width_of
from qwen_dual.protocol.regex import regex
from qwen_dual.protocol.sanitise import sanitise

if TYPE_CHECKING:
    from qwen_dual.frontends.tui.text.lines import Line

CURSOR = ("[SetCursorPosition]", "")
"""The fragment that prompt-toolkit puts the terminal's cursor at."""

DOT = "•"

_WORD_AFTER = regex(r"\s*\S*")


class Field:
    """What is being typed.

    Args:
        text: what stands in it at first; the cursor is behind it.
        secret: it is shown as dots.
    """

    def __init__(self, text: str = "", *, secret: bool = False) -> None:
        self.text = text
        self.cursor = len(text)
        self._secret = secret

    def type(self, text: str) -> None:
        """Inserts ``text`` at the cursor, on one line."""
        text = sanitise(text).strip("\n").replace("\n", " ").replace("\t", " ")
        self.text = self.text[: self.cursor] + text + self.text[self.cursor :]
        self.cursor += len(text)

    def key(self, key: str) -> bool:
        """Does what an editing key does; False when it is none."""
        match key:
            case "left":
                self.cursor = max(0, self.cursor - 1)
            case "right":
                self.cursor = min(len(self.text), self.cursor + 1)
            case "home":
                self.cursor = 0
            case "end":
                self.cursor = len(self.text)
            case "word left":
                self.cursor = self._word_before()
            case "word right":
                self.cursor = self._word_after()
            case "backspace":
                self._delete(self.cursor - 1, self.cursor)
            case "delete":
                self._delete(self.cursor, self.cursor + 1)
            case "delete to start":
                self._delete(0, self.cursor)
            case "delete to end":
                self._delete(self.cursor, len(self.text))
            case "delete word left":
                self._delete(self._word_before(), self.cursor)
            case "delete word right":
                self._delete(self.cursor, self._word_after())
            case _:
                return False
        return True

    def line(self, width: int, *, cursor: bool) -> Line:
        """The part around the cursor in at most ``width`` columns."""
        room = max(0, width - 1)  # the cursor behind the text takes one
        # Far more characters than columns never matter, however long the text is.
        first = max(0, self.cursor - 4 * width)
        before = self._shown(first, self.cursor)
        while width_of(before) > room:
            before = before[1:]
        after = self._shown(self.cursor, self.cursor + 4 * width)
        while width_of(before) + width_of(after) > room:
            after = after[:-1]
        mark = [CURSOR] if cursor else []
        return [(theme.PLAIN, before), *mark, (theme.PLAIN, after)]

    def _shown(self, start: int, end: int) -> str:
        part = self.text[start:end]
        return DOT * len(part) if self._secret else part

    def _delete(self, start: int, end: int) -> None:
        start = max(0, start)
        self.text = self.text[:start] + self.text[end:]
        self.cursor = start

    def _word_before(self) -> int:
        if self._secret:  # where its words end nobody can see
            return 0
        before = self.text[: self.cursor].rstrip()
        return len(before) - len((before.rsplit(maxsplit=1) or [""])[-1])

    def _word_after(self) -> int:
        if self._secret:
            return len(self.text)
        found = _WORD_AFTER.match(self.text, self.cursor)
        return found.end() if found is not None else len(self.text)
