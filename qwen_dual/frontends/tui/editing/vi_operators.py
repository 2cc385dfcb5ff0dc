"""vi's operators ``d``, ``c`` and ``y`` where prompt-toolkit's own go wrong.

A motion that leads nowhere (``d0`` in the first column) has an empty range, for which those take a
range that runs backwards: the draft is torn. One for a named register looks for the register among
the keys of the motion and raises. So there is the one register here, and nothing is nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prompt_toolkit.key_binding.bindings.vi import create_operator_decorator
from prompt_toolkit.key_binding.vi_state import InputMode
from prompt_toolkit.keys import Keys

if TYPE_CHECKING:
    from prompt_toolkit.filters import Filter
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
    from prompt_toolkit.key_binding.bindings.vi import TextObject


def bind_operators(bindings: KeyBindings, here: Filter) -> None:
    """Adds them; they go before those that are there."""
    operator = create_operator_decorator(bindings)

    @operator("d", filter=here)
    def _delete(event: KeyPressEvent, over: TextObject) -> None:
        _cut(event, over, delete=True)

    @operator("c", filter=here)
    def _change(event: KeyPressEvent, over: TextObject) -> None:
        _cut(event, over, delete=True)
        event.app.vi_state.input_mode = InputMode.INSERT

    @operator("y", filter=here)
    def _yank(event: KeyPressEvent, over: TextObject) -> None:
        _cut(event, over, delete=False)

    # Eager, since the keys of the named registers begin the same way.
    bindings.add('"', Keys.Any, filter=here, eager=True)(lambda _: None)


def _cut(event: KeyPressEvent, over: TextObject, *, delete: bool) -> None:
    """Puts what the motion covers into the register, and out of the draft."""
    buffer = event.current_buffer
    start, end = over.operator_range(buffer.document)
    if start >= end:
        return
    rest, taken = over.cut(buffer)
    if taken.text:
        event.app.clipboard.set_data(taken)
    if delete:
        buffer.document = rest
