"""Which colours are in force: the theme that was chosen, and whether the background is light or dark.

The terminal is asked for its background (OSC 11) once. An answer that comes late changes nothing, and
none is waited for; until one comes the default theme is the terminal's own palette.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

from qwen_dual.frontends.tui.text import theme
from qwen_dual.protocol.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable

    from prompt_toolkit.output import ColorDepth
    from prompt_toolkit.styles import BaseStyle

QUERY = "\x1b]11;?\x1b\\"

ANSWER_SECONDS = 3.0
"""How long an answer counts: a person who has begun to read wants no other colours."""

_ANSWER = regex(
    r"\x1b\]11;rgba?:([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})"
    r"|\x1b\]11;#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})"
)

# From this luminance on black on it has more contrast than white.
_MIDDLE = 0.179

Background = Literal["dark", "light"]


class Appearance:
    """The colours of one front end.

    Args:
        depth: how many the terminal has.
        name: of the theme that was chosen; an unknown one counts as the default.
        changed: called when an answer has changed them.
        now: a monotonic clock in seconds.
    """

    def __init__(
        self,
        depth: ColorDepth,
        name: str,
        changed: Callable[[], object],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._previewed: str | None = None
        self._depth = depth
        self._changed = changed
        self._now = now
        self._asked: float | None = None
        self._background: Background | None = None

    @property
    def style(self) -> BaseStyle:
        """The style sheet in force."""
        name = self._previewed or self.name
        chosen = theme.find(name)
        if (chosen is None or chosen.name == theme.DEFAULT) and self._background is not None:
            return theme.make_style(self._depth, self._background)
        return theme.make_style(self._depth, name)

    def choose(self, name: str, *, preview: bool = False) -> None:
        """Takes another theme; a preview leaves ``name`` what it was."""
        self._previewed = name if preview else None
        if not preview:
            self.name = name

    def ask(self, write: Callable[[str], object]) -> None:
        """Asks the terminal, once."""
        if self._asked is None:
            self._asked = self._now()
            write(QUERY)

    def read(self, data: str) -> bool:
        """Looks for the answer in what was read; whether none is waited for any more.

        It takes nothing out: the parser of keys swallows it.
        """
        if self._asked is None or self._now() - self._asked > ANSWER_SECONDS:
            return True
        background = background_in(data)
        if background is None:
            return False
        self._background = background
        self._changed()
        return True


def background_in(data: str) -> Background | None:
    """Whether the answer in ``data`` names a dark or a light colour; None where there is none."""
    found = _ANSWER.search(data)
    if found is None:
        return None
    parts = [part for part in found.groups() if part is not None]
    channels = [int(part, 16) / (16 ** len(part) - 1) for part in parts]
    return "light" if _luminance(channels) > _MIDDLE else "dark"


def _luminance(channels: list[float]) -> float:
    """The relative luminance of sRGB channels from 0 to 1, as WCAG 2 has it."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
