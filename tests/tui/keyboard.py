"""A front end with a pipe for a keyboard and no screen."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.output import DummyOutput

from qwen_dual.frontends.tui.app import Tui
from tests.tui.support import FakeSession, state

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from prompt_toolkit.input import PipeInput

MARK = "\x1b[24~"
"""F12, which means nothing in the program."""


class WatchedOutput(DummyOutput):
    """No screen, but somebody may wait for the next drawing."""

    def __init__(self) -> None:
        self.drawn = anyio.Event()

    def flush(self) -> None:
        self.drawn.set()


class Keyboard:
    """A running front end, its session, and the keys sent to it."""

    def __init__(self, pipe: PipeInput) -> None:
        self.pipe = pipe
        self.session = FakeSession()
        self._output = WatchedOutput()
        self.tui = Tui(self.session.handle(), version="1", input=pipe, output=self._output)
        self._marks: list[anyio.Event] = []
        bindings = self.tui._app.key_bindings
        assert isinstance(bindings, KeyBindings)
        bindings.add("f12")(lambda _: self._marks.pop(0).set())

    @property
    def text(self) -> str:
        return self.tui.controller.editor.text

    def armed(self) -> bool:
        """Whether what is asked is seen and takes keys."""
        dialog = self.tui.controller.asking.dialog
        return dialog.takes_keys(time.monotonic())

    async def press(self, keys: str, until: Callable[[], object]) -> None:
        """Sends keys and waits for what they should do."""
        self.pipe.send_text(keys)
        await self.wait(until)

    async def settle(self) -> None:
        """Waits until every key that was sent has done what it does."""
        done = anyio.Event()
        self._marks.append(done)
        self.pipe.send_text(MARK)
        await done.wait()

    async def wait(self, until: Callable[[], object]) -> None:
        with anyio.fail_after(30):
            while not until():
                self._output.drawn = anyio.Event()
                await self._output.drawn.wait()


@asynccontextmanager
async def keyboard() -> AsyncIterator[Keyboard]:
    with create_pipe_input() as pipe:
        made = Keyboard(pipe)
        async with anyio.create_task_group() as group:
            group.start_soon(made.tui.run)
            await made.tui.painted.wait()
            yield made
            made.session.bus.publish(state("idle", turn=None))
            made.session.request_close()


def play(script: Callable[[Keyboard], Awaitable[None]], seconds: float = 30) -> None:
    async def main() -> None:
        with anyio.fail_after(seconds):
            async with keyboard() as made:
                await script(made)

    anyio.run(main)
