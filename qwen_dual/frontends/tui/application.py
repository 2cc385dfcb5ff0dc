"""prompt-toolkit's application as this program wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prompt_toolkit.application import Application

if TYPE_CHECKING:
    from prompt_toolkit.input import Input
    from prompt_toolkit.key_binding import KeyBindings
    from prompt_toolkit.layout import Layout
    from prompt_toolkit.output import Output
    from prompt_toolkit.styles import BaseStyle

ESCAPE_TIMEOUT = 0.05
"""Seconds after which an escape character is the Esc key and not the start of a sequence."""


class UiError(RuntimeError):
    """The front end failed and ended; the cause is chained."""


def make_application(
    layout: Layout, style: BaseStyle, bindings: KeyBindings, input: Input, output: Output
) -> Application[None]:
    """An application below the scrollback: inline, without mouse, gone when it ends."""
    app: Application[None] = Application(
        layout=layout,
        style=style,
        include_default_pygments_style=False,
        key_bindings=bindings,
        full_screen=False,
        mouse_support=False,
        erase_when_done=True,
        # Each SIGWINCH would draw twice.
        terminal_size_polling_interval=None,
        input=input,
        output=output,
    )
    app.ttimeoutlen = app.timeoutlen = ESCAPE_TIMEOUT
    return app
