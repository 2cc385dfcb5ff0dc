"""The live region as it was drawn last, and what its rows are in a window of another width.

Reads prompt-toolkit's renderer from the inside, changes nothing in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.frontends.tui.terminal.reflow import (
    Reflow,
    rows_above_cursor,
    rows_moved_out,
    rows_wrapped,
)
from qwen_dual.frontends.tui.terminal.tty_output import TerminalOutput

if TYPE_CHECKING:
    from prompt_toolkit.application import Application
    from prompt_toolkit.layout.screen import Screen


class DrawnRegion:
    """What stands in the window of an application.

    Args:
        app: whose region it is.
        reflow: what the terminal does to long rows when its width changes.
    """

    def __init__(self, app: Application[Any], reflow: Reflow) -> None:
        self.reflow = reflow
        self._app = app

    def rows_moved_out(self, columns: int) -> int:
        """How many rows leave the top of the window when it gets so wide."""
        renderer = self._app.renderer
        screen, size = renderer._last_screen, renderer._last_size
        if screen is None or size is None or columns >= size.columns:
            return 0
        cursor = renderer._cursor_pos
        return rows_moved_out(screen, cursor, columns, self.reflow, self._shows_on_blank)

    def rows_above_cursor(self) -> int:
        """How many rows above the cursor the region begins in the window as it is now."""
        renderer = self._app.renderer
        cursor, screen, size = renderer._cursor_pos, renderer._last_screen, renderer._last_size
        now = self._app.output.get_size()
        if screen is None or size is None or size.columns == now.columns:
            return cursor.y
        return rows_above_cursor(
            screen,
            cursor,
            now.columns,
            self.reflow,
            self._shows_on_blank,
            lower=max(0, size.rows - now.rows),
        )

    def leaves_cells(self, before: Screen) -> bool:
        """Whether a row would be wrapped as if it were as long as the one it was drawn over.

        To tmux a row reaches as far as it ever did, until the whole of it is erased.

        Args:
            before: what was drawn over.
        """
        output, renderer = self._app.output, self._app.renderer
        screen, size = renderer._last_screen, renderer._last_size
        if not isinstance(output, TerminalOutput) or screen is None or size is None:
            return False
        shortened, output.shortened = output.shortened, False
        if not shortened:
            return False
        half = max(1, size.columns // 2)
        return any(
            self._rows(before, y, half) > self._rows(screen, y, half)
            for y in range(min(before.height, screen.height))
        )

    def _rows(self, screen: Screen, y: int, columns: int) -> int:
        return rows_wrapped(screen, y, columns, self.reflow, self._shows_on_blank)

    def _shows_on_blank(self, style: str) -> bool:
        """Whether a row is taken to reach to a blank in this style, where it is wrapped anew."""
        renderer = self._app.renderer
        written = renderer._style_string_has_style
        assert written is not None  # made for the draw that the region's rows are of
        if self.reflow is not Reflow.SCREEN or not written[style]:
            return written[style]
        # A colour alone does not show there to GNU screen.
        attrs = renderer.style.get_attrs_for_style_str(style)
        shown = (attrs.bold, attrs.dim, attrs.italic, attrs.underline, attrs.blink, attrs.reverse)
        return any(shown)
