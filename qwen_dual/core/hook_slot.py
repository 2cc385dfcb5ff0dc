"""Where the hooks of a session are; what they may say, ``hooks`` has, which only who has some imports."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qwen_dual.core.hooks import Hooks


class HookSlot:
    """Where the hooks of a session are, if it has any.

    Attributes:
        current: those in force; None costs nothing.
    """

    def __init__(self) -> None:
        self.current: Hooks | None = None
