"""What a terminal sends, parsed, with a clock that a test moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.frontends.tui.terminal.keyparser import KeyParser

if TYPE_CHECKING:
    from prompt_toolkit.key_binding import KeyPress


class Keyboard:
    """A parser, a clock to move, and the keys that came out."""

    def __init__(self) -> None:
        self.time = 100.0
        self.presses: list[KeyPress] = []
        self.parser = KeyParser(self.presses.append, now=lambda: self.time)

    @property
    def keys(self) -> list[str]:
        return [press.key for press in self.presses]

    def feed(self, *pieces: str) -> Keyboard:
        for piece in pieces:
            self.parser.feed(piece)
        return self
