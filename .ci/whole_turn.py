"""Hosts an installed qwen-dual and checks one whole turn: its screen, its files, its answers.

Usage: whole_turn.py COMMAND FOLDER. Needs nothing of the checkout: what hosts it is the wheel's own
``qwen_dual.host``, which works with nothing but what the wheel installed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from qwen_dual import host

if TYPE_CHECKING:
    from qwen_dual.host import Request

SECONDS = 60
LINE = "echo made-by-ci | tee made"


async def main(command: str, folder: str) -> None:
    """Spawns, submits, approves, quits; fails with what was missing."""
    asked: list[Request] = []

    def allow(request: Request) -> bool:
        asked.append(request)
        return True

    with anyio.fail_after(SECONDS):
        async with host.open_session(
            [command],
            cwd=folder,
            env={**os.environ, "TERM": "xterm-256color"},
            channel="files",
            on_approval=allow,
            start_timeout=SECONDS,
        ) as session:
            assert session.greeting.protocol_version == 2, session.greeting
            result = await session.run(f"run {LINE}")
            assert result.stop_reason == "end_turn", result
            assert [request.input["command"] for request in asked] == [LINE], asked
            await session.command("submit", text="/quit")
            ended = await session.wait_closed()
    assert ended == host.Exit(status=0), ended


if __name__ == "__main__":
    command, folder = sys.argv[1:]
    anyio.run(main, command, folder)
    assert Path(folder, "made").read_text() == "made-by-ci\n"
    print("whole turn of the installed wheel: ok")
