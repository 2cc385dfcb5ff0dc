"""What the terminal itself is asked, says and demands while the front end has it.

Owns its modes and signals for that time, and finds out which terminal it is. Nothing here for an
input or an output that is no terminal.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from qwen_dual.frontends.tui.terminal import reflow
from qwen_dual.frontends.tui.terminal.guest import Guest
from qwen_dual.frontends.tui.terminal.keyinput import SILENT, TerminalInput
from qwen_dual.frontends.tui.terminal.suspension import Suspension
from qwen_dual.frontends.tui.terminal.terminal import TerminalGuard, handle_signals
from qwen_dual.frontends.tui.terminal.tty_output import TerminalOutput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from prompt_toolkit.application import Application

    from qwen_dual.frontends.tui.rendering.scrollback import Scrollback


class Device:
    """The terminal of one front end.

    Args:
        app: its input and output are the terminal.
        scrollback: draws there.
        lent: tells that another program has the terminal at the moment.
        env: says which terminal it is.
        guest: has what the terminal is told of the session.
        changed: called when the terminal has said something that changes what it is told.
    """

    def __init__(
        self,
        app: Application[Any],
        scrollback: Scrollback,
        lent: Callable[[], bool],
        env: Mapping[str, str],
        guest: Guest | None = None,
        changed: Callable[[], object] = lambda: None,
    ) -> None:
        self._keys = app.input if isinstance(app.input, TerminalInput) else None
        self._output = app.output if isinstance(app.output, TerminalOutput) else None
        app.before_render += lambda _: self._before_render()
        self._scrollback = scrollback
        self._term = env.get("TERM", "")
        self._asked = not reflow.can_be_asked(env)
        self._guard: TerminalGuard | None = None
        self._shapes_cursor = False
        scrollback.reflow = reflow.by_environment(env)
        self._guest, self._changed = guest or Guest(), changed
        if self._output is not None:
            self._output.on_given = self._guest.given
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
                self._guard = stack.enter_context(TerminalGuard(self._output.fileno()))
                self._guard.cursor = self._shapes_cursor
                self._guard.further = self._guest.given
                stack.enter_context(handle_signals(on_terminate, on_interrupt))
            if self._keys is not None and self._suspension is not None:
                self._keys.listen(self._on_report)
                self._keys.on_made_raw = lambda: self._scrollback.redraw(whole=True)
                stack.enter_context(self._suspension.handled())
            yield

    def suspend(self) -> None:
        """Stops the program until the shell continues it; nothing where there is no shell."""
        if self._suspension is not None:
            self._suspension.suspend()

    def shape_cursor(self, wanted: bool) -> bool:
        """Says whether the cursor's shape is changed from now on; returns whether it can be."""
        able = self._output is not None and self._term not in SILENT
        # It stays to be put back once it was changed.
        self._shapes_cursor = self._shapes_cursor or (wanted and able)
        if self._guard is not None:
            self._guard.cursor = self._shapes_cursor
        return able

    def _on_report(self, report: str) -> None:
        if self._guest.reports is not None and self._guest.reports.said(report):
            self._changed()
        if not reflow.is_report(report):
            return
        self._scrollback.reflow = reflow.by_report(report) or self._scrollback.reflow
        if self._output is not None and self._guard is not None:
            self._guard.keys = True
            self._output.ask_for_modifiers()

    def _before_render(self) -> None:
        if self._keys is None:
            return
        self._keys.keep_raw()
        if not self._asked and self._output is not None:
            self._asked = True
            self._output.write_raw(reflow.ASK)
            self._keys.expect_reply()
        if self._guest.reports is not None and self._output is not None:
            told, asks = self._guest.reports.drawn()
            self._output.write_raw(told)
            if asks:
                self._keys.expect_reply()
