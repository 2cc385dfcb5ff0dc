"""Steers a turn by what it is seen to do, and changes what waits for after it."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import anyio

from qwen_dual import host

COMMAND = [sys.executable, "-m", "qwen_dual", "--approval-mode", "yolo"]


def waiting(session: host.Session) -> list[tuple[str, str]]:
    """What waits, and for what."""
    return [(one.text, "this turn" if one.steers else "its own") for one in session.queue]


async def main() -> None:
    """A command runs until a file is written; meanwhile the turn gets something else to do."""
    with tempfile.TemporaryDirectory(prefix="steering-") as folder:
        gate = Path(folder, "gate")
        os.mkfifo(gate)
        async with host.open_session(COMMAND, cwd=folder) as session:
            with session.events() as events:
                turn = await session.submit("run cat gate")
                async for event in events:
                    if event.data.get("status") == "started":
                        break

            after = await session.submit("run echo later")
            steering = await session.submit("run echo steered", when_busy="steer")
            await session.edit_queued(after.id, "run echo edited")
            print("waits for", waiting(session))

            async with await anyio.open_file(gate, "w") as file:
                await file.write("the command is done\n")
            result = await turn.result()
            print("joined", steering.joined == result.turn_id == steering.receipt.turn_id)
            print("the turn came to", "steered" in (await steering.result()).text)
            print("and then", "edited" in (await after.result()).text)


if __name__ == "__main__":
    anyio.run(main)
