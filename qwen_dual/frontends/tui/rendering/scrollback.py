"""Finished text into the terminal's own scrollback, above the live region.

Owns, with ``drawn``, everything that needs prompt-toolkit's renderer from the inside; no other module
touches its private attributes. Each method leaves the terminal in one write, between the marks of a
synchronized update, so no half-drawn frame is ever shown. It does not decide what is committed.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from prompt_toolkit.data_structures import Point
from prompt_toolkit.formatted_text import to_formatted_text

from qwen_dual.frontends.tui.rendering.drawn import DrawnRegion
from qwen_dual.frontends.tui.rendering.held import Held
from qwen_dual.frontends.tui.terminal.reflow import Reflow, rows_blank_above
from qwen_dual.frontends.tui.terminal.settling import Settling
from qwen_dual.frontends.tui.terminal.tty_output import TerminalOutput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prompt_toolkit.application import Application
    from prompt_toolkit.formatted_text import AnyFormattedText, StyleAndTextTuples
    from prompt_toolkit.styles import Attrs

# What this module relies on in prompt-toolkit, beyond its public interface.
RENDERER_ATTRIBUTES = (
    "_cursor_pos",
    "_last_screen",
    "_last_size",
    "_last_style",
    "_min_available_height",
    "_style_string_has_style",
)
APPLICATION_ATTRIBUTES = ("_on_resize", "_redraw", "_running_in_terminal")

_BEGIN_UPDATE = "\x1b[?2026h"
_END_UPDATE = "\x1b[?2026l"

_CLEAR: StyleAndTextTuples = [("[Clear]", "")]
"""Stands among finished text for what ``Scrollback.clear`` does."""


class Scrollback:
    """Commits text above the live region of a prompt-toolkit application.

    It works before the application runs and after it has ended, too; the text is then printed.
    While the terminal does not read, another program has it (`run_in_terminal`) or tmux may not have
    told its width yet (`Settling`), text is held back and committed in order afterwards. All methods
    belong on the event loop's thread.

    What was committed belongs to the terminal: it is never written again, also not when the window
    changes its size. Where it stands by then only the terminal knows, and whatever was erased and
    repainted on a guess would stand there twice, or not at all, as would the shell's own lines.

    Some terminals keep the blank rows below a region that they wrap anew, and rather move the
    window's first rows into their history, out of reach. A region that asks for headroom, or was put at the
    top by ``clear``, gets so many blank rows above it, where less is known to stand there, that half
    the width moves none of its own.

    Args:
        app: The application whose region is kept below what is committed.
        reflow: What the terminal does to long rows when its width changes.

    Attributes:
        headroom: The region has long rows for a while, as a dialog's, so it needs headroom.
    """

    def __init__(self, app: Application[Any], reflow: Reflow = Reflow.CUT) -> None:
        self._drawn = DrawnRegion(app, reflow)
        self.headroom = False
        self._lines_above = 0  # known to be between the window's or history's top and the region
        self._blank_above = 0  # rows of headroom
        self._cleared = False  # only what is counted in `_lines_above` stands above the region
        self._app = app
        self._held = Held()
        self._draw_missed = self._updating = False
        self._settling = Settling(app.output.get_size, self._settled)
        self._redraw_app = app._redraw
        app._redraw = self._redraw_if_writable  # type: ignore[method-assign]
        app._on_resize = self._resized  # type: ignore[method-assign]
        app.before_render += lambda _: self._follow_width()
        # run_in_terminal ends with a draw: what was held back meanwhile can follow it.
        app.after_render += lambda _: self._release()
        if isinstance(app.output, TerminalOutput):
            app.output.on_drained(self._on_drained)

    def commit(self, text: AnyFormattedText) -> None:
        """Puts finished text into the scrollback, below everything committed before.

        The region is drawn anew at the height it needs now. A newline is added where the text
        does not end with one; an empty text only redraws.

        Args:
            text: Sanitised text, without tabs; it may be styled.
        """
        self._take(_with_newline(to_formatted_text(text)))

    def shrink(self) -> None:
        """Redraws the region at the height it needs; of itself it never gets lower."""
        self.commit("")

    def redraw(self, whole: bool = False) -> None:
        """Draws the region now.

        Args:
            whole: Draw every cell, not only what changed. Needed when wide characters are about,
                on whose width terminals disagree.
        """
        if not self._app.is_running or not self._writable():
            return
        if self._blank_above and not self.headroom and self._missing_headroom() < 0:
            self.shrink()
            return
        with self._update():
            if whole:
                self._app.renderer._last_screen = None
            self._draw_region()

    def clear(self) -> None:
        """Moves the region to the top of an empty window; what stood above it is scrolled up."""
        if self._app.is_running:
            self._take(_CLEAR)

    def leave(self) -> None:
        """Takes the region away, for another program that gets the terminal."""
        if not self._app.is_running or self._app._running_in_terminal:
            return
        with self._update():
            self._erase_region()
            self._app.renderer.reset()

    def come_back(self) -> None:
        """Draws the region at the cursor, wherever another program has left that."""
        if not self._app.is_running or self._app._running_in_terminal:
            return
        with self._update():
            self._app.output.write_raw("\r")
            self._forget_region()
            self._lines_above, self._cleared = 0, False
            self._app._redraw()

    def finish(self) -> None:
        """Prints what is still held back. For after the application has ended."""
        self._settling.stop()
        if self._held:
            self._draw(self._held.take())

    @property
    def reflow(self) -> Reflow:
        """What the terminal does; may be corrected once it has said what it is."""
        return self._drawn.reflow

    @reflow.setter
    def reflow(self, reflow: Reflow) -> None:
        self._drawn.reflow = reflow

    @property
    def rows_above(self) -> int | None:
        """So many are known to leave the window before the region's, when that gets narrower.

        None where none leaves it, since the terminal cuts rows; all of the window's where blank rows
        below the region go first.
        """
        if self.reflow is Reflow.CUT:
            return None
        if self.reflow is Reflow.WRAP:
            return self._app.output.get_size().rows
        return self._lines_above + self._blank_above

    @property
    def hides_cursor_below(self) -> bool:
        """Whether a cursor that is hidden belongs in the region's last long row, not in its first.

        Where the window becomes lower some keep the rows below the cursor, some those above.
        """
        return self.reflow is Reflow.XTERM_JS

    @property
    def blocked(self) -> bool:
        """Whether nothing may be drawn: the terminal does not read, or its width is not known."""
        output = self._app.output
        return (isinstance(output, TerminalOutput) and output.blocked) or self._is_settling()

    def _is_settling(self) -> bool:
        told_late = self.reflow is Reflow.WRAP_ALL and self._app.is_running
        return told_late and self._settling.under_way()

    def _writable(self) -> bool:
        return not self.blocked and not self._app._running_in_terminal

    def _take(self, fragments: StyleAndTextTuples) -> None:
        if self._held or not self._writable():
            self._held.add(fragments)
            self._release()
        else:
            self._draw(fragments)

    def _draw(self, fragments: StyleAndTextTuples) -> None:
        with self._update():
            if not self._app.is_running:
                self._write(fragments)
                return
            self._erase_region()
            self._write(fragments)
            self._draw_region()

    def _draw_region(self) -> None:
        self._app._redraw()
        missing = self._missing_headroom()
        if missing > 0:
            blank = self._blank_above + missing
            self._erase_region()
            self._app.output.write_raw("\r\n" * blank)
            self._blank_above = blank
            self._app._redraw()

    def _missing_headroom(self) -> int:
        """Blank rows to be added above the region; negative where there are more than it needs."""
        screen, size = self._app.renderer._last_screen, self._app.output.get_size()
        if screen is None:
            return 0
        wanted = 0
        if self.headroom or self._cleared:
            wanted = self._drawn.rows_moved_out(max(1, size.columns // 2)) - rows_blank_above(
                screen
            )
            wanted = max(0, min(wanted, size.rows - screen.height) - self._lines_above)
        return wanted - self._blank_above

    @contextmanager
    def _update(self) -> Iterator[None]:
        if self._updating:
            yield
            return
        output = self._app.output
        batch = output.batch() if isinstance(output, TerminalOutput) else nullcontext()
        self._updating = True
        with batch:
            output.write_raw(_BEGIN_UPDATE)
            try:
                yield
            finally:
                self._updating = False
                output.write_raw(_END_UPDATE)
                output.flush()

    def _erase_region(self) -> None:
        output = self._app.output
        size, drawn = output.get_size(), self._app.renderer._last_size
        changed = drawn is not None and drawn.columns != size.columns
        output.hide_cursor()
        output.write_raw("\r")
        output.cursor_up(self._drawn.rows_above_cursor() + self._blank_above)
        self._lines_above = self._lines_still_above()
        output.reset_attributes()
        if changed:
            self._forget_wrapping(size.rows)
        output.erase_down()
        output.enable_autowrap()
        self._forget_region()

    def _forget_wrapping(self, rows: int) -> None:
        # screen takes a row that it has wrapped anew for one that goes on, also once it is erased,
        # and joins it with the next when it becomes wider: with a line of the conversation, by
        # then. It forgets that of a deleted row; one that is deleted at the top of the window would
        # go into the history, so a new one is inserted there first.
        self._app.output.write_raw(f"\x1b7\x1b[L\x1b[B\x1b[{rows}M\x1b8")

    def _lines_still_above(self) -> int:
        """How many lines are known to be in the window above the region that is erased now."""
        renderer, size = self._app.renderer, self._app.output.get_size()
        screen, drawn = renderer._last_screen, renderer._last_size
        if screen is None or drawn is None:
            return self._lines_above
        # Those above a region that reached the bottom of the window may have left it.
        lines = min(size.rows, drawn.rows) - screen.height - self._blank_above
        return max(0, min(self._lines_above, lines) - self._drawn.rows_moved_out(size.columns))

    def _follow_width(self) -> None:
        """Erases the region where it has got to before it is drawn for another width."""
        renderer = self._app.renderer
        size = renderer._last_size
        if renderer._last_screen is None or size is None:
            return
        if size.columns != self._app.output.get_size().columns:
            self._erase_region()

    def _redraw_if_writable(self, render_as_done: bool = False) -> None:
        # A draw that does not reach the terminal would leave the renderer with a wrong idea of
        # it. The first one and the last are small, and others wait for them.
        if self.blocked and self._app.render_counter and not render_as_done:
            self._draw_missed = True
            return
        if self.reflow is not Reflow.WRAP_ALL:
            self._redraw_app(render_as_done)
            return
        with self._update():
            shown = self._app.renderer._last_screen
            self._redraw_app(render_as_done)
            if shown is not None and self._drawn.leaves_cells(shown):
                self._erase_region()
                self._redraw_app(render_as_done)

    def _forget_region(self) -> None:
        renderer = self._app.renderer
        self._blank_above = 0
        renderer._cursor_pos = Point(x=0, y=0)
        renderer._last_screen = None
        renderer._last_style = None
        renderer._min_available_height = 0

    def _write(self, fragments: StyleAndTextTuples) -> None:
        app, output = self._app, self._app.output
        depth = app.color_depth
        known: dict[str, Attrs] = {}
        for style, text, *_ in fragments:
            if "[ZeroWidthEscape]" in style:
                output.write_raw(text)
                continue
            if style == "[Clear]":
                self._scroll_out()
                continue
            if style not in known:
                attributes = app.renderer.style.get_attrs_for_style_str(style)
                known[style] = app.style_transformation.transform_attrs(attributes)
            for index, line in enumerate(text.replace("\r", "").split("\n")):
                if index:
                    # With a background set, a newline would colour the new row to its end.
                    output.reset_attributes()
                    output.write_raw("\r\n")
                    self._lines_above += 1
                if line:
                    output.set_attributes(known[style], depth)
                    output.write(line)
        output.reset_attributes()

    def _scroll_out(self) -> None:
        if not self._app.is_running:
            return
        # From the region's first row, this many newlines scroll out what is above it and not one
        # blank row; nothing is left to erase. Going back by as many, rather than home, spares what
        # still stands there when the window has become higher meanwhile.
        output = self._app.output
        below = output.get_size().rows - 1
        output.write_raw("\n" * below)
        output.cursor_up(below)
        self._lines_above, self._cleared = 0, True

    def _release(self) -> None:
        # After the last draw the region must not come back: `finish` prints what is left then.
        if self._held and self._writable() and not self._app.is_done:
            self._draw(self._held.take())

    def _on_drained(self, lost: bool) -> None:
        if lost or self._draw_missed:
            self._draw_missed = False
            self.shrink()
        self._release()

    def _resized(self) -> None:
        if self.reflow is Reflow.WRAP_ALL:
            self._settling.changed()
        elif self._writable():
            self.shrink()
        else:
            self._draw_missed = True

    def _settled(self) -> None:
        if not self._app.is_running or self._app.is_done:
            return
        if self._writable():
            self._draw_missed = False
            self.shrink()
        else:
            self._draw_missed = True


def _with_newline(fragments: StyleAndTextTuples) -> StyleAndTextTuples:
    text = next((fragment[1] for fragment in reversed(fragments) if fragment[1]), "\n")
    return fragments if text.endswith("\n") else [*fragments, ("", "\n")]
