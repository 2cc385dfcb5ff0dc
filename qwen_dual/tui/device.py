"""What the terminal itself is asked, says and demands while the front end has it.

Owns its modes and signals for that time, and finds out which terminal it is. Nothing here for an
input or an output that is no terminal.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from qwen_dual.tui import reflow
from qwen_dual.tui.keyinput import TerminalInput
from qwen_dual.tui.suspension import Suspension
from qwen_dual.tui.terminal import TerminalGuard, handle_signals, tells_modifiers
from qwen_dual.tui.tty_output import TerminalOutput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prompt_toolkit.application import Application

    from qwen_dual.tui.scrollback import Scrollback


class Device:
    """The terminal of one front end.

    Args:
        app: its input and output are the terminal.
        scrollback: draws there.
        lent: tells that another program has the terminal at the moment.
    """

    def __init__(
        self, app: Application[Any], scrollback: Scrollback, lent: Callable[[], bool]
    ) -> None:
        self._keys = app.input if isinstance(app.input, TerminalInput) else None
        self._output = app.output if isinstance(app.output, TerminalOutput) else None
        app.before_render += lambda _: self._before_render()
        self._scrollback = scrollback
        self._known = reflow.by_environment(os.environ)
        self._asked = False
        if self._known is not None:
            scrollback.reflow = self._known
        self._suspension = (
            Suspension(self._keys, scrollback, lent) if self._keys is not None else None
        )

    @contextmanager
    def held(
        self, on_terminate: Callable[[int], None], on_interrupt: Callable[[], None]
    ) -> Iterator[None]:
        """Has the terminal, and acts on signals; puts everything back, whatever happens.

        Args:
            on_terminate: see ``handle_signals``.
            on_interrupt: the same.
        """
        with ExitStack() as stack:
            if self._output is not None:
                keys = tells_modifiers(os.environ)
                stack.enter_context(TerminalGuard(self._output.fileno(), keys=keys))
                stack.enter_context(handle_signals(on_terminate, on_interrupt))
            if self._keys is not None and self._suspension is not None:
                self._keys.listen(self._said)
                self._keys.on_made_raw = lambda: self._scrollback.redraw(whole=True)
                stack.enter_context(self._suspension.handled())
            yield

    def suspend(self) -> None:
        """Stops the program until the shell continues it; nothing where there is no shell."""
        if self._suspension is not None:
            self._suspension.suspend()

    def _said(self, report: str) -> None:
        found = reflow.by_report(report)
        if found is not None and self._known is None:
            self._known = self._scrollback.reflow = found

    def _before_render(self) -> None:
        if self._keys is None:
            return
        self._keys.keep_raw()
        if not self._asked and self._known is None and self._output is not None:
            self._asked = True
            self._output.write_raw(reflow.ASK)
