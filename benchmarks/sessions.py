"""Many sessions in one process: what an idle one takes, and how long many busy ones do.

In a process of its own, over folders of their own, on the offline model. Each session has loaded all that
a prompt needs and has answered one before it counts as idle.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from benchmarks import process
from qwen_dual.core.actor import CLI
from qwen_dual.runtime.factory import SessionFactory
from qwen_dual.runtime.spec import SessionSpec

if TYPE_CHECKING:
    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.opened import OpenSession

BUDGET_BYTES = 4 << 20
BUSY = 200
PROMPT = "list"
"""The offline model calls a tool for it, and answers in a few words."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """What many sessions in one process took.

    Attributes:
        count: how many were open.
        bytes_each: of proportional memory, idle.
        open_ms: what one takes to open and to answer its first prompt, one after the other.
        busy: how many of them got a prompt at the same moment.
        busy_seconds: from then until the last of them had answered.
    """

    count: int
    bytes_each: float
    open_ms: float
    busy: int
    busy_seconds: float


def measure(count: int) -> Crowd:
    """Opens so many sessions in a process made for it."""
    command = [sys.executable, "-m", "benchmarks.sessions", str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Crowd(**json.loads(done.stdout))


class _Answered:
    """An observer that tells when a prompt was answered."""

    def __init__(self) -> None:
        self._event = anyio.Event()

    def __call__(self, event: Event) -> None:
        if event["type"] == "result":
            self._event.set()

    async def ask(self, handle: OpenSession) -> None:
        """Submits a prompt and waits for its answer."""
        self._event = anyio.Event()
        handle.submit(PROMPT, CLI)
        await self._event.wait()


async def _crowd(count: int, root: Path) -> Crowd:
    factory = SessionFactory()
    home = {"HOME": str(root), "PATH": os.environ.get("PATH", os.defpath)}
    found: list[tuple[OpenSession, _Answered]] = []
    async with anyio.create_task_group() as group:

        async def begin(number: int) -> None:
            folder = root / str(number)
            folder.mkdir()
            answered = _Answered()
            spec = SessionSpec(cwd=str(folder), env=home, offline=True)
            handle = factory.open(spec, [answered])
            group.start_soon(handle.run)
            handle.attach()
            found.append((handle, answered))
            await answered.ask(handle)

        await begin(0)  # what is there once is there now
        before, began = process.memory(os.getpid()).pss, time.perf_counter()
        for number in range(1, count + 1):
            await begin(number)
        seconds = time.perf_counter() - began
        taken = process.memory(os.getpid()).pss - before
        busy, began = found[:BUSY], time.perf_counter()
        async with anyio.create_task_group() as asking:
            for handle, answered in busy:
                asking.start_soon(answered.ask, handle)
        busy_seconds = time.perf_counter() - began
        for handle, _ in found:
            await handle.stop()
    for handle, _ in found:
        await handle.aclose()
    return Crowd(count, taken / count, seconds / count * 1000, len(busy), busy_seconds)


def main() -> None:
    """Measures in this process; prints JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sessions")
    parser.add_argument("count", type=int)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory(prefix="dual-bench-") as folder:
        crowd = anyio.run(_crowd, count, Path(folder))
    print(json.dumps(asdict(crowd)))


if __name__ == "__main__":
    main()
