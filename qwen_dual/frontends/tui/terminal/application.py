"""prompt-toolkit's application as this program wants it."""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from prompt_toolkit.application import Application

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prompt_toolkit.input import Input
    from prompt_toolkit.key_binding import KeyBindings
    from prompt_toolkit.layout import Layout
    from prompt_toolkit.output import Output
    from prompt_toolkit.styles import BaseStyle

log = logging.getLogger(__name__)

ESCAPE_TIMEOUT = 0.05
"""Seconds after which an escape character is the Esc key and not the start of a sequence."""


class UiError(RuntimeError):
    """The front end failed and ended; the cause is chained."""


class LoopFailures:
    """What fails in the event loop while the application runs: a callback, which nobody waits for.

    Args:
        end: called at the first failure; the application should end.
    """

    def __init__(self, end: Callable[[], object]) -> None:
        self._end = end
        self._first: BaseException | None = None

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Hears of failures within."""
        loop = asyncio.get_running_loop()
        before = loop.get_exception_handler()
        loop.set_exception_handler(self._failed)
        try:
            yield
        finally:
            loop.set_exception_handler(before)

    def raise_first(self) -> None:
        """Raises where there was a failure.

        Raises:
            UiError: the first one is chained.
        """
        if self._first is not None:
            raise UiError(
                f"the terminal front end failed: {self._first!r}; the debug log has the details"
            ) from self._first

    def _failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        log.error("error in the event loop: %s", context.get("message"), exc_info=error)
        if isinstance(error, BaseException) and self._first is None:
            self._first = error
            self._end()


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
