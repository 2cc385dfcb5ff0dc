"""The small UI program in a PTY, with its command and answer channels."""

from __future__ import annotations

import os
import shlex
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.pty import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Program:
    """The program's host: its terminal, and a line to it and from it."""

    def __init__(
        self, rows: int, cols: int, env: dict[str, str | None], *, job: bool = False
    ) -> None:
        self._command_read, self._command_write = os.pipe()
        self._answer_read, self._answer_write = os.pipe()
        os.set_blocking(self._answer_read, False)
        self._answers = b""
        fds = [self._command_read, self._answer_write]
        argv = [sys.executable, "-m", "tests.tui_terminal.ui_program", *map(str, fds)]
        shell = ["bash", "--norc", "--noprofile", "--noediting", "-i"]
        self.terminal = Terminal.spawn(
            shell if job else argv, rows=rows, cols=cols, env=env, pass_fds=fds
        )
        if job:
            self.terminal.send(f"PS1='shell: '; {shlex.join(argv)}\r")
        os.close(self._command_read)
        os.close(self._answer_write)

    @property
    def answers(self) -> list[str]:
        try:
            while data := os.read(self._answer_read, 65536):
                self._answers += data
        except BlockingIOError:
            pass
        return self._answers.decode().split("\n")[:-1]

    def command(self, line: str) -> None:
        os.write(self._command_write, f"{line}\n".encode())

    def wait_answer(self, *wanted: str) -> None:
        """Waits until these are the last answers, reading the terminal meanwhile."""
        self.terminal.wait_for(lambda _: self.answers[-len(wanted) :] == list(wanted))

    def wait_answer_without_reading(self, wanted: str, timeout: float = 30) -> None:
        deadline = time.monotonic() + timeout
        while wanted not in self.answers:
            assert time.monotonic() < deadline, self.answers
            time.sleep(0.005)

    def close(self) -> None:
        self.terminal.close()
        os.close(self._command_write)
        os.close(self._answer_read)


@pytest.fixture
def start() -> Iterator[Callable[..., Program]]:
    """Starts the program and waits for its first screen; ends it after the test."""
    running: list[Program] = []

    def start_program(
        rows: int = 24, cols: int = 80, *, job: bool = False, **env: str | None
    ) -> Program:
        program = Program(rows, cols, env, job=job)
        running.append(program)
        program.terminal.wait_for("footer")
        return program

    yield start_program
    for program in running:
        program.close()
