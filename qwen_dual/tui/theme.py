"""The colours: one accent, dim for what is secondary, red for errors, and the diff's two.

Legible on light and dark: the accent is of middle lightness, everything else is an attribute or a
colour of the terminal's own palette. It does not decide how many colours a terminal has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prompt_toolkit.output import ColorDepth
from prompt_toolkit.styles import Style

if TYPE_CHECKING:
    from prompt_toolkit.styles import BaseStyle

ACCENT = "class:accent"
DIM = "class:dim"
ERROR = "class:error"
STRONG = "class:strong"
ADDED = "class:added"
REMOVED = "class:removed"
PLAIN = ""

# Contrast 4.2 to 1 on white and 5.0 to 1 on black.
_ACCENT_RGB = "#7b68d6"


def make_style(depth: ColorDepth) -> BaseStyle:
    """The style sheet for a terminal of this many colours."""
    # The nearest of 16 colours to a middle violet is a grey on many palettes.
    accent = "ansimagenta" if depth == ColorDepth.DEPTH_4_BIT else _ACCENT_RGB
    return Style.from_dict(
        {
            "accent": accent,
            "dim": "dim",
            "error": "ansired",
            "strong": "bold",
            "added": "ansigreen",
            "removed": "ansired",
            "prompt": accent,
            "selected": f"bold {accent}",
            # prompt-toolkit's own defaults paint backgrounds, which differ from theme to theme.
            "incsearch": "underline",
            "incsearch.current": "bold underline",
            "search": "noinherit underline",
            "search.current": "noinherit bold underline",
        }
    )
