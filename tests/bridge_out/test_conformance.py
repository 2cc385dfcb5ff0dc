"""What every kind of output has to do."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
import pytest

from qwen_dual.bridge.tee import Tee
from qwen_dual.protocol import events
from tests.bridge_out.outputs import KINDS, Events, Output

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=KINDS)
def output(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Output]:
    made = Output(request.param, tmp_path)
    yield made
    made.close()


def test_the_first_event_goes_out_before_a_loop_runs(output: Output) -> None:
    tee = Tee(output.sink)
    Events(tee).start()
    (event,) = output.lines()
    assert (event["subtype"], event["seq"]) == ("session_start", 1)
    tee.close()


def test_all_events_come_out_whole_and_in_order(output: Output) -> None:
    tee = Tee(output.sink)
    source = Events(tee)

    async def main() -> None:
        source.start()
        tee.attach(asyncio.get_running_loop())
        for _ in range(20):
            for _ in range(50):
                source.delta()
            source.note("é \u2028 \n")
            await anyio.lowlevel.checkpoint()
            output.read()
        assert await tee.drain(1)
        tee.close()

    anyio.run(main)
    assert [event["seq"] for event in output.lines()] == list(range(1, source.seq + 1))
    assert output.read().endswith(b"\n")


def test_events_of_one_pass_go_out_in_one_write(output: Output) -> None:
    writes: list[int] = []
    write = output.sink.write

    class Counting:
        def __getattr__(self, name: str) -> object:
            return getattr(output.sink, name)

        def write(self, data: memoryview) -> int:
            writes.append(len(data))
            return write(data)

    tee = Tee(Counting())  # type: ignore[arg-type]
    source = Events(tee)

    async def main() -> None:
        source.start()
        tee.attach(asyncio.get_running_loop())
        before = len(writes)
        for _ in range(100):
            source.delta()
        assert len(writes) == before
        await anyio.lowlevel.checkpoint()
        assert len(writes) == before + 1
        tee.close()

    anyio.run(main)


def test_what_one_channel_alone_is_told_comes_behind_what_waits_and_only_the_latest_of_it(
    output: Output,
) -> None:
    tee = Tee(output.sink)
    source = Events(tee)

    def tell(text: str) -> None:
        body = events.system("draft", {"text": text})
        tee.send(events.stamp(body, session_id="s", seq=source.seq))

    async def main() -> None:
        tell("before anything")  # the first line is ``session_start`` whatever is told
        source.start()
        tee.attach(asyncio.get_running_loop())
        source.note("x" * 300_000)
        for number in range(1000):
            tell(f"draft {number}")
        with anyio.fail_after(30):
            while len(output.lines()) < 3:
                await anyio.lowlevel.checkpoint()
        source.note()
        await tee.drain(1)
        tee.close()
        tell("after the end")

    anyio.run(main)
    told = [(event["subtype"], event["seq"]) for event in output.lines()]
    assert told[0] == ("session_start", 1)
    assert told[-1] == ("notice", 3)
    drafts = [event["data"]["text"] for event in output.lines() if event["subtype"] == "draft"]
    assert drafts[-1] == "draft 999"
    assert len(drafts) <= 2
    assert [seq for kind, seq in told if kind != "draft"] == [1, 2, 3]


def test_a_line_longer_than_any_pipe_comes_out_whole(output: Output) -> None:
    tee = Tee(output.sink)
    source = Events(tee)

    async def main() -> None:
        source.start()
        tee.attach(asyncio.get_running_loop())
        source.note("x" * 500_000)
        source.note()
        with anyio.fail_after(30):
            while len(output.lines()) < 3:
                await anyio.lowlevel.checkpoint()
        tee.close()

    anyio.run(main)
    assert [event["seq"] for event in output.lines()] == [1, 2, 3]


def test_status_counts_and_after_closing_nothing_is_written(output: Output) -> None:
    tee = Tee(output.sink)
    source = Events(tee)
    source.start()
    source.note()
    status = tee.status()
    assert (status.state, status.written, status.dropped, status.waiting_bytes) == ("open", 2, 0, 0)
    tee.close()
    tee.close()
    source.note()
    assert len(output.lines()) == 2
    assert tee.status().state == "closed: the session ended"


def test_an_inherited_descriptor_stays_open_and_blocking_as_it_was(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    from qwen_dual.bridge.sinks import open_sink

    tee = Tee(open_sink(fd=writer))
    assert not os.get_blocking(writer)
    tee.close()
    assert os.get_blocking(writer)
    os.write(writer, b"still open")
    os.close(writer)
    os.close(reader)


def test_a_new_file_is_private_and_an_old_one_is_appended_to(tmp_path: Path) -> None:
    from qwen_dual.bridge.sinks import open_sink

    path = tmp_path / "events"
    path.write_text("old\n")
    path.chmod(0o644)
    sink = open_sink(path=str(path))
    assert sink.warnings == [f"{path} was readable by others (mode 0644); it is 0600 now"]
    tee = Tee(sink)
    Events(tee).start()
    tee.close()
    assert path.read_text().startswith("old\n{")
    assert path.stat().st_mode & 0o777 == 0o600
    fresh = tmp_path / "fresh"
    Tee(open_sink(path=str(fresh))).close()
    assert fresh.stat().st_mode & 0o777 == 0o600
