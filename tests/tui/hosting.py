"""The scripted front end in a PTY: spawning it, and what is on its screen."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.support.pty import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ARMED = "› y  Yes"
READY = "? shortcuts"


class Host:
    """A terminal with the front end in it, and what a channel would do."""

    def __init__(self, terminal: Terminal, channel: int) -> None:
        self.terminal = terminal
        self._channel = channel

    def channel(self, line: str) -> None:
        os.write(self._channel, f"{line}\n".encode())

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
    read, write = os.pipe()
    try:
        with Terminal.spawn(
            [sys.executable, "-m", "tests.tui.ui_program", str(read)],
            rows=rows,
            cols=cols,
            env=env,
            pass_fds=[read],
        ) as terminal:
            yield Host(terminal, write)
    finally:
        os.close(read)
        os.close(write)


def shown(*texts: str) -> Callable[[Terminal], bool]:
    """All of the texts are in the window."""

    def check(terminal: Terminal) -> bool:
        window = "\n".join(terminal.screen)
        return all(text in window for text in texts)

    return check


def gone(text: str) -> Callable[[Terminal], bool]:
    """The text is not in the window."""
    return lambda terminal: text not in "\n".join(terminal.screen)
