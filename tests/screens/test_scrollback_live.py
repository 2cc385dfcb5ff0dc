"""The scrollback in the terminals that people use: every line once, whatever happens to the window.

Random orders of commits, blocks taller than the window, dialogs, resizes and Ctrl+L, in tmux with
its defaults, in GNU screen and in xterm.js.
"""

from __future__ import annotations

import math
import random
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.screens.live import GnuScreen, LiveProgram, Tmux, XtermJs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHELL = ["$ make", "all is built", "$ qwen-dual"]
ROWS, COLS = 14, 60
STEPS = 22
ALL_ROWS = 900
"""More than a walk fills, and no more than screen takes."""
WAYS = ["line", "line", "long", "tall", "resize", "resize", "dialog", "clear"]


@pytest.fixture(params=["tmux", "screen", "xterm.js"])
def program(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LiveProgram]:
    """The program in each terminal that is there."""
    live = LiveProgram(tmp_path, SHELL)
    multiplexers: dict[str, type[Tmux | GnuScreen]] = {"tmux": Tmux, "screen": GnuScreen}
    if request.param in multiplexers:
        if shutil.which(request.param) is None:
            pytest.skip(f"{request.param} is not installed")
        live.terminal = multiplexers[request.param](tmp_path, live.command, ROWS, COLS)
    else:
        package = request.getfixturevalue("xterm")
        live.terminal = XtermJs(package, live.command, ROWS, COLS)
    live.settle()
    yield live
    live.close()


def walk(live: LiveProgram, chance: random.Random) -> list[str]:
    """Does things in a random order; returns what must stand there."""
    said = ["before the app"]
    sizes = [(ROWS, COLS)]
    for step in range(STEPS):
        match chance.choice(WAYS):
            case "line":
                said.append(f"line {step}")
                live.do(f"commit line {step}")
            case "long":
                said.append(f"long {step} " + "x" * chance.randint(20, 150))
                live.do(f"commit {said[-1]}")
            case "tall":
                tall = [f"tall {step}.{row}" for row in range(chance.randint(10, 40))]
                said += tall
                live.do("lines " + "|".join(tall))
            case "dialog":
                rows = chance.randint(2, 6)
                live.do(f"wide {rows}")
                for _ in range(chance.randint(0, 2)):
                    size = _some_size(live, chance, sizes)
                    if _stays_in_reach(rows, sizes[-1], size):
                        live.resize(*size)
                        sizes.append(size)
                live.do("wide")
            case "clear":
                live.do("clear")
            case _:
                sizes.append(_some_size(live, chance, sizes))
                live.resize(*sizes[-1])
    return said


def _some_size(
    live: LiveProgram, chance: random.Random, sizes: list[tuple[int, int]]
) -> tuple[int, int]:
    """Rows and columns by chance, after these sizes.

    In a window one column wider than its widest before, screen reads past the end of its blank row
    and joins whatever any program prints there once the width changes again.
    """
    rows, columns = chance.randint(9, 24), chance.randint(25, 100)
    widest = max(columns for _, columns in sizes)
    if isinstance(live.terminal, GnuScreen) and columns == widest + 1:
        columns = widest
    return rows, columns


def _stays_in_reach(rows: int, before: tuple[int, int], after: tuple[int, int]) -> bool:
    """Whether a dialog of full rows fits the new window as it is wrapped, at half the width or more.

    What has left the window is the terminal's, and nobody can take it back from there.
    """
    return rows * math.ceil(before[1] / after[1]) + 1 <= after[0] and after[1] * 2 >= before[1]


@pytest.mark.parametrize("seed", range(3))
def test_every_line_stands_once_and_in_order(program: LiveProgram, seed: int) -> None:
    said = walk(program, random.Random(seed))
    assert_each_once(program, said)


@pytest.mark.parametrize(
    ("said", "before", "rows", "after"),
    [
        (0, (23, 100), 3, (10, 85)),
        (2, (23, 100), 3, (10, 85)),
        (2, (23, 100), 3, (10, 50)),
        (0, (20, 92), 5, (16, 46)),
        (7, (23, 27), 4, (9, 26)),
        (3, (12, 60), 5, (24, 59)),
        (30, (13, 96), 5, (11, 48)),
    ],
)
@pytest.mark.parametrize("cleared", [True, False])
def test_a_dialog_of_full_rows_leaves_none_behind_when_both_sizes_change(
    program: LiveProgram,
    said: int,
    before: tuple[int, int],
    rows: int,
    after: tuple[int, int],
    cleared: bool,
) -> None:
    program.resize(*before)
    if cleared:
        program.do("clear")
    lines = [f"line {n}" for n in range(said)]
    if lines:
        program.do("lines " + "|".join(lines))
    program.do(f"wide {rows}")
    program.resize(*after)
    program.do("wide")
    assert_each_once(program, ["before the app", *lines])


@pytest.mark.parametrize(("said", "rows"), [(0, 2), (1, 2), (1, 3)])
def test_a_region_that_was_put_at_the_top_leaves_no_row_behind_at_half_the_width(
    program: LiveProgram, said: int, rows: int
) -> None:
    program.resize(12, 80)
    program.do("clear")
    lines = [f"line {n}" for n in range(said)]
    if lines:
        program.do("lines " + "|".join(lines))
    program.do(f"rows {rows}")
    program.resize(12, 40)
    program.do("rows")
    assert_each_once(program, ["before the app", *lines])


@pytest.mark.parametrize("columns", [59, 45, 30])
@pytest.mark.parametrize("program", ["tmux", "screen"], indirect=True)
def test_full_rows_above_the_cursor_leave_none_behind_in_a_narrower_window(
    program: LiveProgram, columns: int
) -> None:
    lines = [f"line {n}" for n in range(20)]
    program.do("lines " + "|".join(lines))
    program.do("low 4")
    program.resize(ROWS, columns)
    program.do("rows")
    assert_each_once(program, ["before the app", *lines])


@pytest.mark.parametrize("program", ["tmux"], indirect=True)
def test_a_change_that_is_not_told_yet_loses_no_line_and_repeats_none(program: LiveProgram) -> None:
    """tmux wraps anew what it shows up to a quarter of a second before it tells of it."""
    program.resize(20, 100)
    lines = [f"before {n}" for n in range(20)]  # more than leave the window with wrapped rows
    program.do("lines " + "|".join(lines))
    program.do("low 3")
    said = ["before the app", *lines]
    for turn in range(3):
        for columns in (90, 50, 35, 80):
            program.terminal.resize(20, columns)
            said.append(f"line {turn} at {columns}")
            program.begin(f"commit {said[-1]}")
    program.settle()
    program.resize(20, 99)
    program.do("rows")
    assert_each_once(program, said)


def assert_each_once(program: LiveProgram, said: list[str]) -> None:
    """The shell's lines, what was said and the region, and nothing else."""
    program.settle()
    if isinstance(program.terminal, GnuScreen):
        # It copies out no rows that left a window made lower; a higher one shows them again.
        program.resize(ALL_ROWS, COLS)
    shown = program.terminal.lines()
    expected = [*SHELL, *said, "live 0", "live 1", "footer"]
    if isinstance(program.terminal, GnuScreen):
        shown, expected = _first_rows(shown), _first_rows(expected)
    assert [line for line in shown if line] == expected


def _first_rows(lines: list[str]) -> list[str]:
    """Lines without what screen may have wrapped: its copy does not join the rows of a line."""
    return [re.sub(" ?x+$", "", line) for line in lines]
