"""Readers that read slowly or go away; files that fill up or are taken away."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from qwen_dual.bridge.sinks import open_sink
from qwen_dual.bridge.tee import Tee
from qwen_dual.core.bus import Bus
from qwen_dual.protocol import events
from qwen_dual.protocol.long_json import LONG
from tests.bridge_out.outputs import Events
from tests.support.waiting import until

ROOT = Path(__file__).parents[2]

BARE: dict[str, Any] = {"stop_reason": None, "usage": {}}


def parse(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.split(b"\n")[:-1]]


def test_a_slow_reader_slows_only_itself_and_drain_keeps_its_time() -> None:
    reader, writer = os.pipe()
    tee = Tee(open_sink(fd=writer), max_buffer_bytes=200_000)
    source = Events(tee)

    async def main() -> None:
        source.start()
        tee.attach(asyncio.get_running_loop())
        for _ in range(5_000):
            source.delta("x" * 100)
            await anyio.lowlevel.checkpoint()
        assert not await tee.drain(0.05)
        status = tee.status()
        assert status.waiting_bytes <= 200_000 + 65_536
        assert status.dropped > 0
        tee.close()

    anyio.run(main)
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        data = file.read()
    seqs = [line["seq"] for line in parse(data)]
    assert seqs == list(range(1, len(seqs) + 1))


def test_a_reader_of_a_descriptor_that_leaves_closes_the_channel_and_is_told_once() -> None:
    reader, writer = os.pipe()
    told: list[str] = []
    tee = Tee(open_sink(fd=writer), on_failure=told.append)
    source = Events(tee)

    async def main() -> None:
        source.start()
        tee.attach(asyncio.get_running_loop())
        os.close(reader)
        for _ in range(3):
            source.note()
            await anyio.lowlevel.checkpoint()
        await tee.drain(1)

    anyio.run(main)
    os.close(writer)
    assert told == [f"Warning: dual output disabled — fd {writer}: the reader closed it"]
    assert tee.status().state == f"closed: fd {writer}: the reader closed it"


@pytest.mark.parametrize("before", ["", "x" * (LONG + 1)])
def test_an_event_that_cannot_be_written_closes_the_channel_and_is_told(
    tmp_path: Path, before: str
) -> None:
    path = tmp_path / "events"
    told: list[str] = []
    tee = Tee(open_sink(path=str(path)), on_failure=told.append)
    bus = Bus("s")
    seen: list[events.Event] = []
    content = [{"type": "text", "text": before}]
    bus.subscribe(tee, name="The channel", on_failure=tee.fail)
    bus.subscribe(seen.append)

    async def main() -> None:
        bus.publish(events.system("session_start", {"session_id": "s"}))
        tee.attach(asyncio.get_running_loop())
        if before:  # what comes behind a long one is written in a later pass
            bus.publish(events.assistant("m", "a", content, **BARE))
        bus.publish({"type": "control_request", "request": {}})
        bus.publish(events.notice("after"))
        with anyio.fail_after(30):
            while not told:
                await anyio.lowlevel.checkpoint()

    anyio.run(main)
    [warning] = told
    assert warning.startswith(f"Warning: dual output disabled — {path}: an event could not be")
    assert tee.status().state.startswith("closed: ")
    assert [line["seq"] for line in parse(path.read_bytes())] == ([1, 2] if before else [1])
    assert seen[-1]["data"]["text"] == "after"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")
def test_a_full_disk_closes_the_channel_with_one_warning() -> None:
    told: list[str] = []
    tee = Tee(open_sink(path="/dev/full"), on_failure=told.append)
    source = Events(tee)

    async def main() -> None:
        source.start()
        tee.attach(asyncio.get_running_loop())
        source.note()
        await until(lambda: told, "the warning")

    anyio.run(main)
    assert len(told) == 1
    assert "/dev/full: No space left on device" in told[0]


def test_a_size_limit_leaves_whole_lines_and_a_living_process(tmp_path: Path) -> None:
    path = tmp_path / "events"
    code = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))\n"
        "from qwen_dual.bridge.sinks import open_sink\n"
        "from qwen_dual.bridge.tee import Tee\n"
        "from tests.bridge_out.outputs import Events\n"
        f"tee = Tee(open_sink(path={str(path)!r}))\n"
        "source = Events(tee)\n"
        "source.start()\n"
        "for _ in range(200): source.note('x' * 100)\n"
        "print(tee.status().state)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "File too large" in result.stdout
    data = path.read_bytes()
    assert 9_000 < len(data) <= 10_000
    assert data.endswith(b"\n")
    assert [line["seq"] for line in parse(data)] == list(range(1, data.count(b"\n") + 1))


@pytest.mark.parametrize("accident", ["deleted", "renamed", "truncated"])
def test_a_file_that_is_taken_away_begins_anew_with_a_greeting(
    tmp_path: Path, accident: str
) -> None:
    path, aside = tmp_path / "events", tmp_path / "aside"
    tee = Tee(open_sink(path=str(path)))
    source = Events(tee)
    source.start()
    source.ask("open")
    source.note()
    if accident == "deleted":
        path.unlink()
    elif accident == "renamed":
        path.rename(aside)
        assert len(parse(aside.read_bytes())) == 3
    else:
        os.truncate(path, 0)
    source.note()
    source.note()
    tee.close()
    greeting, told, *rest = parse(path.read_bytes())
    assert greeting["data"]["resumed"]
    assert greeting["data"]["next_seq"] == 4
    assert told["request_id"] == "open"
    assert [line["seq"] for line in rest] == [4, 5]


def test_a_later_reader_is_greeted_with_the_main_agents_model(tmp_path: Path) -> None:
    path = tmp_path / "events"
    bus = Bus("s")
    tee = Tee(open_sink(path=str(path)))
    bus.subscribe(tee)
    bus.publish(events.system("session_start", {"session_id": "s", "model": "large"}))
    bus.lane("call_1")(events.system("model_changed", {"from": "large", "to": "small"}))
    path.unlink()
    bus.publish(events.notice("after"))
    tee.close()
    greeting, *_ = parse(path.read_bytes())
    assert (greeting["data"]["resumed"], greeting["data"]["model"]) == (True, "large")


def test_a_burst_larger_than_the_buffer_loses_nothing_where_it_can_be_written(
    tmp_path: Path,
) -> None:
    path = tmp_path / "events"
    tee = Tee(open_sink(path=str(path)), max_buffer_bytes=50_000)
    source = Events(tee)

    async def main() -> None:
        source.start()
        tee.attach(asyncio.get_running_loop())
        for _ in range(2_000):  # all in one pass of the loop
            source.delta("x" * 200)
        source.note("x" * 200_000)
        await tee.drain(1)
        tee.close()

    anyio.run(main)
    assert [line["seq"] for line in parse(path.read_bytes())] == list(range(1, source.seq + 1))
    assert tee.status().dropped == 0
