"""The second terminal, installed once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.screens.xterm import Unavailable, install

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def xterm() -> Path:
    """The folder with xterm.js; skips where it cannot be had."""
    try:
        return install()
    except Unavailable as why:
        pytest.skip(str(why))
