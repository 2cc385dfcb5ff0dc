"""What a person is used to, as their settings have it: for front ends that show a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.settings import keys

if TYPE_CHECKING:
    from qwen_dual.settings.load import Settings


class Habits(Struct, frozen=True):
    """Of one person.

    Attributes:
        theme: the colours' name; None where none was picked.
        editor: the command of an editor for prompts; empty where none was.
        vi: the prompt is edited with vi's keys.
        hide_banner: the first screen has no banner.
        hide_tips: and no tips.
        images: how the terminal draws images; ``off`` where it does not.
        enter_queues: what is sent while a turn runs waits until it is over, and does not join it.
    """

    theme: str | None = None
    editor: str = ""
    vi: bool = False
    hide_banner: bool = False
    hide_tips: bool = False
    images: str = "off"
    enter_queues: bool = False

    @classmethod
    def of(cls, settings: Settings) -> Habits:
        """As ``settings`` say."""
        return cls(
            settings.get(keys.THEME),
            settings.get(keys.EDITOR) or "",
            settings.get(keys.VIM_MODE),
            settings.get(keys.HIDE_BANNER),
            settings.get(keys.HIDE_TIPS),
            settings.get(keys.IMAGES),
            settings.get(keys.ENTER_WHILE_BUSY) == "queue",
        )
