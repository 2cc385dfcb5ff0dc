"""The keys of what the terminal is told of a session."""

from __future__ import annotations

from typing import Any, Final

from qwen_dual.settings.key import Key
from qwen_dual.settings.rules import BOOLEAN, Rule

_WANTED: Rule[str] = Rule("one of auto, on, off", lambda value: value in ("auto", "on", "off"))
_MODE: Rule[str] = Rule(
    "one of all, task-complete", lambda value: value in ("all", "task-complete")
)

BELL = Key(
    "general.terminalBell",
    BOOLEAN,
    default=True,
    doc="Whether the terminal calls you while its window has no focus: a bell, or a notification where "
    "it has them.",
)
NOTIFICATION_MODE = Key(
    "general.notificationMode",
    _MODE,
    "all",
    doc="At what: `all` that waits for you and the end of a turn of more than 10 seconds, or only that "
    "(`task-complete`).",
)
HIDE_TITLE = Key(
    "ui.hideWindowTitle",
    BOOLEAN,
    default=False,
    legacy="hideWindowTitle",
    doc="Leaves the window's title alone.",
)
STATUS_IN_TITLE = Key(
    "ui.showStatusInTitle",
    BOOLEAN,
    default=True,
    doc="Whether the window's title says what the session is doing.",
)
PROGRAM_STATUS = Key(
    "ui.programStatus",
    _WANTED,
    "auto",
    doc="Whether the terminal is told what the session is doing (OSC 7501): `auto` asks whether it knows "
    "that; `on` tells it unasked, in tmux the terminal around it (`allow-passthrough`).",
)
PROGRESS = Key(
    "ui.terminalProgress",
    _WANTED,
    "auto",
    doc="The same as progress (OSC 9;4), where the terminal knows no status: `auto` where it is known to "
    "show that.",
)

TERMINAL_KEYS: Final[tuple[Key[Any], ...]] = (
    *(BELL, NOTIFICATION_MODE, HIDE_TITLE, STATUS_IN_TITLE, PROGRAM_STATUS, PROGRESS),
)
