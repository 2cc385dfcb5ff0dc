"""Which files of rules count when something is searched, listed or mentioned."""

from __future__ import annotations

from msgspec import Struct


class Filters(Struct, frozen=True):
    """``context.fileFiltering`` of the settings."""

    gitignore: bool = True
    qwenignore: bool = True


ALL = Filters()
"""Both count."""
