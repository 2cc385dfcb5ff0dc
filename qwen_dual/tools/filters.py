"""Which files of rules count when something is searched, listed or mentioned."""

from __future__ import annotations

from typing import NamedTuple


class Filters(NamedTuple):
    """``context.fileFiltering`` of the settings."""

    gitignore: bool = True
    qwenignore: bool = True


ALL = Filters()
"""Both count."""
