"""An application whose scrollback is written to a terminal that a test holds in its hands."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
from prompt_toolkit.application import Application
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input.defaults import create_pipe_input
from prompt_toolkit.layout import Layout, Window
from prompt_toolkit.layout.controls import FormattedTextControl
from prompt_toolkit.output import ColorDepth

from qwen_dual.frontends.tui.rendering.scrollback import Scrollback
from qwen_dual.frontends.tui.terminal.tty_output import TerminalOutput, TtyWriter

if TYPE_CHECKING:
    from prompt_toolkit.formatted_text import AnyFormattedText

Steps = Callable[["Stage"], Any]


class StuckWriter(TtyWriter):
    """A terminal that reads only when told."""

    def __init__(self) -> None:
        super().__init__(-1, lambda: None)
        self.written = ""
        self.stuck = False

    @property
    def blocked(self) -> bool:
        return self.stuck

    def write(self, data: bytes) -> None:
        self.written += data.decode()

    def read_on(self, lost: bool = False) -> None:
        self.stuck = False
        for callback in self._on_drained:
            callback(lost)


class SizedOutput(TerminalOutput):
    """As wide as the test says."""

    columns: Callable[[], int]

    def get_size(self) -> Size:
        return Size(rows=24, columns=self.columns())


class Stage:
    """A running application with a region of two rows."""

    def __init__(self, columns: int = 80) -> None:
        self.columns = columns
        self.region: AnyFormattedText = "live\nfooter"
        self.writer = StuckWriter()
        stdout = io.StringIO()
        self.output = SizedOutput(
            stdout,
            self.writer,
            size_fd=-1,
            color_depth=ColorDepth.DEPTH_8_BIT,
            term="xterm",
        )
        self.output.columns = lambda: self.columns
        self.draws = 0

    def run(self, steps: Steps) -> str:
        """Runs the steps while the application runs; returns what they wrote."""
        result = ""

        async def main() -> None:
            with create_pipe_input() as keys:
                control = FormattedTextControl(lambda: self.region, focusable=True)
                app: Application[None] = Application(
                    layout=Layout(Window(control)),
                    input=keys,
                    output=self.output,
                    terminal_size_polling_interval=None,
                )
                app.after_render += self._count
                self.app, self.scrollback = app, Scrollback(app)
                async with anyio.create_task_group() as group:

                    async def perform() -> None:
                        nonlocal result
                        while not self.draws:
                            await anyio.lowlevel.checkpoint()
                        self.writer.written = ""
                        waited = steps(self)
                        if waited is not None:
                            await waited
                        result = self.writer.written
                        app.exit()

                    group.start_soon(perform)
                    await app.run_async(set_exception_handler=False, handle_sigint=False)

        anyio.run(main)
        return result

    def _count(self, _: object) -> None:
        self.draws += 1
