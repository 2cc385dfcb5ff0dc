"""`session_end` as the end: how a host tells a session that was closed from one that died."""

from __future__ import annotations

import os
import signal
import sys

import anyio

from qwen_dual import host

COMMAND = [sys.executable, "-m", "qwen_dual"]


async def watch(name: str, end: str) -> None:
    """Follows one session until it is over, and says how it ended."""
    async with host.open_session(COMMAND) as session:
        await session.run("say 3 words")
        if end == "quit":
            await session.submit("/quit")
        else:
            os.kill(session.pid, signal.SIGKILL)
        last = ""
        try:
            async for event in session:
                last = event.kind
        except host.SessionExited as error:
            print(f"{name}: died ({error.signal=}), last event {last}: resume or report it")
        else:
            print(f"{name}: ended in order, last event {last}: nothing to do")


async def main() -> None:
    """One session that is closed, one that is killed."""
    await watch("closed", "quit")
    await watch("killed", "kill")


if __name__ == "__main__":
    anyio.run(main)
