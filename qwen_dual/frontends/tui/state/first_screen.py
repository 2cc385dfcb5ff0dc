"""What a session begins with on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.frontends.tui.state.blocks import BannerBlock
from qwen_dual.protocol.sanitise import sanitise

if TYPE_CHECKING:
    from collections.abc import Sequence

WELCOME = "Type a prompt; / lists commands, ? shortcuts."


def first_screen(lines: Sequence[str], about: str) -> BannerBlock:
    """The block of ``lines``; where there are none, of ``about`` and of how to begin."""
    title, *rest = lines or (about, WELCOME)
    return BannerBlock(sanitise(title), tuple(map(sanitise, rest)))
