"""What every kind of input must do: regular file, FIFO, pipe and socket."""

from __future__ import annotations

import os
import tracemalloc
from contextlib import ExitStack
from itertools import pairwise
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from qwen_dual.protocol import MAX_LINE_BYTES
from tests.bridge_in.inputs import KINDS, Channel, open_channel, while_reading
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def channel(kind: str, tmp_path: Path) -> Iterator[Channel]:
    with ExitStack() as stack:
        yield stack.enter_context(open_channel(kind, tmp_path))


def submit(text: str) -> bytes:
    return b'{"type":"submit","text":"%s"}\n' % text.encode()


def test_commands_are_handed_over_in_order(channel: Channel) -> None:
    async def scenario() -> None:
        channel.write(submit("one") + submit("two") + b'{"type":"interrupt"}\n')
        await channel.seen.until(lambda: len(channel.seen.commands) == 3)

    while_reading(channel.reader, scenario)
    assert channel.seen.texts == ["one", "two", "interrupt"]
    assert channel.seen.errors == [] == channel.seen.warnings


def test_each_command_arrives_while_the_channel_is_idle(channel: Channel) -> None:
    async def scenario() -> None:
        for number in range(20):
            channel.write(submit(str(number)))
            await channel.seen.until(lambda: len(channel.seen.commands) == number + 1)  # noqa: B023

    while_reading(channel.reader, scenario)
    assert channel.seen.texts == [str(number) for number in range(20)]


def test_10000_commands_in_one_write_lose_and_repeat_nothing(channel: Channel) -> None:
    texts = [str(number) for number in range(10_000)]

    async def scenario() -> None:
        data = b"".join(map(submit, texts))
        await anyio.to_thread.run_sync(channel.write, data)
        await channel.seen.until(lambda: len(channel.seen.commands) >= len(texts))

    while_reading(channel.reader, scenario)
    assert channel.seen.texts == texts
    assert channel.reader.status().lines == len(texts)


def test_many_commands_leave_the_loop_its_turns(channel: Channel) -> None:
    turns: list[int] = []

    async def scenario() -> None:
        data = b"".join(submit(str(number)) for number in range(2_000))
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.to_thread.run_sync, channel.write, data)
            while len(channel.seen.commands) < 2_000:
                turns.append(len(channel.seen.commands))
                await anyio.lowlevel.checkpoint()

    while_reading(channel.reader, scenario)
    most = max(later - sooner for sooner, later in pairwise(turns))
    assert most <= 128


def test_bytes_may_come_one_at_a_time(channel: Channel) -> None:
    data = b"\xef\xbb\xbf" + submit("é€😀").replace(b"\n", b"\r\n") + b"\r\n\n" + submit("two")

    def write() -> None:
        for position in range(len(data)):
            channel.write(data[position : position + 1])

    async def scenario() -> None:
        await anyio.to_thread.run_sync(write)
        await channel.seen.until(lambda: len(channel.seen.commands) == 2)

    while_reading(channel.reader, scenario)
    assert channel.seen.texts == ["é€😀", "two"]
    assert channel.seen.errors == []


def test_a_64_megabyte_line_is_told_and_dropped_in_bounded_memory(channel: Channel) -> None:
    chunk = b"x" * (1 << 20)
    peaks: list[int] = []

    def write() -> None:
        for _ in range(64):
            channel.write(chunk)
        channel.write(b"\n" + submit("next"))

    async def scenario() -> None:
        tracemalloc.start()
        await anyio.to_thread.run_sync(write)
        await channel.seen.until(lambda: len(channel.seen.commands) == 1)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    while_reading(channel.reader, scenario)
    [error] = channel.seen.errors
    assert (error.code, error.offset) == ("too_long", 0)
    assert channel.seen.texts == ["next"]
    assert peaks[0] < 3 * MAX_LINE_BYTES


HOSTILE = [
    (b"{", "not_json"),
    (b"nonsense", "not_json"),
    (b"[" * 100_000 + b"]" * 100_000, "not_json"),
    (b'{"type":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001, "not_json"),
    (b'{"type":"submit","text":"\\ud800"}', "not_json"),
    (b'{"type":"submit","text":"\xed\xa0\x80"}', "not_utf8"),
    (b'{"type":"submit","text":"\xff"}', "not_utf8"),
    (b"\x00\x01\x02", "not_json"),
    (b"[1,2]", "invalid"),
    (b"null", "invalid"),
    (b'"submit"', "invalid"),
    (b'{"type":"submit"}', "invalid"),
    (b'{"type":"submit","text":1e999}', "not_json"),
    (b'{"type":"submit","text":%s}' % (b"9" * 5000), "not_json"),
    (b'{"type":"submit","text":18446744073709551616}', "invalid"),
    (b'{"type":"confirmation_response","request_id":"r","allowed":"yes"}', "invalid"),
    (b'{"type":"reboot","id":"7"}', "unknown_type"),
    (b'{"text":"x"}', "unknown_type"),
    (b'{"type":"submit","text":"x"}{"type":"submit","text":"y"}', "not_json"),
]


def test_a_bad_line_is_told_with_its_place_and_stops_nothing(channel: Channel) -> None:
    expected = []
    data = b""
    for line, code in HOSTILE:
        expected.append((code, len(data)))
        data += line + b"\n" + submit("good")

    async def scenario() -> None:
        await anyio.to_thread.run_sync(channel.write, data)
        await channel.seen.until(lambda: len(channel.seen.commands) == len(HOSTILE))

    while_reading(channel.reader, scenario)
    assert [(error.code, error.offset) for error in channel.seen.errors] == expected
    assert all(len(error.message) < 1000 for error in channel.seen.errors)
    assert [error.command_id for error in channel.seen.errors].count("7") == 1
    status = channel.reader.status()
    assert (status.lines, status.errors) == (2 * len(HOSTILE), len(HOSTILE))
    assert status.last_error == channel.seen.errors[-1].message
    assert channel.seen.texts == ["good"] * len(HOSTILE)


def test_of_duplicate_keys_the_last_counts(channel: Channel) -> None:
    async def scenario() -> None:
        channel.write(b'{"type":"submit","text":"one","text":"two","n":1e400000}\n')
        channel.write(b'{"type":"submit","text":"one","text":"two"}\n')
        await channel.seen.until(lambda: len(channel.seen.commands) == 1)

    while_reading(channel.reader, scenario)
    assert channel.seen.texts == ["two"]
    assert [error.code for error in channel.seen.errors] == ["not_json"]


def test_many_writers_at_once_lose_nothing(channel: Channel) -> None:
    def write(writer: int) -> None:
        for number in range(100):
            channel.write(submit(f"{writer}-{number}"))

    async def scenario() -> None:
        async with anyio.create_task_group() as group:
            for writer in range(8):
                group.start_soon(anyio.to_thread.run_sync, write, writer)
        await channel.seen.until(lambda: len(channel.seen.commands) >= 800)

    while_reading(channel.reader, scenario)
    for writer in range(8):
        mine = [text for text in channel.seen.texts if text.startswith(f"{writer}-")]
        assert mine == [f"{writer}-{number}" for number in range(100)]
    assert channel.seen.errors == []


def test_cancelling_the_reader_ends_its_threads_and_closes_its_files(
    kind: str, tmp_path: Path
) -> None:
    before = len(os.listdir("/dev/fd"))
    with open_channel(kind, tmp_path) as channel:

        async def scenario() -> None:
            if kind == "file":
                await until(lambda: channel.reader.status().mode == "watching")
            channel.write(submit("one"))
            await channel.seen.until(lambda: len(channel.seen.commands) == 1)

        while_reading(channel.reader, scenario)
        if channel.path is not None:
            assert channel.reader.status().state == "waiting"
    assert len(os.listdir("/dev/fd")) == before
