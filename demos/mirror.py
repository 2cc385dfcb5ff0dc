"""A PTY host: the program's own screen, and its events beside it (`tail -f events.log`)."""

from __future__ import annotations

import os
import shutil
import sys
import termios
import tty

import anyio

from qwen_dual import host

COMMAND = [sys.executable, "-m", "qwen_dual"]


async def show_screen(session: host.Session) -> None:
    """What the program paints, as it is."""
    async for data in session.terminal:
        os.write(1, data)


async def send_keys(session: host.Session) -> None:
    """What the person types, as it is."""
    while True:
        await anyio.wait_readable(0)
        keys = os.read(0, 4096)
        if not keys:
            return
        await session.write(keys)


async def main(log: str) -> None:
    """Mirrors the terminal until the session ends."""
    columns, rows = shutil.get_terminal_size()
    async with (
        await anyio.open_file(log, "w", encoding="utf-8") as file,
        host.open_session(COMMAND, columns=columns, rows=rows) as session,
        anyio.create_task_group() as group,
    ):
        group.start_soon(show_screen, session)
        group.start_soon(send_keys, session)
        async for event in session:
            await file.write(f"{event.seq} {event.kind} {event.text[:60]!r}\n")
            await file.flush()
        group.cancel_scope.cancel()


if __name__ == "__main__":
    modes = termios.tcgetattr(0)
    tty.setraw(0)
    try:
        anyio.run(main, sys.argv[1] if len(sys.argv) > 1 else "events.log")
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, modes)
