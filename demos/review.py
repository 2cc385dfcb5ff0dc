"""Prompts that a person looks at before they run: one is taken, one edited, one refused."""

from __future__ import annotations

import sys
import tempfile

import anyio

from qwen_dual import host

COMMAND = [sys.executable, "-m", "qwen_dual", "--offline"]


async def shown(session: host.Session, reader: host.Subscription) -> None:
    """Returns once a proposal takes the person's keys, which is after a moment's pause."""
    async for event in reader:
        if event.subtype == "ui" and event.data["focus"] == "proposal":
            return


async def propose(session: host.Session, text: str, keys: list[str]) -> None:
    """Submits for a look; ``keys`` are what the person presses, here sent to the terminal."""
    with session.events() as reader:
        turn = await session.submit(text, review=True)
        print(turn.receipt.status, repr(text))
        await shown(session, reader)
        for key in keys:
            await session.write(key)
            await anyio.sleep(0.6)  # a letter chooses once none follows it
        looked = await turn.reviewed()
        print("  ", looked.status, looked.message)
        if looked.status == "refused":
            return
        result = await turn.result()
        async for event in reader:
            if event.type == "user" and "proposed" in event.raw:
                print("   made", repr(event.text), "of", repr(event.raw["proposed"]))
            if event.type == "result":
                print("   answered:", result.text)
                return


async def main() -> None:
    """What is only proposed does not run, whatever the host says."""
    with tempfile.TemporaryDirectory(prefix="review-") as folder:
        async with host.open_session(COMMAND, cwd=folder) as session:
            await propose(session, "say 3 words", ["\r"])
            await propose(session, "say 900 words", ["e", "\x17\x17", "2 words\r"])
            await propose(session, "run rm -rf /", ["n", "not here\r"])


if __name__ == "__main__":
    anyio.run(main)
