"""What vi's keys do in the editor where prompt-toolkit's bindings and this program's meet.

Bound after all others, and only once somebody wants them: of two bindings the later one counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prompt_toolkit.filters import (
    Condition,
    vi_insert_mode,
    vi_mode,
    vi_navigation_mode,
    vi_selection_mode,
    vi_waiting_for_text_object_mode,
)
from prompt_toolkit.filters.app import vi_replace_single_mode
from prompt_toolkit.key_binding.bindings.named_commands import get_by_name
from prompt_toolkit.key_binding.vi_state import InputMode
from prompt_toolkit.keys import Keys

from qwen_dual.frontends.tui.editing.vi_operators import bind_operators
from qwen_dual.frontends.tui.terminal.arriving_paste import pasted
from qwen_dual.protocol.sanitise import sanitise

if TYPE_CHECKING:
    from prompt_toolkit.filters import Filter
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

    from qwen_dual.frontends.tui.controller import Controller

MAX_COUNT = 1000
"""How often a key is repeated at the most; more is a slip, and would hold up the loop."""

_INSERTED = (InputMode.INSERT, InputMode.REPLACE)
# What a shell's vi mode has for whoever types on, and this program's own list of keys.
_READLINE = (
    ("c-a", "beginning-of-line"),
    ("c-e", "end-of-line"),
    ("c-b", "backward-char"),
    ("c-f", "forward-char"),
    ("c-k", "kill-line"),
    ("escape backspace", "backward-kill-word"),
)
_ANYWHERE = (("c-left", "backward-word"), ("c-right", "forward-word"))


def bind_vi(bindings: KeyBindings, controller: Controller) -> None:
    """Adds the keys of vi's modes to ``bindings``; none counts unless vi's are on."""
    editor = controller.editor
    here = vi_mode & Condition(lambda: controller.focus == "editor" and editor.search is None)
    _bind_escape(bindings, controller, here)
    _bind_commands(bindings, controller, here & ~vi_insert_mode)
    _bind_normal(bindings, controller, here & vi_navigation_mode)
    bind_operators(bindings, here & (vi_navigation_mode | vi_selection_mode))
    for keys, command in _READLINE:
        bindings.add(*keys.split(), filter=here & vi_insert_mode)(get_by_name(command))
    for key, command in _ANYWHERE:
        bindings.add(key, filter=here)(get_by_name(command))


def _bind_escape(bindings: KeyBindings, controller: Controller, here: Filter) -> None:
    bindings.add("escape", filter=here)(lambda event: _escape(event, controller))

    @bindings.add("escape", "y", filter=here)
    @bindings.add("escape", Keys.Any, filter=here)
    def _escape_and(event: KeyPressEvent) -> None:
        """Whoever types this fast means both: here Alt and a letter is no key of its own."""
        _escape(event, controller)
        event.key_processor.feed(event.key_sequence[1], first=True)


def _escape(event: KeyPressEvent, controller: Controller) -> None:
    """To normal mode, and ends what a command waits for; else what Esc does everywhere."""
    state, buffer = event.app.vi_state, event.current_buffer
    unfinished = state.operator_func or buffer.selection_state or event.arg_present
    if controller.panel or (state.input_mode == InputMode.NAVIGATION and not unfinished):
        controller.escape()
        return
    if state.input_mode in _INSERTED:
        buffer.cursor_position += buffer.document.get_cursor_left_position()
    _end_command(event)
    controller.close_suggestions()


def _end_command(event: KeyPressEvent) -> None:
    """Normal mode, in which nothing waits and nothing is selected."""
    event.app.vi_state.input_mode = InputMode.NAVIGATION
    if event.current_buffer.selection_state:
        event.current_buffer.exit_selection()


def _bind_commands(bindings: KeyBindings, controller: Controller, here: Filter) -> None:
    """The keys that would type in the editor, while vi takes keys for commands."""
    editor = controller.editor

    def other(event: KeyPressEvent) -> None:
        state, text = event.app.vi_state, sanitise(event.data)
        single = state.input_mode == InputMode.REPLACE_SINGLE
        if text and (single or state.input_mode == InputMode.REPLACE):
            event.current_buffer.insert_text(text, overwrite=True)
            if single:
                event.current_buffer.cursor_position -= 1
        if single:
            state.input_mode = InputMode.NAVIGATION
        state.operator_func = state.operator_arg = None

    for key in ("?", "!", "/", Keys.Any):
        bindings.add(key, filter=here)(other)
    for key in ("enter", "c-j"):
        waits = vi_waiting_for_text_object_mode | vi_replace_single_mode
        bindings.add(key, filter=here & waits)(other)

    @bindings.add("backspace", filter=here)
    def _left(event: KeyPressEvent) -> None:
        if editor.empty:
            controller.backspace()
        buffer = event.current_buffer
        buffer.cursor_position += buffer.document.get_cursor_left_position(event.arg)

    @bindings.add(Keys.BracketedPaste, filter=here)
    def _pasted(event: KeyPressEvent) -> None:
        _end_command(event)
        editor.paste(pasted(event))

    # Within what is selected, or for an operator, a row is no way into the history.
    busy = vi_selection_mode | vi_waiting_for_text_object_mode
    for key in ("up", "c-p"):
        bindings.add(key, filter=here & busy)(lambda event: event.current_buffer.cursor_up())
    for key in ("down", "c-n"):
        bindings.add(key, filter=here & busy)(lambda event: event.current_buffer.cursor_down())


def _bind_normal(bindings: KeyBindings, controller: Controller, here: Filter) -> None:
    """The commands of normal mode that reach beyond the draft, or that have no place here."""

    @bindings.add("k", filter=here)
    def _up(event: KeyPressEvent) -> None:
        for _ in range(min(event.arg, MAX_COUNT)):
            controller.up()

    @bindings.add("j", filter=here)
    def _down(event: KeyPressEvent) -> None:
        for _ in range(min(event.arg, MAX_COUNT)):
            controller.down()

    # As a shell in vi mode does: what is looked for is an earlier line.
    for key in ("/", "?"):
        bindings.add(key, filter=here)(lambda _: controller.editor.search_back())

    @bindings.add("c-r", filter=here, save_before=lambda _: False)
    def _redo(event: KeyPressEvent) -> None:
        event.current_buffer.redo()

    bindings.add("delete", filter=here)(get_by_name("delete-char"))
    # Macros: nothing shows that one is recorded.
    for key in ("q", "@"):
        bindings.add(key, filter=here, eager=True)(lambda _: None)
