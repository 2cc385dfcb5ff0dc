"""Esc Esc on an empty draft, from the keys to the conversation: a real session below a pipe for a keyboard."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import pytest
from prompt_toolkit.input import create_pipe_input

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.frontends.tui.app import Tui
from qwen_dual.frontends.tui.dialogs.form_lines import form_lines
from qwen_dual.frontends.tui.text.lines import width_of
from qwen_dual.runtime.commands.screen import FrontEnd
from qwen_dual.runtime.factory import SessionFactory
from qwen_dual.runtime.spec import SessionSpec
from tests.runtime.support import Log
from tests.tui.keyboard import WatchedOutput
from tests.tui.support import text_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from prompt_toolkit.input import PipeInput

    from qwen_dual.runtime.opened import OpenSession


class Seat:
    """A person before a session."""

    def __init__(self, handle: OpenSession, log: Log, pipe: PipeInput) -> None:
        self.handle, self.log = handle, log
        self._pipe, self._output = pipe, WatchedOutput()
        self.tui = Tui(handle, version="1", input=pipe, output=self._output)
        handle.attach(FrontEnd(("editor",), self.tui, self.tui.controller.asking, ()))

    @property
    def draft(self) -> str:
        return self.tui.controller.editor.text

    def asked(self, width: int = 80) -> str:
        """What is asked, as it is drawn."""
        sheet = self.tui.controller.asking.form
        if sheet is None:
            return ""
        lines = text_of(form_lines(sheet, width, 20))
        assert all(width_of(line) <= width for line in lines)
        return "\n".join(lines)

    async def press(self, keys: str, until: Callable[[], object]) -> None:
        self._pipe.send_text(keys)
        with anyio.fail_after(20):
            while not until():
                self._output.drawn = anyio.Event()
                await self._output.drawn.wait()

    async def escape_twice(self) -> None:
        await self.press("\x1b", lambda: "Esc again to go back" in self.tui.controller.hint)
        await self.press("\x1b", self.asked)


@asynccontextmanager
async def seated(tmp_path: Path, *prompts: str) -> AsyncIterator[Seat]:
    script = tmp_path / "script.jsonl"
    script.write_text((json.dumps({"blocks": [{"type": "text", "text": "fine"}]}) + "\n") * 9)
    log = Log()
    handle = SessionFactory().open(SessionSpec(offline_script=str(script)), [log])
    with create_pipe_input() as pipe:
        seat = Seat(handle, log, pipe)
        async with anyio.create_task_group() as group:
            group.start_soon(handle.run)
            group.start_soon(seat.tui.run)
            await seat.tui.painted.wait()
            for number, prompt in enumerate(prompts, 1):
                handle.submit(prompt, KEYBOARD)
                await log.results(number)
            yield seat
            handle.request_close()
    await handle.aclose()


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("QWEN_HOME", str(tmp_path / "home"))


def test_escape_twice_picks_a_prompt_takes_it_back_and_gives_it_to_the_draft(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        async with seated(tmp_path, "hello one", "hello two\nin two lines") as seat:
            await seat.escape_twice()
            first, second = seat.asked().splitlines()[2:4]
            assert "hello two" in first  # the latest first
            assert "in two lines" not in first
            assert "hello one" in second
            await seat.press("\r", lambda: "with what?" in seat.asked())
            await seat.press("\r", lambda: seat.log.of("rewound"))
            await seat.press("", lambda: seat.draft)
            assert seat.draft == "hello two\nin two lines"
            said = [message["content"][0] for message in seat.handle.history]
            assert [block["text"] for block in said if block["type"] == "text"] == [
                "hello one",
                "fine",
            ]
            told = seat.log.of("notice")[-1]["data"]["text"]
            assert told.startswith("Went back to before “hello two”: 1 prompt taken back")
            assert "/rewind undo" in told

    anyio.run(main)


def test_what_is_asked_fits_a_narrow_window_and_escape_changes_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        async with seated(tmp_path, "a prompt that is longer than thirty columns are") as seat:
            before = json.dumps(seat.handle.history)
            await seat.escape_twice()
            assert "a prompt" in seat.asked(30)
            await seat.press("\r", lambda: "with what?" in seat.asked())
            assert "Conversation" in seat.asked(30)
            await seat.press("\x1b", lambda: not seat.asked())
            assert json.dumps(seat.handle.history) == before
            assert seat.log.of("rewound") == []
            assert seat.log.of("slash_command") == []

    anyio.run(main)
