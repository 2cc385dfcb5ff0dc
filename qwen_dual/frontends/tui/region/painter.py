"""What one drawing does: finished blocks into the scrollback, the region composed and drawn.

The clock says when; the app says what there is to draw. It decides nothing that outlives a frame.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from qwen_dual.frontends.tui.region.frame import PROMPT_WIDTH, Frame, compose
from qwen_dual.frontends.tui.rendering.transcript import BUDGET, IDLE_BUDGET
from qwen_dual.frontends.tui.text import theme
from qwen_dual.frontends.tui.text.lines import width_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from prompt_toolkit.application import Application

    from qwen_dual.frontends.tui.controller import Controller
    from qwen_dual.frontends.tui.region.footer import Facts
    from qwen_dual.frontends.tui.region.layout import Region
    from qwen_dual.frontends.tui.rendering.open_rendering import OpenRendering
    from qwen_dual.frontends.tui.rendering.scrollback import Scrollback
    from qwen_dual.frontends.tui.rendering.transcript import Transcript
    from qwen_dual.frontends.tui.state.view import View
    from qwen_dual.frontends.tui.text.lines import Line

log = logging.getLogger(__name__)


class Painter:
    """Draws one front end.

    Args:
        app: the application whose region it is.
        region: its windows.
        scrollback: takes what is finished.
        transcript: what is on its way there.
        view: gives both.
        controller: the person's side.
        facts: the footer's.
        rendering: of the answer's open end.
        still: nothing that grows or counts is drawn.

    Attributes:
        frame: of the drawing that is under way.
    """

    def __init__(
        self,
        app: Application[None],
        region: Region,
        scrollback: Scrollback,
        transcript: Transcript,
        view: View,
        controller: Controller,
        facts: Callable[[], Facts],
        *,
        rendering: OpenRendering | None = None,
        still: bool = False,
    ) -> None:
        self.frame = Frame()
        self._next: Frame | None = None  # composed for the draw that follows
        self._app = app
        self._region = region
        self._scrollback = scrollback
        self._transcript = transcript
        self._view = view
        self._controller = controller
        self._facts = facts
        self._rendering = rendering
        self._still = still
        app.before_render += self._before_render
        app.key_processor.before_key_press += self._before_key

    @property
    def columns(self) -> int:
        """Of the window; at least 1."""
        return max(1, self._app.output.get_size().columns)

    @property
    def rows(self) -> int:
        """Of the window; at least 1."""
        return max(1, self._app.output.get_size().rows)

    @property
    def animated(self) -> bool:
        """Whether seconds are shown that go by."""
        work = self._view.work
        return not self._still and (work.since is not None or bool(work.agents))

    def draw(self) -> bool:
        """Draws what has changed; False when something was left for the next time."""
        self._controller.before_drawing()
        self._transcript.add(self._view.take())
        busy = self._view.work.since is not None
        if not self._transcript.commit(BUDGET if busy else IDLE_BUDGET):
            last = self._app.renderer.last_rendered_screen
            frame = self._next = self._compose()
            self._scrollback.headroom = bool(frame.dialog or frame.form)
            if last is not None and frame.height < min(last.height, self.rows):
                self._scrollback.shrink()
            else:
                self._scrollback.redraw(whole=_has_wide(frame.live))
        stale = self._rendering is not None and self._rendering.stale
        return not self._transcript.waiting and not stale

    def _before_render(self, _: object) -> None:
        self._controller.before_drawing()
        self._region.follow_focus()
        self._controller.editor.width = max(1, self.columns - PROMPT_WIDTH)
        self.frame = self._next or self._compose()
        self._next = None

    def _before_key(self, _: object) -> None:
        self._controller.note_key()
        # A dialog may have begun to take keys since the last drawing.
        self._region.follow_focus()

    def _compose(self) -> Frame:
        try:
            frame = compose(
                self._view,
                self._controller,
                self._facts(),
                columns=self.columns,
                rows=self.rows,
                now=time.monotonic(),
                rows_above=self._scrollback.rows_above,
                rendering=self._rendering,
                still=self._still,
            )
            if frame.dialog and self._scrollback.hides_cursor_below:
                frame.hidden_cursor = len(frame.dialog) - 1
            return frame
        except Exception:
            # A callback that raises while drawing would be called again for ever.
            log.exception("the region could not be composed")
            return Frame(footer=[[(theme.ERROR, "drawing failed; see the debug log")]])


def _has_wide(lines: list[Line]) -> bool:
    return any(
        not text.isascii() and width_of(text) != len(text) for line in lines for _, text in line
    )
