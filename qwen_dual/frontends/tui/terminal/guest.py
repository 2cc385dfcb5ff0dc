"""How a session behaves in the terminal of its host: what that is told, and the marks in its scrollback.

What makes them is loaded behind the first paint, or when it is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qwen_dual.frontends.tui.state.view import View
    from qwen_dual.frontends.tui.terminal.reports import Reports
    from qwen_dual.frontends.tui.text.lines import Line
    from qwen_dual.protocol.events import Event

_TELLING = ("system", "result", "control_request", "control_response")


class Guest:
    """What a front end has of it; an observer of the bus. Nothing is told before ``begin``.

    Args:
        marks: blocks in the scrollback begin with the marks of their events (OSC 7502).

    Attributes:
        marks: as given.
        reports: what the terminal itself is told of the session; None before ``begin``.
    """

    def __init__(self, *, marks: bool = False) -> None:
        self.marks = marks
        self.reports: Reports | None = None
        self._missed: list[Event] = []

    def __call__(self, event: Event) -> None:
        """Takes one event."""
        if self.reports is not None:
            self.reports(event)
        elif event["type"] in _TELLING:
            self._missed.append(event)

    def begin(self, reports: Reports) -> None:
        """Tells the terminal from the next drawing on, of what went before too."""
        for event in self._missed:
            reports(event)
        self._missed.clear()
        self.reports = reports

    def given(self) -> str:
        """What the terminal is told before it is another program's: all is taken back."""
        return self.reports.given() if self.reports is not None else ""

    @property
    def view(self) -> type[View]:
        """The view that says which event a block came with, where that is marked."""
        if self.marks:
            from qwen_dual.frontends.tui.state.screen_marks import MarkedView

            return MarkedView
        from qwen_dual.frontends.tui.state.view import View

        return View

    def marked(self, lines: list[Line], seq: int, *, prompt: bool) -> list[Line]:
        """The lines of a block with the marks it gets, which take no room.

        Args:
            lines: as rendered.
            seq: of the event that it came with; 0 for none.
            prompt: it is what somebody entered, which is marked as at a shell's prompt where the
                terminal has use for that.
        """
        prompt = prompt and self.reports is not None and self.reports.marks_prompts
        if not prompt and not self.marks:
            return lines
        from qwen_dual.frontends.tui.state.screen_marks import with_marks

        return with_marks(lines, seq if self.marks else None, prompt=prompt)
