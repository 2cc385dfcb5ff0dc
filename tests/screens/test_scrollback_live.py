"""The scrollback in the terminals that people use: every line once, whatever happens to the window.

Random orders of commits, blocks taller than the window, dialogs, resizes and Ctrl+L, in tmux with
its defaults and in xterm.js.
"""

from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.screens.live import LiveProgram, Tmux, XtermJs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHELL = ["$ make", "all is built", "$ qwen-dual"]
ROWS, COLS = 14, 60
STEPS = 22
WAYS = ["line", "line", "long", "tall", "resize", "resize", "dialog", "resized dialog", "clear"]


@pytest.fixture(params=["tmux", "xterm.js"])
def program(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LiveProgram]:
    """The program in each terminal that is there."""
    live = LiveProgram(tmp_path, SHELL)
    if request.param == "tmux":
        if shutil.which("tmux") is None:
            pytest.skip("tmux is not installed")
        live.terminal = Tmux(tmp_path, live.command, ROWS, COLS)
    else:
        package = request.getfixturevalue("xterm")
        live.terminal = XtermJs(package, live.command, ROWS, COLS)
    live.settle()
    yield live
    live.close()


def walk(live: LiveProgram, chance: random.Random) -> list[str]:
    """Does things in a random order; returns what must stand there."""
    said = ["before the app"]
    for step in range(STEPS):
        match chance.choice(
            ["line", "line", "long", "tall", "resize", "resize", "dialog", "clear"]
        ):
            case "line":
                said.append(f"line {step}")
                live.do(f"commit line {step}")
            case "long":
                said.append(f"long {step} " + "x" * chance.randint(20, 150))
                live.do(f"commit {said[-1]}")
            case "tall":
                rows = [f"tall {step}.{row}" for row in range(chance.randint(10, 40))]
                said += rows
                live.do("lines " + "|".join(rows))
            case "dialog":
                live.do(f"wide {chance.randint(2, 6)}")
                live.do("wide")
            case "resized dialog":
                # Wrapped anew it still fits: what a terminal scrolls out no program gets back.
                live.resize(chance.randint(9, 24), 100)
                live.do(f"wide {chance.randint(2, 3)}")
                live.resize(chance.randint(9, 24), chance.randint(50, 100))
                live.do("wide")
            case "clear":
                live.do("clear")
            case _:
                live.resize(chance.randint(9, 24), chance.randint(25, 100))
    return said


@pytest.mark.parametrize("seed", range(3))
def test_every_line_stands_once_and_in_order(program: LiveProgram, seed: int) -> None:
    said = walk(program, random.Random(seed))
    program.settle()
    shown = [line for line in program.terminal.lines() if line]
    assert shown == [*SHELL, *said, "live 0", "live 1", "footer"]
