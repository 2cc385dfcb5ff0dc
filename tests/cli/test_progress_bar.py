"""The line that says how far the reading of something large is, in terminals of any width."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.program import in_terminal

if TYPE_CHECKING:
    from pathlib import Path

CODE = """
import os, time
from qwen_dual.cli import progress_bar
progress_bar._PACE = 0
os.system("stty -echo")
bar = progress_bar.ProgressBar(10_000_000_000)
for done in range(0, 10_000_000_000, 500_000_000):
    bar(done)
input()
bar.close()
print("the end")
"""


@pytest.mark.parametrize(
    ("cols", "shown"),
    [
        (80, "███████████████████░  95%  9.5 of 10.0 GB"),
        (30, "██████  95%  9.5 of 10.0 GB"),
        (12, " 95%  9.5"),
    ],
)
def test_it_is_one_line_and_leaves_none(tmp_path: Path, cols: int, shown: str) -> None:
    with in_terminal([sys.executable, "-c", CODE], tmp_path, cols=cols) as terminal:
        terminal.wait_for("95%  9.5")
        assert [line.rstrip() for line in terminal.lines if line.strip()] == [shown]
        terminal.send("\r")
        terminal.wait_for("the end")
        assert "95%" not in terminal.text
