"""What of commands with ids is saved, and what a receipt says where it cannot be."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

from tests.runtime.once_kit import session

pytestmark = pytest.mark.usefixtures("place")


def test_without_ids_nothing_is_written_for_them_or_loaded() -> None:
    code = """
import json, sys
import anyio
from tests.runtime.once_kit import session
async def main():
    async with session() as one:
        one.send("submit", None, text="hello")
        await one.handle.parts.session.drained()
        one.send("interrupt", None)
        print(one.chat.read_bytes().count(b"hostCommand"))
anyio.run(main)
print([name for name in ("qwen_dual.core.commands.ledger", "qwen_dual.chats.command_log") if name in sys.modules])
"""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", code]
    env = {"PATH": "/usr/bin:/bin", "QWEN_HOME": str(Path.cwd().parent / "home"), "HOME": "/none"}
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)
    assert done.stdout.split("\n")[0] == "0", done.stderr
    assert done.stdout.split("\n")[1] == "[]"


def test_where_nothing_is_saved_the_receipt_says_so() -> None:
    async def main() -> None:
        async with session(chat_recording=False) as one:
            receipt = await one.receipt("submit", "a", text="hello")
            assert receipt == {"id": "a", "status": "accepted", "durable": False}
            assert (await one.receipt("get_state", "g")) == {"id": "g", "status": "accepted"}

    anyio.run(main)


@contextmanager
def full_at(size: int) -> Iterator[None]:
    """Within, no file can grow beyond ``size`` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_fills_up_is_told_in_a_second_receipt() -> None:
    async def main() -> None:
        async with session() as one:
            await one.receipt("submit", "a", text="x" * 2000)
            with full_at(one.chat.stat().st_size + 10):
                one.send("submit", "b", text="hello")
                await one.log.until(lambda e: e.get("data", {}).get("durable") is False)
            await one.log.results(2)
            told = [e["data"] for e in one.log.of("command_receipt") if e["data"]["id"] == "b"]
            assert [(data["status"], data.get("durable")) for data in told] == [
                ("accepted", None),
                ("accepted", False),
            ]
            assert one.asked == 2  # it runs all the same
            assert (await one.receipt("submit", "c", text="on"))["durable"] is False

    anyio.run(main)


def test_a_chat_of_another_program_is_gone_on_with() -> None:
    name = "892a46fb-d495-4a3a-b00e-f16cbd6a528b.jsonl"
    recorded = Path(__file__).parents[1] / "chats" / "recorded" / name
    folder = Path("../home/projects/-any/chats")
    folder.mkdir(parents=True)
    shutil.copy(recorded, folder / name)

    async def main() -> None:
        for expected in ("accepted", "duplicate"):
            async with session(resume=recorded.stem) as one:
                assert (await one.receipt("submit", "a", text="on"))["status"] == expected

    anyio.run(main)
