"""Readers that read late or never: bounded memory, told losses, and a session that works on."""

from __future__ import annotations

import anyio
import pytest

from qwen_dual import host
from qwen_dual.host.event import Event, Skipped
from qwen_dual.host.subscription import Subscription
from qwen_dual.host.terminal import TerminalStream
from tests.host.support import fake, on_both, run


def delta(number: int) -> Event:
    raw = {"type": "stream_event", "seq": number, "event": {"type": "content_block_delta"}}
    return Event(raw, number * 100, number * 100 + 100)


def important(number: int) -> Event:
    return Event({"type": "result", "seq": number}, number * 100, number * 100 + 100)


def collected(subscription: Subscription) -> list[Event]:
    async def main() -> list[Event]:
        return [event async for event in subscription]

    subscription.end()
    return anyio.run(main)


def test_deltas_go_first_and_a_note_stands_in_their_place() -> None:
    reader = Subscription(max_buffer_bytes=356 * 10)
    for number in range(1, 12):
        reader.put(important(number) if number in (1, 6, 11) else delta(number))
    events = collected(reader)
    assert [event.seq for event in events if event.type == "result"] == [1, 6, 11]
    skipped = [event.data for event in events if isinstance(event, Skipped)]
    assert skipped[0] == {"dropped": 4, "from_seq": 2, "to_seq": 5, "where": "host"}
    assert sum(note["dropped"] for note in skipped) == reader.skipped
    assert isinstance(events[1], Skipped)


def test_when_everything_is_important_the_oldest_goes() -> None:
    reader = Subscription(max_buffer_bytes=356 * 10)
    for number in range(1, 101):
        reader.put(important(number))
    events = collected(reader)
    assert isinstance(events[0], Skipped)
    kept = [event.seq for event in events[1:]]
    assert kept == list(range(101 - len(kept), 101))
    assert events[0].data["to_seq"] == 100 - len(kept)
    assert reader.skipped + len(kept) == 100


def test_the_work_and_the_memory_do_not_grow_with_what_is_lost() -> None:
    reader = Subscription(max_buffer_bytes=100_000)
    for number in range(1, 100_001):
        reader.put(important(number) if number % 2 else delta(number))
    events = collected(reader)
    assert len(events) < 1000
    assert reader.skipped > 99_000


def test_a_single_event_larger_than_the_bound_is_told_as_lost() -> None:
    reader = Subscription(max_buffer_bytes=1000)
    reader.put(Event({"type": "assistant", "seq": 1}, 0, 5000))
    assert [type(event) for event in collected(reader)] == [Skipped]


def test_the_terminals_oldest_bytes_go_and_are_counted() -> None:
    stream = TerminalStream(max_buffer_bytes=100)
    for number in range(50):
        stream.put(b"%09d\n" % number)
    stream.end()

    async def main() -> list[bytes]:
        return [piece async for piece in stream]

    pieces = anyio.run(main)
    assert sum(map(len, pieces)) + stream.dropped == 500
    assert pieces[-1] == b"000000049\n"
    assert stream.dropped == 400


def test_last_lines_are_readable_text() -> None:
    stream = TerminalStream()
    stream.put(
        b"\x1b]0;title\x07\x1b[2J\x1b[1;31mone\x1b[0m\r\ntwo\x1b[K\r\n\r\n\x07 three\x9b\xff"
    )
    assert stream.last_lines(2) == ["two", "three\ufffd\ufffd"]


@on_both
def test_results_do_not_depend_on_anybody_reading(backend: str) -> None:
    async def main() -> None:
        async with fake("floods", max_buffer_bytes=200_000) as session:
            other = session.events()
            for _ in range(3):
                assert (await session.run("5000")).text == "done"
            assert session.lost == 0
            assert other.skipped > 10_000
            await session.aclose()
            events = [event async for event in other]
            told = sum(event.data["dropped"] for event in events if isinstance(event, host.Skipped))
            assert told == other.skipped
            events = [event async for event in session]
            assert sum(event.type == "result" for event in events) == 3
            assert next(e for e in events if e.type == "novelty")["colour"]["deep"] == [1, 2]

    run(backend, main)


@on_both
def test_a_reader_that_keeps_up_loses_nothing(backend: str) -> None:
    async def main() -> None:
        async with fake("floods") as session:
            numbers = [event.seq async for event in session.stream("20000")]
            assert numbers == list(range(2, 20_006))

    run(backend, main)


@on_both
def test_a_terminal_that_nobody_reads_does_not_stop_the_program(backend: str) -> None:
    async def main() -> None:
        async with fake("paints", terminal_buffer_bytes=10_000) as session:
            with pytest.raises(host.SessionExited):  # it paints instead of answering
                await session.submit("5000")
            await session.wait_closed()
            assert session.terminal.dropped > 300_000
            rest = b"".join([piece async for piece in session.terminal])
            assert len(rest) <= 10_000
            assert b"line 4999" in rest

    run(backend, main)
