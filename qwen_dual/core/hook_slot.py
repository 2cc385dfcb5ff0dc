"""Where the hooks of a session are; what they may say, ``hooks`` has, which only who has some imports."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qwen_dual.core.hooks import Hooks


class HookSlot:
    """Where the hooks of a session are, if it has any."""

    def __init__(self) -> None:
        self._current: Hooks | None = None

    @property
    def current(self) -> Hooks | None:
        """Those in force; None costs nothing."""
        return self._current

    @current.setter
    def current(self, hooks: Hooks | None) -> None:
        self._current = hooks
