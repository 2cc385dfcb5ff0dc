"""A small program over the whole terminal layer, for tests to run in a PTY.

It takes commands on one inherited descriptor, as lines, and answers on another: `key <name>` for
each key, `gone`, `terminate <n>`, `interrupt`, and `pong`.
"""

from __future__ import annotations

import os
import sys

import anyio
from prompt_toolkit.application import Application
from prompt_toolkit.application.run_in_terminal import in_terminal
from prompt_toolkit.formatted_text import HTML, StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import Layout, Window
from prompt_toolkit.layout.controls import FormattedTextControl

from qwen_dual.frontends.tui.region.clock import RedrawClock
from qwen_dual.frontends.tui.rendering.scrollback import Scrollback
from qwen_dual.frontends.tui.terminal.device import Device
from qwen_dual.frontends.tui.terminal.keyinput import create_input
from qwen_dual.frontends.tui.terminal.terminal import TerminalGuard, create_output
from tests.support.waiting import until


class Program:
    """The application, its live region, and the commands it obeys."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._live = 2
        self._wide = False
        self._low = False  # the cursor is below the wide rows, as the editor's below an answer
        self._gone = False
        self._output = create_output(self._on_gone, os.environ)
        self._app: Application[None] = Application(
            layout=Layout(Window(FormattedTextControl(self._region, focusable=True))),
            key_bindings=self._keys(),
            input=create_input(self._on_gone),
            output=self._output,
            terminal_size_polling_interval=None,
            erase_when_done=True,
        )
        self._app.ttimeoutlen = self._app.timeoutlen = 0.05
        self._scrollback = Scrollback(self._app)
        self._device = Device(self._app, self._scrollback, lambda: False, os.environ)
        self._clock = RedrawClock(self._redraw, blocked=lambda: self._scrollback.blocked)
        self._drawn = anyio.Event()
        self._drawn.set()

    async def main(self) -> None:
        self._commit("before the app")
        async with anyio.create_task_group() as group:
            group.start_soon(self._read_commands)
            group.start_soon(self._clock.run)
            with self._device.held(self._on_terminate, lambda: self._answer("interrupt")):
                await self._app.run_async(set_exception_handler=False, handle_sigint=False)
            group.cancel_scope.cancel()
        self._commit("after the app")
        self._scrollback.finish()
        self._output.close()

    def _mark(self) -> None:
        self._drawn = anyio.Event()
        self._clock.mark()

    def _redraw(self) -> None:
        self._scrollback.redraw()
        self._drawn.set()

    def _region(self) -> StyleAndTextTuples:
        width = self._output.get_size().columns if self._wide else 0
        live = [f"live {n}".ljust(width, "=") for n in range(self._live)]
        text = "".join(f"{row}\n" for row in live)
        below = self._wide and (self._low or self._scrollback.hides_cursor_below)
        cursor: StyleAndTextTuples = [("[SetCursorPosition]", "")]
        return [*([] if below else cursor), ("", text), *(cursor if below else []), ("", "footer")]

    def _keys(self) -> KeyBindings:
        bindings = KeyBindings()
        bindings.add("c-z")(lambda _: self._device.suspend())

        @bindings.add(Keys.Any)
        @bindings.add("escape")
        @bindings.add("c-c")
        @bindings.add("c-j")
        @bindings.add("enter")
        @bindings.add("escape", "enter")
        @bindings.add("escape", "b")
        @bindings.add(Keys.BracketedPaste)
        def _(event: KeyPressEvent) -> None:
            names = [getattr(press.key, "value", press.key) for press in event.key_sequence]
            data = event.data if len(event.data) < 10 else str(len(event.data))
            pasted = names == [Keys.BracketedPaste.value]
            self._answer(f"key {'+'.join(names)}{' ' + data if pasted else ''}")

        return bindings

    async def _read_commands(self) -> None:
        rest = b""
        while True:
            await anyio.wait_readable(self._commands)
            data = os.read(self._commands, 65536)
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                name, _, argument = line.decode().partition(" ")
                await self._obey(name, argument)

    async def _obey(self, name: str, argument: str) -> None:
        if name == "commit":
            self._commit(argument)
        elif name == "lines":
            self._commit(argument.replace("|", "\n"))
        elif name == "styled":
            self._scrollback.commit(HTML("<style bg='#ff0000'>red\nred</style> plain"))
        elif name == "flood":
            for n in range(int(argument)):
                self._commit(f"flood {n}")
        elif name == "live":
            self._live = int(argument)
            self._mark()
        elif name == "both":
            count, _, text = argument.partition(" ")
            self._live = int(count)
            self._commit(text)
        elif name == "elsewhere":
            async with in_terminal():
                os.write(1, b"\nanother program\n")
                self._commit("committed meanwhile")
        elif name == "raise":
            raise ZeroDivisionError
        elif name == "exit":
            self._app.exit()
        elif name in ("wide", "rows", "low"):
            self._low = name == "low"
            self._wide = bool(argument)
            self._scrollback.headroom = self._wide and name == "wide"
            self._live = int(argument or 2)
            self._mark()
        elif name == "drawn":
            size = self._app.renderer._last_size
            self._answer(f"drawn {size.columns}x{size.rows}" if size else "drawn")
        elif name == "pid":
            self._answer(f"pid {os.getpid()}")
        elif name == "settle":
            # The first frame is the application's.
            await until(lambda: self._app.renderer._last_size is not None, "the first frame")
            await self._drawn.wait()
            await until(lambda: not self._scrollback.blocked, "the width")
            self._answer(f"settled {argument}")
        elif name == "ping":
            self._answer(f"pong {argument}")
        else:
            getattr(self._scrollback, name)()

    def _commit(self, text: str) -> None:
        self._scrollback.commit(text)

    def _on_gone(self) -> None:
        if not self._gone:
            self._gone = True
            self._answer("gone")
            if self._app.is_running and not self._app.is_done:
                self._app.exit()

    def _on_terminate(self, number: int) -> None:
        self._answer(f"terminate {number}")
        if not self._app.is_done:
            self._app.exit()

    def _answer(self, text: str) -> None:
        os.write(self._answers, f"{text}\n".encode())


if __name__ == "__main__":
    with TerminalGuard(0):
        anyio.run(Program(int(sys.argv[1]), int(sys.argv[2])).main)
