"""Which key does what while something is asked: the dialog, its reason, a form. Decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prompt_toolkit.filters import Condition
from prompt_toolkit.keys import Keys

from qwen_dual.frontends.tui.terminal.arriving_paste import pasted

if TYPE_CHECKING:
    from collections.abc import Callable

    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

    from qwen_dual.frontends.tui.dialogs.asking import Asking

_DIALOG_KEYS = {
    "up": "up",
    "c-p": "up",
    "down": "down",
    "c-n": "down",
    "tab": "down",
    "pageup": "pageup",
    "pagedown": "pagedown",
    "enter": "enter",
}

# What a form calls a key; prompt-toolkit's own bindings would put what is deleted into its kill
# ring, where a secret has no business.
_FORM_KEYS = {
    "up": "up",
    "c-p": "up",
    "s-tab": "up",
    "down": "down",
    "c-n": "down",
    "tab": "tab",
    "pageup": "pageup",
    "pagedown": "pagedown",
    "enter": "enter",
    "left": "left",
    "c-b": "left",
    "right": "right",
    "c-f": "right",
    "home": "home",
    "c-a": "home",
    "end": "end",
    "c-e": "end",
    "c-left": "word left",
    "escape left": "word left",
    "escape b": "word left",
    "c-right": "word right",
    "escape right": "word right",
    "escape f": "word right",
    "backspace": "backspace",
    "delete": "delete",
    "c-d": "delete",
    "c-u": "delete to start",
    "c-k": "delete to end",
    "c-w": "delete word left",
    "escape backspace": "delete word left",
    "escape d": "delete word right",
    "escape delete": "delete word right",
    "c-delete": "delete word right",
}


def bind_dialog(bindings: KeyBindings, asking: Asking) -> None:
    """The keys of an approval dialog; what types nothing and is not one of them is swallowed."""
    here = Condition(lambda: asking.focus == "dialog")
    for key, name in _DIALOG_KEYS.items():
        bindings.add(key, filter=here)(_handler(asking.key, name))
    bindings.add(Keys.BracketedPaste, filter=here)(lambda event: asking.paste(pasted(event)))

    @bindings.add(Keys.Any, filter=here)
    def _typed(event: KeyPressEvent) -> None:
        if event.data.isprintable():
            asking.key("text", event.data)


def bind_reason(bindings: KeyBindings, asking: Asking) -> None:
    """The keys of the line in which a reason is typed: an editor's, but for how it is left."""
    here = Condition(lambda: asking.focus == "reason")
    reason = asking.reason
    bindings.add("enter", filter=here)(lambda _: asking.reason_enter())
    for keys in (("c-j",), ("escape", "enter")):
        bindings.add(*keys, filter=here)(lambda _: reason.insert("\n"))
    bindings.add(Keys.Any, filter=here)(lambda event: reason.insert(event.data))
    bindings.add(Keys.BracketedPaste, filter=here)(lambda event: reason.paste(pasted(event)))


def bind_form(bindings: KeyBindings, asking: Asking) -> None:
    """The keys of a form."""
    here = Condition(lambda: asking.focus == "form")
    for key, name in _FORM_KEYS.items():
        bindings.add(*key.split(), filter=here)(_handler(asking.form_key, name))
    for keys in (("c-j",), ("escape", "enter"), ("c-r",), ("c-x",)):
        bindings.add(*keys, filter=here, eager=True)(lambda _: None)
    bindings.add(Keys.Any, filter=here)(lambda event: asking.form_type(event.data))
    bindings.add(Keys.BracketedPaste, filter=here)(lambda event: asking.form_paste(pasted(event)))


def _handler(act: Callable[[str], None], key: str) -> Callable[[KeyPressEvent], None]:
    def handle(_: KeyPressEvent) -> None:
        act(key)

    return handle
