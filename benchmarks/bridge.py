"""The tee alone, in this process: events a second from the bus into a file, a FIFO and a pipe.

A pass of the event loop writes once; so each target is measured with one event a pass, the least
it can do, and with 100. FIFO and pipe are read by ``cat``, in a process of its own.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel

from qwen_dual.bridge.sinks import open_sink
from qwen_dual.bridge.tee import MAX_BUFFER_BYTES, Tee
from qwen_dual.core.bus import Bus
from qwen_dual.protocol import events

if TYPE_CHECKING:
    from collections.abc import Iterator

TARGETS = ("file", "fifo", "pipe")
PER_PASS = (1, 100)


@dataclass(frozen=True, slots=True)
class Rate:
    """One measurement: events a second, and what got lost on the way."""

    target: str
    per_pass: int
    events_per_second: float
    dropped: int


def measure(count: int) -> list[Rate]:
    """Publishes ``count`` deltas into each target, at each number of events a pass."""
    return [_measure(target, per_pass, count) for target in TARGETS for per_pass in PER_PASS]


def _measure(target: str, per_pass: int, count: int) -> Rate:
    with _opened(target) as tee:
        bus = Bus(events.new_uuid())
        bus.subscribe(tee)
        seconds = anyio.run(_publish, tee, bus, per_pass, count)
        return Rate(target, per_pass, count / seconds, tee.status().dropped)


async def _publish(tee: Tee, bus: Bus, per_pass: int, count: int) -> float:
    bus.publish(events.system("session_start", {"session_id": bus.session_id}))
    tee.attach(asyncio.get_running_loop())
    began = time.perf_counter()
    for done in range(0, count, per_pass):
        for _ in range(min(per_pass, count - done)):
            bus.publish(events.text_delta(0, "word "))
        await anyio.lowlevel.checkpoint()
        # Looked at seldom: the tee keeps 1 MiB, and a delta takes 300 bytes.
        if done % 1000 == 0 and tee.status().waiting_bytes > MAX_BUFFER_BYTES // 4:
            await tee.drain(30)
    await tee.drain(30)
    seconds = time.perf_counter() - began
    tee.close()
    return seconds


@contextmanager
def _opened(target: str) -> Iterator[Tee]:
    with tempfile.TemporaryDirectory(prefix="dual-bench-") as directory:
        path = Path(directory) / "events"
        if target == "file":
            yield Tee(open_sink(path=str(path)))
        elif target == "fifo":
            os.mkfifo(path, 0o600)
            # Both directions, so that opening waits for nobody and `cat` is there before the tee.
            held = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            with _cat(os.open(path, os.O_RDONLY | os.O_CLOEXEC)):
                yield Tee(open_sink(path=str(path)))
                os.close(held)
        else:
            reading, writing = os.pipe()
            with _cat(reading):
                yield Tee(open_sink(fd=writing))
                os.close(writing)


@contextmanager
def _cat(reading: int) -> Iterator[None]:
    """A process that reads ``reading`` to its end; that descriptor is closed here."""
    with subprocess.Popen(["cat"], stdin=reading, stdout=subprocess.DEVNULL) as process:
        os.close(reading)
        yield
        process.wait(30)
