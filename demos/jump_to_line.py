"""From a message to its line in the terminal, and back: marks in the scrollback (OSC 7502) and pyte."""

from __future__ import annotations

import sys
import tempfile

import anyio
import pyte

from qwen_dual import host

COMMAND = [sys.executable, "-m", "qwen_dual", "--offline", "--screen-marks"]


class Screen:
    """An emulator that remembers in which line each marked block began."""

    def __init__(self) -> None:
        self.pyte = pyte.HistoryScreen(80, 24, history=5000)
        self.marks, self.lines = host.MessageMarks(), dict[int, int]()
        self._stream, self._reader = pyte.ByteStream(self.pyte), host.TerminalReader()

    def feed(self, piece: bytes) -> None:
        """Paints a piece, and stops at each mark to see where the cursor is."""
        begin = self._reader.offset
        for mark in self._reader.feed(piece):
            if isinstance(mark, host.ScreenMark):
                self._stream.feed(piece[: mark.at - begin])
                piece, begin = piece[mark.at - begin :], mark.at
                self.marks.take_mark(mark)
                self.lines[mark.at] = len(self.pyte.history.top) + self.pyte.cursor.y
        self._stream.feed(piece)

    def text(self, line: int) -> str:
        """What stands in a line, counted from the top of the history."""
        rows = [*self.pyte.history.top, *(self.pyte.buffer[y] for y in range(24))]
        return "".join(rows[line][x].data for x in range(80)).strip()


async def main() -> None:
    """Some prompts; then the line of each message."""
    screen, messages = Screen(), list[host.Event]()
    with tempfile.TemporaryDirectory() as folder:
        async with host.open_session(COMMAND, cwd=folder) as session:
            for prompt in ("list", "say 300 words", "run echo found"):
                await session.run(prompt)
    async for piece in session.terminal:
        screen.feed(piece)
    async for event in session:
        screen.marks.take_event(event)
        messages += [event] if event.type in ("user", "assistant") else []
    for event in messages:
        if mark := screen.marks.mark_of(event):
            line = screen.lines[mark.at]
            print(f"{line:3}  {event.type:9}  {screen.text(line)}")


anyio.run(main)
