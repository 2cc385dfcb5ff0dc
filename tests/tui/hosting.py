"""The scripted front end in a PTY: spawning it, and what is on its screen."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.support.scripted import Scripted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.support.pty import Terminal

ARMED = "› y  Yes"
READY = "? shortcuts"


class Host(Scripted):
    """A terminal with the front end in it; what it is told comes as from a channel."""

    def prompt(self, text: str) -> None:
        self.terminal.send(f"{text}\r")

    def quit(self) -> None:
        self.terminal.send("\x15/quit\r")
        assert self.terminal.wait_exit() == 0
        assert self.terminal.lines[-1] == "ended in order"


@contextmanager
def hosted(
    rows: int = 30, cols: int = 80, env: Mapping[str, str | None] | None = None
) -> Iterator[Host]:
    with Host("tests.tui.ui_program", rows, cols, env) as host:
        yield host


def shown(*texts: str) -> Callable[[Terminal], bool]:
    """All of the texts are in the window."""

    def check(terminal: Terminal) -> bool:
        window = "\n".join(terminal.screen)
        return all(text in window for text in texts)

    return check


def gone(text: str) -> Callable[[Terminal], bool]:
    """The text is not in the window."""
    return lambda terminal: text not in "\n".join(terminal.screen)
