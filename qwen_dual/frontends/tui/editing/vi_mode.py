"""vi's keys in the editor: whether they are on, and which of vi's modes holds.

prompt-toolkit knows the commands; what they mean to the rest of the program is ``vi_keys``'s. Where
something else than the draft takes keys, a question or a search, vi's are off for that while.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prompt_toolkit.cursor_shapes import ModalCursorShapeConfig
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.vi_state import InputMode
from prompt_toolkit.keys import Keys

from qwen_dual.frontends.tui.editing.vi_keys import bind_vi
from qwen_dual.frontends.tui.terminal.application import ESCAPE_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Callable

    from prompt_toolkit.application import Application

    from qwen_dual.frontends.tui.controller import Controller

NO_TIMEOUT = 86_400.0
"""Seconds that the first key of a command waits for the next one. To wait for ever hurts nobody, but
one that came back after a while could meet a dialog, which it was never meant for."""

_WORDS = {
    InputMode.INSERT: "INSERT",
    InputMode.INSERT_MULTIPLE: "INSERT",
    InputMode.NAVIGATION: "NORMAL",
    InputMode.REPLACE: "REPLACE",
    InputMode.REPLACE_SINGLE: "REPLACE",
}


class ViMode:
    """vi's keys for one application; off to begin with.

    Args:
        app: the application.
        controller: whose editor they are for.
        shape: called with whether the cursor's shape is changed; tells whether it can be.
    """

    def __init__(
        self, app: Application[None], controller: Controller, shape: Callable[[bool], bool]
    ) -> None:
        self.on = False
        self._app = app
        self._controller = controller
        self._shape = shape
        self._plain_cursor = app.cursor
        assert isinstance(app.key_bindings, KeyBindings)
        bind_vi(app.key_bindings, controller)
        app.key_processor.before_key_press += lambda _: self._follow()
        app.key_processor.after_key_press += lambda _: self._followed()
        app.before_render += lambda _: self._follow()
        controller.sending.on_new_draft = self._insert
        controller.editor.amid_command = self._is_amid_command

    @property
    def word(self) -> str:
        """The mode as it is shown; empty while vi's keys are off."""
        if not self.on:
            return ""
        if self._controller.editor.buffer.selection_state:
            return "VISUAL"
        return _WORDS[self._app.vi_state.input_mode]

    def switch(self, on: bool) -> str:
        """Turns vi's keys on or off; they begin in insert mode. Says what holds from now on."""
        self.on = on
        self._end_command()
        self._insert()
        shaped = self._shape(on)
        self._app.cursor = ModalCursorShapeConfig() if on and shaped else self._plain_cursor
        if not on:
            self._app.output.reset_cursor_shape()
            self._app.timeoutlen = ESCAPE_TIMEOUT
        self._follow()
        return "Vim keys: esc for normal mode, i to insert" if on else "No vim keys"

    def _insert(self) -> None:
        self._app.vi_state.reset()
        self._controller.editor.normal = False

    def _follow(self) -> None:
        """Has vi's keys in force where the draft takes keys, and nowhere else."""
        controller = self._controller
        modal = self.on and controller.focus == "editor" and controller.editor.search is None
        mode = EditingMode.VI if modal else EditingMode.EMACS
        if mode != self._app.editing_mode:
            self._app.editing_mode = mode
            self._end_command()
        # An Esc that nothing follows is told of by no event after it.
        self._note_mode()

    def _is_amid_command(self) -> bool:
        state, selects = self._app.vi_state, self._controller.editor.buffer.selection_state
        waiting = self._app.key_processor.key_buffer or state.operator_func or selects
        return self.on and bool(waiting or self._app.key_processor.arg)

    def _end_command(self) -> None:
        """Half a command must not be finished by a key that is meant for something else."""
        self._app.key_processor.key_buffer.clear()
        self._app.key_processor.arg = None
        state = self._app.vi_state
        state.operator_func = state.operator_arg = None
        if state.input_mode == InputMode.REPLACE_SINGLE:
            state.input_mode = InputMode.NAVIGATION
        if self._controller.editor.buffer.selection_state:
            self._controller.editor.buffer.exit_selection()

    def _note_mode(self) -> None:
        mode = self._app.vi_state.input_mode
        self._controller.editor.normal = self.on and mode == InputMode.NAVIGATION

    def _followed(self) -> None:
        self._note_mode()
        waiting = self._app.key_processor.key_buffer
        escaping = not waiting or waiting[0].key == Keys.Escape
        self._app.timeoutlen = ESCAPE_TIMEOUT if escaping or not self.on else NO_TIMEOUT
