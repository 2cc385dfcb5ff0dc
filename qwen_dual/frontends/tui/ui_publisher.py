"""Tells channels what takes the person's keys, at each change; made only where there is a channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.frontends.tui.controller import Controller
    from qwen_dual.protocol.events import Event

_RESOLVES = frozenset(("control_request", "control_response"))


class UiPublisher:
    """Compares what is open with what was published last.

    Args:
        controller: knows what takes keys.
        publish: called with the focus and whether the draft is empty, where one of them has changed.
    """

    def __init__(self, controller: Controller, publish: Callable[[str, bool], object]) -> None:
        self._controller = controller
        self._publish = publish
        self._published = ("editor", True)

    def __call__(self, event: Event) -> None:
        """Takes an event: what it opens or closes is told before what follows it."""
        if event["type"] in _RESOLVES or event.get("subtype") == "proposals":
            self._controller.before_drawing()

    def look(self) -> None:
        """Tells what is open, if that is something else than before."""
        now = (focus_of(self._controller), self._controller.editor.empty)
        if now != self._published:
            self._published = now
            self._publish(*now)


def focus_of(controller: Controller) -> str:
    """What takes keys, as ``draft_shapes.UiData`` calls it."""
    asking = controller.asking
    if controller.editor.away == "pager":
        return "pager"
    match controller.focus:
        case "editor":
            return "editor"
        case "form":
            if asking.form is None and asking.dialog.open:
                return "question"
            name = "trust" if asking.form is None else asking.form_name
            sheet = asking.sheet
            fills_in = sheet is None or sheet.page.typing or not sheet.page.question.choices
            return f"{'form' if fills_in else 'picker'}:{name}"
        case _:
            return "proposal" if asking.dialog.is_proposal else "approval"
