"""Every moment of the tour looks as it is kept, at every width.

``make screens`` renews what is kept; read the difference before you commit it.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import pytest

from tests.screens.kept import as_kept, kept
from tests.screens.tour import WIDTHS, Tour, session

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATIENCE = 20.0
"""Seconds until a moment looks as it is kept."""


@pytest.mark.parametrize("cols", WIDTHS)
def test_a_session_looks_as_it_is_kept(tmp_path: Path, cols: int) -> None:
    expected = kept(cols)
    seen: list[str] = []
    with session(tmp_path, cols) as program:

        def compare(name: str, rows: Callable[[], list[str]]) -> None:
            seen.append(name)
            wanted = expected.get(name, [])
            try:
                program.terminal.wait_for(
                    lambda screen: not screen.read() and as_kept(rows()) == wanted, PATIENCE
                )
            except AssertionError:
                now = as_kept(rows())
                diff = difflib.unified_diff(wanted, now, "kept", "now", lineterm="", n=30)
                pytest.fail("\n".join([f"{cols} columns, {name}:", *diff]), pytrace=False)

        Tour(program, compare).take()
    assert seen == list(expected)


@pytest.mark.parametrize("cols", WIDTHS)
def test_no_row_is_wider_than_its_window(cols: int) -> None:
    for name, rows in kept(cols).items():
        for row in rows:
            assert len(row) <= cols, f"{name}: {row}"
