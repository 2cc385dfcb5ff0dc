"""A module of the tests in a PTY, such as a scripted front end: told things, and heard, through pipes.

The module gets two descriptors as its arguments: what it is told, and where its answers go.
"""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING, Self

from tests.support.pty import Terminal
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping


class Scripted:
    """The module's host: its terminal, and a line to it and from it.

    Args:
        module: what is run.
        rows: the height of the window.
        cols: the width of the window.
        env: changes to the environment.
        job: it runs as a job of an interactive shell.
    """

    def __init__(
        self,
        module: str,
        rows: int = 24,
        cols: int = 80,
        env: Mapping[str, str | None] | None = None,
        *,
        job: bool = False,
    ) -> None:
        told, self._to = os.pipe()
        self._from, heard = os.pipe()
        os.set_blocking(self._from, False)
        self._read = b""
        fds = [told, heard]
        argv = [sys.executable, "-m", "tests.support.as_started", module, *map(str, fds)]
        shell = ["bash", "--norc", "--noprofile", "--noediting", "-i"]
        self.terminal = Terminal.spawn(
            shell if job else argv, rows=rows, cols=cols, env=env, pass_fds=fds
        )
        if job:
            self.terminal.send(f"PS1='shell: '; {shlex.join(argv)}\r")
        os.close(told)
        os.close(heard)

    @property
    def answers(self) -> list[str]:
        """Everything it has answered so far."""
        try:
            while data := os.read(self._from, 65536):
                self._read += data
        except BlockingIOError:
            pass
        return self._read.decode().split("\n")[:-1]

    def command(self, line: str) -> None:
        """Tells it something."""
        os.write(self._to, f"{line}\n".encode())

    def wait_answer(self, *wanted: str) -> None:
        """Waits until these are the last answers, reading the terminal meanwhile."""
        self.terminal.wait_for(lambda _: self.answers[-len(wanted) :] == list(wanted))

    def wait_answer_without_reading(self, wanted: str) -> None:
        """Waits for an answer while the terminal fills up."""
        wait_until(lambda: wanted in self.answers, wanted)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends it."""
        self.terminal.close()
        os.close(self._to)
        os.close(self._from)
