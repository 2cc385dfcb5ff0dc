"""Readers of a FIFO that come late, leave, return or follow one another."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest

from qwen_dual.bridge.sinks import open_sink
from qwen_dual.bridge.tee import Tee
from qwen_dual.protocol import events
from tests.bridge_out.outputs import Events
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


def parse(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.split(b"\n")[:-1]]


class Fifo:
    """A tee on a FIFO, and readers to open and close."""

    def __init__(self, path: Path, **options: Any) -> None:
        os.mkfifo(path)
        self.path = path
        self.tee = Tee(open_sink(path=str(path)), **options)
        self.source = Events(self.tee)

    @contextlib.asynccontextmanager
    async def attached(self) -> AsyncIterator[None]:
        self.tee.attach(asyncio.get_running_loop())
        try:
            with anyio.fail_after(30):
                yield
        finally:
            self.tee.close()

    async def open(self) -> int:
        """A reader; returns once the tee has met it."""
        before = self.tee.status().readers
        reader = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        await until(lambda: self.tee.status().readers > before, "that it was met")
        return reader

    async def leave(self, reader: int) -> None:
        """The reader goes; returns once the tee has noticed."""
        os.close(reader)
        await until(lambda: self.tee.status().state != "open", "that it was missed")

    async def read(self, reader: int, enough: int) -> bytes:
        """At least so many lines."""
        data = b""
        while data.count(b"\n") < enough:
            with contextlib.suppress(BlockingIOError):
                data += os.read(reader, 1 << 16)
            await anyio.lowlevel.checkpoint()
        return data


def test_a_reader_that_never_comes_costs_nothing_at_the_end(tmp_path: Path) -> None:
    fifo = Fifo(tmp_path / "f", max_buffer_bytes=100_000)

    async def main() -> None:
        async with fifo.attached():
            fifo.source.start()
            for _ in range(40_000):
                fifo.source.delta("x" * 300)
            began = time.monotonic()
            assert not await fifo.tee.drain(30)
            assert time.monotonic() - began < 20
            status = fifo.tee.status()
            assert status.state == "waiting for a reader"
            assert status.waiting_bytes <= 100_000
            assert status.dropped > 39_000

    anyio.run(main)


def test_a_first_reader_that_comes_late_gets_session_start_first_and_all_that_waited(
    tmp_path: Path,
) -> None:
    fifo = Fifo(tmp_path / "f")

    async def main() -> None:
        async with fifo.attached():
            fifo.source.start()
            for _ in range(99):
                fifo.source.note()
            reader = await fifo.open()
            lines = parse(await fifo.read(reader, 100))
            os.close(reader)
        assert lines[0]["subtype"] == "session_start"
        assert "resumed" not in lines[0]["data"]
        assert [line["seq"] for line in lines] == list(range(1, 101))

    anyio.run(main)


def test_a_later_reader_is_greeted_told_what_is_pending_and_loses_nothing(tmp_path: Path) -> None:
    fifo = Fifo(tmp_path / "f")

    async def main() -> None:
        async with fifo.attached():
            fifo.source.start()
            fifo.source.ask("gone")
            fifo.source.ask("open")
            fifo.source.resolve("gone")
            fifo.source.send(events.system("mode_changed", {"from": "a", "to": "yolo"}))
            first = await fifo.open()
            await fifo.read(first, 5)
            await fifo.leave(first)
            fifo.source.note("while nobody read")
            fifo.source.ask("new")
            second = await fifo.open()
            lines = parse(await fifo.read(second, 4))
            os.close(second)
        greeting, told, *rest = lines
        assert greeting["subtype"] == "session_start"
        assert greeting["data"] == {
            "session_id": "s",
            "model": "a",
            "approval_mode": "yolo",
            "resumed": True,
            "next_seq": 6,
        }
        assert (greeting["seq"], told["request_id"], told["seq"]) == (5, "open", 3)
        assert [line["seq"] for line in rest] == [6, 7]

    anyio.run(main)


def test_a_reader_killed_in_the_middle_of_a_line_and_another_on_a_whole_one(
    tmp_path: Path,
) -> None:
    fifo = Fifo(tmp_path / "f")

    async def main() -> None:
        async with fifo.attached():
            first = await fifo.open()
            fifo.source.start()
            for number in range(200):
                fifo.source.note(str(number))
            await anyio.lowlevel.checkpoint()
            data = b""
            while len(data) < 5_000:
                data += os.read(first, 5_000 - len(data))
            assert not data.endswith(b"\n")
            await fifo.leave(first)
            second = await fifo.open()
            seen = parse(data)
            missing = 201 - len(seen)
            lines = parse(await fifo.read(second, missing + 1))
            os.close(second)
        assert lines[0]["data"]["next_seq"] == seen[-1]["seq"] + 1
        assert [line["seq"] for line in seen + lines[1:]] == list(range(1, 202))

    anyio.run(main)


def test_ten_readers_one_after_another_lose_nothing_between_them(tmp_path: Path) -> None:
    fifo = Fifo(tmp_path / "f")
    seen: list[int] = []

    async def main() -> None:
        async with fifo.attached():
            fifo.source.start()
            for turn in range(10):
                for _ in range(30):
                    fifo.source.delta()
                reader = await fifo.open()
                for _ in range(30):
                    fifo.source.note()
                data = await fifo.read(reader, 5 + turn)
                await fifo.leave(reader)
                lines = parse(data)
                if turn:
                    assert lines.pop(0)["data"]["resumed"]
                seen.extend(line["seq"] for line in lines)
            reader = await fifo.open()
            while not seen or seen[-1] < fifo.source.seq:
                seen.extend(
                    line["seq"]
                    for line in parse(await fifo.read(reader, 1))
                    if "resumed" not in line.get("data", {})
                )
            os.close(reader)
        assert seen == list(range(1, fifo.source.seq + 1))

    anyio.run(main)


def test_after_a_reader_that_left_during_the_start_the_next_begins_on_a_whole_line(
    tmp_path: Path,
) -> None:
    path = tmp_path / "f"
    os.mkfifo(path)
    first = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    tee = Tee(open_sink(path=str(path)))
    source = Events(tee)
    source.start()
    source.note()
    assert len(os.read(first, 10)) == 10  # the rest of the line stays in the pipe
    os.close(first)

    async def main() -> None:
        tee.attach(asyncio.get_running_loop())
        with anyio.fail_after(30):
            await until(lambda: tee.status().state != "open", "that the first was missed")
            second = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            data = b""
            while data.count(b"\n") < 2:
                with contextlib.suppress(BlockingIOError):
                    data += os.read(second, 1 << 16)
                await anyio.lowlevel.checkpoint()
            os.close(second)
        assert [line["type"] for line in parse(data)][:1] == ["system"]
        assert parse(data)[0]["subtype"] == "session_start"
        tee.close()

    anyio.run(main)


@pytest.mark.skipif(sys.platform != "linux", reason="inotify tells of the closing")
def test_a_reader_that_comes_as_another_leaves_gets_session_start_after_the_rest(
    tmp_path: Path,
) -> None:
    fifo = Fifo(tmp_path / "f")

    async def main() -> None:
        async with fifo.attached():
            reader = await fifo.open()
            fifo.source.start()
            fifo.source.note()
            await anyio.lowlevel.checkpoint()
            await fifo.read(reader, 1)
            for _ in range(3):
                fifo.source.note("x" * 50)
                await anyio.lowlevel.checkpoint()
                assert len(os.read(reader, 40)) == 40  # in the middle of a line
                # No moment without a reader: so it is where the next one is faster than any thread.
                following = os.open(fifo.path, os.O_RDONLY | os.O_NONBLOCK)
                before = fifo.tee.status().readers
                os.close(reader)
                await until(lambda: fifo.tee.status().readers > before, "that it was met")  # noqa: B023
                reader = following
                rest, *lines = (await fifo.read(reader, 2)).split(b"\n")[:-1]
                assert not rest.startswith(b"{")
                greeting = json.loads(lines[0])
                assert greeting["subtype"] == "session_start"
                assert greeting["data"]["resumed"]
                assert greeting["data"]["next_seq"] == fifo.source.seq + 1
            os.close(reader)

    anyio.run(main)


def test_a_fifo_that_is_replaced_while_nobody_reads_is_found_again(tmp_path: Path) -> None:
    from qwen_dual.bridge import fifo_sink

    fifo = Fifo(tmp_path / "f")

    async def main() -> None:
        async with fifo.attached():
            fifo.source.start()
            fifo.path.unlink()
            os.mkfifo(fifo.path)
            sink = fifo.tee._sink
            assert isinstance(sink, fifo_sink.FifoSink)
            sink._check_replaced()  # what the timer does every few seconds
            reader = await fifo.open()
            assert parse(await fifo.read(reader, 1))[0]["subtype"] == "session_start"
            os.close(reader)

    anyio.run(main)
