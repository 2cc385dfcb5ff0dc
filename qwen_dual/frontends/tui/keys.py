"""Which key does what in the editor, and everywhere. Decides nothing.

The keys of what is asked in the editor's place are ``asking_keys``'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prompt_toolkit.filters import Condition
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.bindings.named_commands import get_by_name
from prompt_toolkit.keys import Keys

from qwen_dual.frontends.tui.dialogs.asking_keys import bind_dialog, bind_form, bind_reason
from qwen_dual.frontends.tui.terminal.arriving_paste import pasted

if TYPE_CHECKING:
    from collections.abc import Callable

    from prompt_toolkit.key_binding import KeyPressEvent

    from qwen_dual.frontends.tui.controller import Controller

# It begins nothing here; prompt-toolkit would wait for what follows.
_EAGER = ("c-x",)
# What prompt-toolkit would do with these has no place in this editor: quoted insert, selections,
# macros.
_UNUSED = ("c-s", "c-@", "c-]", "c-\\", "insert")


def make_bindings(controller: Controller) -> KeyBindings:
    """All bindings of the program."""
    bindings = KeyBindings()
    _bind_everywhere(bindings, controller)
    _bind_editor(bindings, controller)
    _bind_search(bindings, controller)
    bind_dialog(bindings, controller.asking)
    bind_reason(bindings, controller.asking)
    bind_form(bindings, controller.asking)
    return bindings


def _bind_everywhere(bindings: KeyBindings, controller: Controller) -> None:
    for key in (*_UNUSED, "c-q", "c-t", "c-v", "c-y"):
        _bind(bindings, key, lambda: None)
    _bind(bindings, "c-c", controller.control_c)
    _bind(bindings, "c-l", controller.clear_screen)
    _bind(bindings, "c-z", controller.suspend)
    _bind(bindings, "c-o", controller.expand)
    _bind(bindings, "c-g", controller.asking.look_at_proposal)
    _bind(bindings, "s-tab", controller.next_mode)
    _bind(bindings, "escape", lambda: _escape(controller))
    bindings.add("escape", "m")(lambda _: controller.toggle_raw())

    @bindings.add("escape", Keys.Any)
    def _alt(event: KeyPressEvent) -> None:
        """An Alt key that means nothing here must not count as Esc, which would interrupt."""
        second = event.key_sequence[1]
        if second.key == Keys.BracketedPaste or not second.data.isprintable():
            _escape(controller)
            event.key_processor.feed(second, first=True)


def _escape(controller: Controller) -> None:
    match controller.focus:
        case "dialog":
            controller.asking.key("escape")
        case "reason":
            controller.asking.reason_escape()
        case "form":
            controller.asking.form_key("escape")
        case _:
            controller.escape()


def _bind_editor(bindings: KeyBindings, controller: Controller) -> None:
    editor = controller.editor
    here = Condition(lambda: controller.focus == "editor" and editor.search is None)

    def bind(key: str, action: Callable[[], object]) -> None:
        bindings.add(*key.split(), filter=here, eager=key in _EAGER)(lambda _: _call(action))

    bind("enter", controller.enter)
    bind("c-j", lambda: editor.insert("\n"))
    bind("tab", controller.tab)
    bind("c-q", controller.queue)
    for key in ("up", "c-p"):
        bind(key, controller.up)
    for key in ("down", "c-n"):
        bind(key, controller.down)
    bind("c-d", controller.control_d)
    bind("backspace", controller.backspace)
    bind("?", controller.question_mark)
    bind("!", controller.bang)
    bind("c-r", editor.search_back)
    bind("c-t", controller.toggle_tools)
    bind("c-y", controller.retry)
    bind("c-v", controller.paste_image)
    bind("delete", editor.delete)
    bind("c-x", controller.edit_externally)
    bind("escape enter", controller.edit_externally)
    bind("pageup", lambda: None)
    bind("pagedown", lambda: None)

    # Before it moves the cursor, Ctrl+B is for a command that runs.
    running = Condition(controller.can_detach)
    bindings.add("c-b", filter=running, eager=True)(lambda _: controller.detach())

    # A word to the left may be in the middle of a unit.
    behind = here & Condition(lambda: editor.unit_before > 0)
    for keys in ("c-w", "escape backspace"):
        bindings.add(*keys.split(), filter=behind)(lambda _: editor.backspace())

    for keys, command in (
        ("escape left", "backward-word"),
        ("escape right", "forward-word"),
        ("escape delete", "kill-word"),
        ("c-delete", "kill-word"),
        ("escape y", "yank"),
    ):
        bindings.add(*keys.split(), filter=here)(get_by_name(command))

    # What is typed without a pause is undone as one.
    @bindings.add(Keys.Any, filter=here, save_before=lambda event: not event.is_repeat)
    def _typed(event: KeyPressEvent) -> None:
        editor.insert(event.data)

    @bindings.add(Keys.BracketedPaste, filter=here)
    def _pasted(event: KeyPressEvent) -> None:
        editor.paste(pasted(event))


def _bind_search(bindings: KeyBindings, controller: Controller) -> None:
    editor = controller.editor
    here = Condition(lambda: controller.focus == "editor" and editor.search is not None)
    for key in ("enter", "tab", "up", "down", "left", "right", "home", "end", "c-j"):
        bindings.add(key, filter=here)(lambda _: editor.end_search(accept=True))
    bindings.add("c-r", filter=here)(lambda _: editor.search_back())
    bindings.add("backspace", filter=here)(lambda _: editor.search_backspace())
    for text in (Keys.Any, Keys.BracketedPaste):
        bindings.add(text, filter=here)(lambda event: editor.search_type(event.data))


def _bind(bindings: KeyBindings, key: str, action: Callable[[], object]) -> None:
    bindings.add(key)(lambda _: _call(action))


def _call(action: Callable[[], object]) -> None:
    action()
