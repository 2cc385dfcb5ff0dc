"""The region's windows: each part of the frame in its place. Decides no sizes.

prompt-toolkit asks these windows; the answers are in the frame that was composed for the draw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prompt_toolkit.data_structures import Point
from prompt_toolkit.filters import Condition
from prompt_toolkit.layout import (
    BufferControl,
    ConditionalContainer,
    Dimension,
    FormattedTextControl,
    HSplit,
    Layout,
    Window,
)
from prompt_toolkit.layout.processors import (
    AfterInput,
    HighlightSelectionProcessor,
    TabsProcessor,
)

from qwen_dual.frontends.tui.dialogs.field import CURSOR
from qwen_dual.frontends.tui.text import theme
from qwen_dual.frontends.tui.text.lines import TAB, join

if TYPE_CHECKING:
    from collections.abc import Callable

    from prompt_toolkit.formatted_text import StyleAndTextTuples

    from qwen_dual.frontends.tui.controller import Controller
    from qwen_dual.frontends.tui.editing.editor import Editor
    from qwen_dual.frontends.tui.region.frame import Frame
    from qwen_dual.frontends.tui.text.lines import Line


class Region:
    """The windows and where the focus is.

    Args:
        controller: its editors are shown.
        frame: gives the frame of this draw.
    """

    def __init__(self, controller: Controller, frame: Callable[[], Frame]) -> None:
        self._controller = controller
        self._dialog = _lines_window(
            lambda: frame().dialog,
            focusable=True,
            hidden_cursor=lambda: Point(0, frame().hidden_cursor),
        )
        editor, reason = controller.editor, controller.asking.reason
        self._editor = _buffer_window(
            editor, lambda: frame().editor_rows, lambda: frame().placeholder
        )
        self._reason = _buffer_window(reason, lambda: frame().reason_rows, str)
        self._form = _lines_window(lambda: frame().form, focusable=True, cursor=True)
        rows = HSplit(
            [
                _shown(_lines_window(lambda: frame().live), lambda: bool(frame().live)),
                _shown(self._dialog, lambda: bool(frame().dialog)),
                _shown(self._form, lambda: bool(frame().form)),
                _shown(self._reason, lambda: frame().reason_rows > 0),
                _shown(self._editor, lambda: frame().editor_rows > 0),
                _shown(_lines_window(lambda: frame().panel), lambda: bool(frame().panel)),
                _shown(_lines_window(lambda: frame().footer), lambda: bool(frame().footer)),
                # What a lower frame leaves until the region is shrunk.
                Window(height=Dimension(min=0, preferred=0)),
            ]
        )
        self.layout = Layout(rows, focused_element=self._editor)

    def follow_focus(self) -> None:
        """Puts prompt-toolkit's focus where the controller says that keys go."""
        window = {
            "editor": self._editor,
            "dialog": self._dialog,
            "reason": self._reason,
            "form": self._form,
        }
        wanted = window[self._controller.focus]
        if self.layout.current_window is not wanted:
            self.layout.current_window = wanted


def _shown(window: Window, when: Callable[[], bool]) -> ConditionalContainer:
    return ConditionalContainer(window, Condition(when))


def _lines_window(
    lines: Callable[[], list[Line]],
    *,
    focusable: bool = False,
    cursor: bool = False,
    hidden_cursor: Callable[[], Point] | None = None,
) -> Window:
    def text() -> StyleAndTextTuples:
        return join(lines())

    def hidden() -> bool:
        return not cursor or not any(CURSOR in line for line in lines())

    return Window(
        FormattedTextControl(
            text,
            focusable=focusable,
            show_cursor=cursor,
            get_cursor_position=hidden_cursor,
        ),
        height=lambda: Dimension.exact(len(lines())),
        dont_extend_height=True,
        always_hide_cursor=Condition(hidden),
    )


def _buffer_window(
    editor: Editor, rows: Callable[[], int], placeholder: Callable[[], str]
) -> Window:
    def behind() -> StyleAndTextTuples:
        return [(theme.DIM, "" if editor.buffer.text else placeholder())]

    def prefix(line: int, wrapped: int) -> StyleAndTextTuples:
        symbol = "! " if editor.shell else "> "
        return [("class:prompt", symbol)] if line == 0 and wrapped == 0 else [("", "  ")]

    return Window(
        BufferControl(
            editor.buffer,
            input_processors=[
                HighlightSelectionProcessor(),
                TabsProcessor(tabstop=TAB, char1=" ", char2=" "),
                AfterInput(behind),
            ],
            include_default_input_processors=False,
        ),
        height=lambda: Dimension.exact(rows()),
        dont_extend_height=True,
        wrap_lines=True,
        get_line_prefix=prefix,
    )
