"""What a person wants their terminal to be told of a session, as their settings have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from qwen_dual.settings import terminal_keys

if TYPE_CHECKING:
    from qwen_dual.settings.load import Settings


class InTerminal(Struct, frozen=True):
    """What a person wants their terminal to be told of a session.

    Attributes:
        title: that the window's title is set at all.
        title_status: that it says what the session is doing.
        status: program status; ``auto`` asks the terminal, ``on`` tells it unasked.
        progress: the same of progress; ``auto`` knows some terminals.
        alerts: a bell or notification while the window has no focus: at everything that waits for the
            person and after long turns (``all``), only after those (``ends``), or none.
    """

    title: bool = True
    title_status: bool = True
    status: str = "auto"
    progress: str = "auto"
    alerts: Literal["all", "ends", "none"] = "all"

    @classmethod
    def of(cls, settings: Settings) -> InTerminal:
        """As ``settings`` say."""
        ends_only = settings.get(terminal_keys.NOTIFICATION_MODE) == "task-complete"
        return cls(
            not settings.get(terminal_keys.HIDE_TITLE),
            settings.get(terminal_keys.STATUS_IN_TITLE),
            settings.get(terminal_keys.PROGRAM_STATUS),
            settings.get(terminal_keys.PROGRESS),
            "none" if not settings.get(terminal_keys.BELL) else "ends" if ends_only else "all",
        )
