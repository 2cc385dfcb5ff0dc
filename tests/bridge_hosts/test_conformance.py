"""What a host on the socket is promised: the promises of every output and input, and its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from qwen_dual.protocol import MAX_LINE_BYTES, events
from tests.bridge_hosts.kit import open_room

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.bridge_hosts.kit import Room

    Scenario = Callable[[Room], Awaitable[None]]


def in_room(folder: Path, scenario: Scenario, *, ring_bytes: int = 4 << 20) -> None:
    async def main() -> None:
        async with open_room(folder, ring_bytes=ring_bytes) as room:
            await scenario(room)

    anyio.run(main)


def test_it_is_greeted_and_then_told_everything_in_order(tmp_path: Path) -> None:
    async def scenario(room: Room) -> None:
        peer = room.call()
        peer.send({"type": "hello", "name": "zed", "rights": ["observe", "submit", "fly"]})
        start = await peer.line()
        assert start["subtype"] == "session_start"
        assert start["data"]["host"] == {"name": "zed", "rights": ["observe", "submit"]}
        assert (start["data"]["resumed"], start["data"]["next_seq"], start["seq"]) == (True, 2, 1)
        for _ in range(20):
            for _ in range(50):
                room.source.delta()
            room.source.note("é \u2028 \n")
            await anyio.lowlevel.checkpoint()
        await peer.until(lambda: peer.events[-1]["seq"] == room.source.seq)
        assert [event["seq"] for event in peer.events[1:]] == list(range(2, room.source.seq + 1))

    in_room(tmp_path, scenario)


def test_it_gets_what_it_missed_then_what_waits_then_what_comes(tmp_path: Path) -> None:
    async def scenario(room: Room) -> None:
        asked = room.source.ask("early")
        room.source.send(events.system("state", {"state": "awaiting_approval"}))
        room.source.send(events.system("queue", {"prompts": []}))
        missed = room.source.note("missed")
        peer = await room.join(from_seq=missed)
        room.source.note("comes")
        await peer.until(lambda: len(peer.events) == 6)
        told = [(event["seq"], event.get("subtype", event["type"])) for event in peer.events]
        assert told == [
            (missed - 1, "session_start"),
            (missed, "notice"),
            (asked + 1, "state"),
            (asked + 2, "queue"),
            (asked, "control_request"),
            (missed + 1, "notice"),
        ]

    in_room(tmp_path, scenario)


def test_what_was_resolved_is_not_asked_again(tmp_path: Path) -> None:
    async def scenario(room: Room) -> None:
        room.source.ask("one")
        room.source.resolve("one")
        peer = await room.join()
        room.source.note()
        await peer.line(2)
        assert [event["type"] for event in peer.events] == ["system", "system"]

    in_room(tmp_path, scenario)


def test_what_is_kept_no_more_is_a_gap_exactly_where_it_was(tmp_path: Path) -> None:
    async def scenario(room: Room) -> None:
        waits = room.source.ask("waits")
        for number in range(400):
            room.source.delta("word " * 20)
            if number % 100 == 0:
                room.source.note("kept")
        peer = await room.join(from_seq=1)
        await peer.until(lambda: max(peer.known()) == room.source.seq)
        assert peer.known() == set(range(1, room.source.seq + 1))
        notes = [event for event in peer.events if event.get("subtype") == "notice"]
        assert len(notes) == 4, "deltas go before them"
        assert any(
            event["seq"] == waits and event["type"] == "control_request" for event in peer.events
        )
        assert any(event.get("subtype") == "gap" for event in peer.events)

    in_room(tmp_path, scenario, ring_bytes=20_000)


def test_a_line_longer_than_any_buffer_comes_out_whole(tmp_path: Path) -> None:
    async def scenario(room: Room) -> None:
        peer = await room.join()
        room.source.note("x" * 3_000_000)
        room.source.note()
        await peer.line(3)
        assert len(peer.events[1]["data"]["text"]) == 3_000_000

    in_room(tmp_path, scenario)


def test_a_host_that_reads_nothing_holds_up_nobody_and_is_told_what_it_lost(tmp_path: Path) -> None:
    async def scenario(room: Room) -> None:
        stuck, quick = await room.join(name="stuck"), await room.join(name="quick")
        for _ in range(300):
            for _ in range(20):
                room.source.delta("word " * 30)
            await anyio.lowlevel.checkpoint()
            quick.read()
        await quick.until(lambda: quick.events[-1]["seq"] == room.source.seq)
        assert len(quick.events) == room.source.seq, "the start, and all that came after it"
        await stuck.until(lambda: max(stuck.known()) == room.source.seq)
        assert stuck.known() == set(range(1, room.source.seq + 1))
        lost = sum(e["data"]["dropped"] for e in stuck.events if e.get("subtype") == "gap")
        assert lost > 1000

    in_room(tmp_path, scenario, ring_bytes=100_000)


def test_commands_come_in_order_those_behind_the_hello_too(tmp_path: Path) -> None:
    async def scenario(room: Room) -> None:
        peer = room.call()
        hello = b'\xef\xbb\xbf{"type":"hello","name":"zed"}\r\n\r\n'
        submit = b"".join(b'{"type":"submit","text":"%d"}\n' % number for number in range(500))
        await anyio.to_thread.run_sync(
            peer.send, hello + submit + b'{"type":"fly"}\nnonsense\n\xff\n'
        )
        await room.until(lambda: len(room.desk.receivers) == 1)
        [receiver] = room.desk.receivers
        await room.until(lambda: len(receiver.errors) == 3)
        texts = [command.text for command in receiver.commands if command.type == "submit"]
        assert texts == [str(number) for number in range(500)]
        assert receiver.errors == ["unknown_type", "not_json", "not_utf8"]

    in_room(tmp_path, scenario)


def test_a_line_over_the_bound_is_dropped_as_it_streams_by(tmp_path: Path) -> None:
    async def scenario(room: Room) -> None:
        peer = await room.join()
        peer.socket.setblocking(True)
        [receiver] = room.desk.receivers
        await anyio.to_thread.run_sync(
            peer.send, b"x" * (MAX_LINE_BYTES + 10) + b'\n{"type":"get_state"}\n'
        )
        await room.until(lambda: len(receiver.commands) == 1)
        assert receiver.errors == ["too_long"]

    in_room(tmp_path, scenario)


def test_a_second_of_a_name_has_a_number_and_who_leaves_makes_room(tmp_path: Path) -> None:
    async def scenario(room: Room) -> None:
        peers = [await room.join() for _ in range(3)]
        assert [peer.events[0]["data"]["host"]["name"] for peer in peers] == [
            "zed",
            "zed-2",
            "zed-3",
        ]
        peers[0].close()
        again = await room.join()
        assert again.events[0]["data"]["host"]["name"] == "zed"
        await room.until(lambda: len(room.hosts.present) == 3)
        assert [receiver.closed for receiver in room.desk.receivers] == [True, False, False, False]

    in_room(tmp_path, scenario)


def test_one_that_says_no_more_is_given_what_waits_and_has_left(tmp_path: Path) -> None:
    import socket

    async def scenario(room: Room) -> None:
        peer = await room.join()
        room.source.note("last")
        peer.socket.shutdown(socket.SHUT_WR)
        await peer.end()
        assert peer.events[-1]["data"]["text"] == "last"
        assert room.hosts.present == []

    in_room(tmp_path, scenario)


def test_at_the_end_each_is_given_the_rest_and_the_file_is_gone(tmp_path: Path) -> None:
    async def main() -> None:
        async with open_room(tmp_path) as room:
            peers = [await room.join(name=f"host{number}") for number in range(3)]
            room.source.send(events.system("session_end", {"session_id": "s"}))
            await room.hosts.drain(1)
            room.hosts.close()
            for peer in peers:
                await peer.end()
                assert peer.events[-1]["subtype"] == "session_end"
            assert list(tmp_path.iterdir()) == []

    anyio.run(main)


def test_one_that_may_not_see_gets_its_own_receipts_and_the_end_alone(tmp_path: Path) -> None:
    async def scenario(room: Room) -> None:
        room.desk.rights["drop"] = ["submit"]
        peer = await room.join(name="drop")
        room.source.note("secret")
        room.source.send(events.receipt("its", "rejected", host="host:another"))
        peer.send({"type": "submit", "text": "x", "id": "its"})
        await room.until(lambda: bool(room.desk.receivers[0].commands))
        room.source.send(events.receipt("its", "accepted", host="host:drop"))
        room.source.send(events.system("session_end", {"session_id": "s"}))
        await peer.line(3)
        assert [event["subtype"] for event in peer.events] == [
            "session_start",
            "command_receipt",
            "session_end",
        ]
        assert peer.events[1]["data"]["status"] == "accepted"

    in_room(tmp_path, scenario)


def test_one_that_asks_and_never_reads_the_answers_is_let_go(tmp_path: Path) -> None:
    async def scenario(room: Room) -> None:
        peer = await room.join()
        [receiver] = room.desk.receivers
        for _ in range(200):
            receiver.send(events.stamp(events.notice("no " * 5000), session_id="s", seq=1))
        await room.until(lambda: receiver.closed)
        await peer.end()

    in_room(tmp_path, scenario)


def test_of_what_stands_beside_the_sequence_the_latest_waits(tmp_path: Path) -> None:
    async def scenario(room: Room) -> None:
        stuck = await room.join()
        [receiver] = room.desk.receivers
        for _ in range(40):  # more than a socket holds
            room.source.note("x" * 50_000)
        for number in range(2000):
            body = events.system("draft", {"text": "x" * 1000, "version": number})
            receiver.send(events.stamp(body, session_id="s", seq=2))
        await stuck.until(lambda: stuck.events[-1].get("subtype") == "draft")
        assert stuck.events[-1]["data"]["version"] == 1999
        assert len(stuck.events) == 1 + 40 + 1

    in_room(tmp_path, scenario)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'{"type":"submit","text":"hi"}', "invalid"),
        (b"hello", "not_json"),
        (b"\xff", "not_utf8"),
        (b'{"type":"hello"}', "invalid"),
        (b'{"type":"hello","name":7}', "invalid"),
        (b'{"type":"hello","name":"zed","from_seq":0}', "invalid"),
        (b'{"type":"hello","name":"zed","rights":[]}', "no_right"),
        (b'{"type":"hello","name":"nobody"}', "no_right"),
        (b'{"type":"hello","name":"zed","x":"' + b"x" * 20_000 + b'"}', "too_long"),
        (b"x" * 70_000, "too_long"),
        (b'{"type":"hello","name":""}', "bad_name"),
        (b'{"type":"hello","name":"ze\\u001b[31md"}', "bad_name"),
        (b'{"type":"hello","name":"zed\\nhost:you"}', "bad_name"),
        (b'{"type":"hello","name":"z\\u202eed"}', "bad_name"),
        (b'{"type":"hello","name":"z\\u0435d"}', "bad_name"),
        (b'{"type":"hello","name":"' + b"z" * 33 + b'"}', "bad_name"),
        (b'{"type":"hello","name":"keyboard"}', "bad_name"),
        (b'{"type":"hello","name":"Keyb0ard"}', "bad_name"),
        (b'{"type":"hello","name":"key-board-2"}', "bad_name"),
        (b'{"type":"hello","name":"po1icy"}', "bad_name"),
        (b'{"type":"hello","name":"file"}', "bad_name"),
    ],
)
def test_what_says_no_proper_hello_gets_one_line_that_says_why(
    tmp_path: Path, line: bytes, code: str
) -> None:
    async def scenario(room: Room) -> None:
        room.desk.rights["nobody"] = []
        peer = room.call()
        peer.send(line + b"\n")
        await peer.end()
        [told] = peer.events
        assert (told["subtype"], told["data"]["code"], told["session_id"]) == ("refused", code, "")
        assert "\x1b" not in told["data"]["message"] and told["data"]["message"]
        assert room.desk.receivers == [] and room.hosts.present == []

    in_room(tmp_path, scenario)


def test_one_that_says_nothing_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qwen_dual.bridge.hosts.HELLO_SECONDS", 0.05)

    async def scenario(room: Room) -> None:
        peer = room.call()
        await peer.end()
        assert peer.events[0]["data"]["code"] == "no_hello"

    in_room(tmp_path, scenario)


def test_a_failing_host_ends_no_other(tmp_path: Path) -> None:
    async def scenario(room: Room) -> None:
        bad, good = await room.join(name="bad"), await room.join(name="good")

        def fail(command: object) -> None:
            raise RuntimeError("a fault of ours")

        room.desk.receivers[0].command = fail  # type: ignore[method-assign]
        bad.send({"type": "get_state"})
        await bad.end()
        room.source.note()
        await good.line(2)
        assert [host.name for host in room.hosts.present] == ["good"]

    in_room(tmp_path, scenario)
