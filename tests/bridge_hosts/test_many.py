"""Fifty hosts on one session that come, go, dawdle and are killed; each has the whole stream by ``seq``."""

from __future__ import annotations

import asyncio
import random
import tracemalloc
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel

from tests.bridge_hosts.kit import Peer, open_room

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.bridge_hosts.kit import Room

HOSTS = 50


class Wanderer:
    """A host that leaves and comes again where it was, and checks that nothing is told twice or lost.

    Attributes:
        last: it has every event up to this one, or knows that it is gone.
        gone: how many it knows to be gone.
        visits: how often it came.
    """

    def __init__(self, room: Room, name: str, dice: random.Random) -> None:
        self.last = self.gone = self.visits = 0
        self._room = room
        self._name = name
        self._dice = dice
        self._peer: Peer | None = None

    async def step(self) -> None:
        """Does something, or nothing."""
        if self._peer is None:
            await self._come()
        elif self._dice.random() < 0.05:
            self._leave()
        elif self._dice.random() < 0.6:
            self._read()

    async def settle(self, newest: int) -> None:
        """Comes for the last time and reads all there is."""
        if self._peer is None:
            await self._come()
        assert self._peer is not None
        with anyio.fail_after(20):
            while self.last < newest:
                await anyio.wait_readable(self._peer.socket)
                self._read()
        self._peer.close()

    async def _come(self) -> None:
        while self._peer is None:
            try:
                self._peer = Peer(self._room.path)
            except BlockingIOError:  # many stand before it
                await anyio.lowlevel.checkpoint()
        self.visits += 1
        self._peer.send({"type": "hello", "name": self._name, "from_seq": self.last + 1})

    def _leave(self) -> None:
        """Goes without a word, in the middle of a line or with much unread."""
        assert self._peer is not None
        if self._dice.random() < 0.5:
            self._read()
        self._peer.close()
        self._peer = None

    def _read(self) -> None:
        assert self._peer is not None
        self._peer.read()
        for event in self._peer.events:
            self._take(event)
        self._peer.events.clear()

    def _take(self, event: dict[str, object]) -> None:
        data, seq = event.get("data"), event["seq"]
        assert isinstance(seq, int)
        if isinstance(data, dict) and data.get("resumed"):
            assert seq == self.last
        elif isinstance(data, dict) and event.get("subtype") == "gap":
            assert data["from_seq"] == self.last + 1
            self.gone += data["dropped"]
            self.last = data["to_seq"]
        else:
            assert seq == self.last + 1, "the very next, or a gap before it"
            self.last = seq


def test_fifty_hosts_have_each_the_whole_stream(tmp_path: Path, whole: bool) -> None:
    rounds = 2000 if whole else 60
    dice = random.Random(3)

    async def main() -> None:
        async with open_room(tmp_path, ring_bytes=60_000) as room:
            hosts = [Wanderer(room, f"z{number}", random.Random(number)) for number in range(HOSTS)]
            for _ in range(rounds):
                for _ in range(dice.randrange(40)):
                    room.source.delta("word " * dice.randrange(1, 30))
                if dice.random() < 0.3:
                    room.source.note("x" * dice.choice([1, 100, 9000]))
                for host in hosts:
                    await host.step()
                await anyio.lowlevel.checkpoint()
            for host in hosts:
                await host.settle(room.source.seq)
                assert host.last == room.source.seq
            assert sum(host.visits for host in hosts) > 2 * HOSTS
            assert sum(host.gone for host in hosts) > 0
            await room.until(lambda: not room.hosts.present)

    anyio.run(main)


def test_a_further_host_costs_little_and_wakes_nobody(tmp_path: Path) -> None:
    async def main() -> None:
        async with open_room(tmp_path) as room:
            for _ in range(2000):
                room.source.delta("word " * 40)
            await room.join(name="first")
            tracemalloc.start()
            before = tracemalloc.get_traced_memory()[0]
            stuck = [await room.join(name=f"s{number}", from_seq=1) for number in range(20)]
            for peer in stuck:
                peer.events.clear()
            room.source.note("x" * 10)
            for _ in range(20):
                await anyio.lowlevel.checkpoint()
            each = (tracemalloc.get_traced_memory()[0] - before) / len(stuck)
            tracemalloc.stop()
            assert each < 300_000, "of which most is what the test itself has read"
            loop = asyncio.get_running_loop()
            timers = [each for each in loop._scheduled if not each.cancelled()]  # type: ignore[attr-defined]
            assert timers == [], "an idle host waits for nothing but its socket"

    anyio.run(main)


def test_hosts_that_connect_and_say_nothing_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qwen_dual.bridge.hosts.MAX_SILENT", 3)

    async def main() -> None:
        async with open_room(tmp_path) as room:
            silent = [room.call() for _ in range(3)]
            await anyio.wait_all_tasks_blocked()
            late = await room.join()
            assert late.events[0]["subtype"] == "session_start", "it is kept out by none of them"
            await silent[0].end()
            assert silent[0].events[0]["data"]["code"] == "full"
            for peer in silent[1:]:
                peer.close()

    anyio.run(main)
