"""A paste on its way from the terminal to the draft, made safe to show piece by piece as it comes.

A large one takes many reads, between which everything else goes on. Were it gone through at its end,
that would be one step of the event loop as long as the paste is. What becomes of it is the editor's
affair, what of it is folded ``paste``'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys

from qwen_dual.protocol.sanitise import StreamSanitiser

if TYPE_CHECKING:
    from prompt_toolkit.key_binding import KeyPressEvent


class PastePress(KeyPress):
    """The key press that a paste is; its text is sanitised, and its line ends are newlines."""


class ArrivingPaste:
    """A paste that has not ended.

    Attributes:
        size: characters that have come.
    """

    def __init__(self) -> None:
        self.size = 0
        self._sanitiser = StreamSanitiser()
        self._parts: list[str] = []
        self._after_return = False

    def add(self, piece: str) -> None:
        """Takes what has come, cut anywhere."""
        if not piece:
            return
        self.size += len(piece)
        if self._after_return:
            piece = piece.removeprefix("\n")  # the second half of a line end
        self._after_return = piece.endswith("\r")
        lines = piece.replace("\r\n", "\n").replace("\r", "\n")
        self._parts.append(self._sanitiser.feed(lines))

    def end(self) -> PastePress:
        """The whole of it; only puts together what is done."""
        return PastePress(Keys.BracketedPaste, "".join(self._parts))


def pasted(event: KeyPressEvent) -> str:
    """The text of a paste, safe to show whatever input it comes from."""
    press = event.key_sequence[-1]
    return press.data if isinstance(press, PastePress) else cleaned(press.data)


def cleaned(text: str) -> str:
    """``text`` as it would be had it been pasted."""
    paste = ArrivingPaste()
    paste.add(text)
    return paste.end().data
