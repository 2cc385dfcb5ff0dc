"""One frame of the region: which part gets how many rows. Pure.

From top to bottom: what is live, the dialog or the editor, the panel (suggestions or shortcuts),
the footer. The editor's own height comes from its buffer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from qwen_dual.frontends.tui.dialogs.form_lines import form_lines
from qwen_dual.frontends.tui.editing.rows import row_starts
from qwen_dual.frontends.tui.region.footer import Facts, footer_lines
from qwen_dual.frontends.tui.region.help import help_lines, tool_lines
from qwen_dual.frontends.tui.region.live import Live, live_part
from qwen_dual.frontends.tui.region.room import Room, rows_added
from qwen_dual.frontends.tui.text.lines import clip, clip_line

if TYPE_CHECKING:
    from qwen_dual.frontends.tui.controller import Controller
    from qwen_dual.frontends.tui.rendering.open_rendering import OpenRendering
    from qwen_dual.frontends.tui.state.view import View
    from qwen_dual.frontends.tui.text.lines import Line

ROOMY = 12
"""From this many rows on, blank lines set the parts apart."""

HINT_ROWS = 3
"""Rows that a hint may take in the footer's place."""

DIALOG_SHARE = 60
"""Of 100 rows, how many a dialog may take."""

MIN_DIALOG = 10
"""Rows that it may take however low the window is, as far as there are so many."""

PROMPT_WIDTH = 2


class Frame(Struct):
    """The rows of each part.

    Attributes:
        form: what is asked one question at a time, in the dialog's and the editor's place.
        hidden_cursor: the dialog's row in which the cursor is left while it is not shown.
        placeholder: what stands in the editor while it is empty.
        editor_rows: 0 while something else has its place.
        reason_rows: of the line in which a reason is typed; 0 when none is.
    """

    live: list[Line] = field(default_factory=list)
    dialog: list[Line] = field(default_factory=list)
    form: list[Line] = field(default_factory=list)
    hidden_cursor: int = 0
    reason_rows: int = 0
    placeholder: str = ""
    editor_rows: int = 1
    panel: list[Line] = field(default_factory=list)
    footer: list[Line] = field(default_factory=list)

    @property
    def height(self) -> int:
        """All rows."""
        lines = (self.live, self.dialog, self.form, self.panel, self.footer)
        return sum(map(len, lines)) + self.reason_rows + self.editor_rows


def compose(
    view: View,
    controller: Controller,
    facts: Facts,
    *,
    columns: int,
    rows: int,
    now: float,
    rows_above: int | None = None,
    rendering: OpenRendering | None = None,
    still: bool = False,
) -> Frame:
    """The frame for a window of ``columns`` by ``rows``.

    Args:
        rows_above: so many are known to leave the window before the region's do, when it gets
            narrower and long rows are wrapped anew; None where the terminal cuts them.
        rendering: of the answer's open end.
        still: nothing that grows or counts is shown.
    """
    frame = Frame()
    gap = rows >= ROOMY
    if rows >= 3:
        frame.footer = footer_lines(facts, columns, HINT_ROWS if gap else 1)
        if rows >= 2 * ROOMY:
            frame.footer.insert(0, [])
    left = rows - len(frame.footer)
    third = max(1, rows // 3)
    focus = controller.focus
    if focus == "editor":
        frame.editor_rows = _rows(controller.editor.text, columns, third)
        frame.placeholder = clip(controller.placeholder, max(0, columns - 3))
        left -= frame.editor_rows
    elif focus == "reason":
        frame.editor_rows = 0
        reason = controller.asking.reason.text
        frame.reason_rows = min(_rows(reason, columns, third), max(1, left - 1))
        left -= frame.reason_rows
    else:
        frame.editor_rows = 0
    asking = controller.asking
    dialog = asking.dialog
    if focus == "form":
        frame.form = _form(controller, columns, left - 1 if gap else left, now)
        if gap and frame.form:
            frame.form.insert(0, [])
        left -= len(frame.form)
    elif dialog.open:
        room = min(left, max(MIN_DIALOG, rows * DIALOG_SHARE // 100))
        frame.dialog = dialog.lines(columns, room - 1 if gap else room, now)
        if gap and frame.dialog:
            frame.dialog.insert(0, [])
            if focus == "editor":
                frame.dialog.append([])
        left -= len(frame.dialog)
    elif asking.offered is not None and not controller.panel and not controller.suggestions.shown:
        room = left - 3 if gap else left
        if not controller.editor.empty:
            room = min(room, 1)  # whoever writes wants to see what it is about
        frame.dialog = form_lines(asking.offered, columns, room, armed=False)
        if gap and frame.dialog:
            frame.dialog = [[], *frame.dialog, []]
        left -= len(frame.dialog)
    elif focus == "editor":
        frame.panel = _panel(controller, columns, left)
        left -= len(frame.panel)
    if left > 0:
        room = left - 2 if gap else left
        narrower = None
        if rows_above is not None:
            narrower = _narrower(frame, controller.editor.text, columns, rows, rows_above)
        live = live_part(
            view, columns, room, now, narrower=narrower, rendering=rendering, still=still
        )
        _place_live(frame, live, columns, gap=gap)
    return frame


def _narrower(frame: Frame, draft: str, columns: int, rows: int, rows_above: int) -> Room:
    """What of a window of half the width is left for live rows."""
    half = max(1, columns // 2)
    parts = (frame.dialog, frame.form, frame.panel, frame.footer)
    added = sum(rows_added(lines, half) for lines in parts)
    typed = frame.editor_rows + frame.reason_rows
    added += typed if typed > 1 else rows_added([[("", f"> {draft}")]], half)
    # One blank row is always below what is live; the one above it may leave the window.
    return Room(rows - frame.height - 1 - added, half, rows_above - added)


def _place_live(frame: Frame, live: Live, columns: int, *, gap: bool) -> None:
    lines = live.lines
    if lines and gap and not live.goes_on:
        lines.insert(0, [])
    if gap and not frame.dialog and not frame.form:
        lines.append([])
    frame.live = [clip_line(line, columns) for line in lines]


def _form(controller: Controller, columns: int, height: int, now: float) -> list[Line]:
    asking = controller.asking
    mine = asking.form or asking.offered
    if mine is not None:
        return form_lines(mine, columns, height)
    return asking.dialog.lines(columns, height, now)


def _panel(controller: Controller, columns: int, left: int) -> list[Line]:
    if controller.panel == "help":
        return help_lines(columns, left, enter_queues=controller.sending.enter_queues)
    if controller.panel == "tools":
        return tool_lines(controller.tools, columns, left)
    return controller.suggestions.lines(columns, left)


def _rows(text: str, columns: int, most: int) -> int:
    width = max(1, columns - PROMPT_WIDTH)
    if len(text) >= width * most:
        return most
    # The cursor may stand behind each line, and is given a cell there.
    return min(len(row_starts(f"{text} ".replace("\n", " \n"), width)), most)
