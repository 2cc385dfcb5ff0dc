"""The small UI program in a PTY, with its command and answer channels."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.support.scripted import Scripted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def start() -> Iterator[Callable[..., Scripted]]:
    """Starts the program and waits for its first screen; ends it after the test."""
    with ExitStack() as running:

        def start_program(
            rows: int = 24, cols: int = 80, *, job: bool = False, **env: str | None
        ) -> Scripted:
            made = Scripted("tests.tui.terminal.ui_program", rows, cols, env, job=job)
            program = running.enter_context(made)
            program.terminal.wait_for("footer")
            return program

        yield start_program
