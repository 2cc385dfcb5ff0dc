"""How a session behaves in the terminal of its host: what that is told, and the marks in its scrollback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.frontends.tui.screen_marks import MarkedView
from qwen_dual.frontends.tui.view import View

if TYPE_CHECKING:
    from qwen_dual.frontends.tui.reports import Reports


class Guest(Struct, frozen=True):
    """What a front end needs to know of it; by default nothing is told or marked.

    Attributes:
        reports: what the terminal itself is told of the session.
        marks: blocks in the scrollback begin with the marks of their events (OSC 7502).
    """

    reports: Reports | None = None
    marks: bool = False

    @property
    def view(self) -> type[View]:
        """The view that says which event a block came with, where that is marked."""
        return MarkedView if self.marks else View

    @property
    def marks_prompts(self) -> bool:
        """Whether prompts are marked as a shell's are (OSC 133), now."""
        return self.reports is not None and self.reports.marks_prompts


NOBODY = Guest()
