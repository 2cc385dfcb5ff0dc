"""Megabytes in one event hold up nothing: encoded and written in steps, each in a pass of the loop."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.bridge.hosts import Hosts
from qwen_dual.bridge.pacing import STEP
from qwen_dual.bridge.tee import Tee
from qwen_dual.protocol import events
from qwen_dual.protocol.events import stamp
from qwen_dual.protocol.long_json import LONG, PIECE
from tests.bridge_out.outputs import KINDS, Output

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TEXT = "é" * (LONG + 1)
START = events.system("session_start", {"session_id": "s"})


def long_message(text: str = TEXT) -> dict[str, Any]:
    usage = {"input_tokens": 0, "output_tokens": 0}
    blocks = [{"type": "text", "text": text}]
    return events.assistant("m", "fake", blocks, stop_reason=None, usage=usage)


def told(tee: Callable[[events.Event], object], *bodies: events.Event, begin: int) -> None:
    for seq, body in enumerate(bodies, begin):
        tee(stamp(body, session_id="s", seq=seq))


def seqs(output: Output) -> list[int]:
    return [line["seq"] for line in output.lines()]


def written(tee: Tee) -> Callable[[int], int]:
    """Has ``tee`` tell how much is written at once: gives the most of it."""
    sizes: list[int] = []
    write = tee._sink.write

    def noting(data: memoryview) -> int:
        sizes.append(len(data))
        return write(data)

    tee._sink.write = noting  # type: ignore[method-assign]
    return lambda least: max(size for size in sizes) if sum(sizes) > least else 0


@pytest.mark.parametrize("kind", KINDS)
def test_each_comes_out_whole_in_its_place_in_small_writes(tmp_path: Path, kind: str) -> None:
    output = Output(kind, tmp_path)

    async def main() -> None:
        tee = Tee(output.sink)
        most = written(tee)
        told(tee, START, begin=1)
        tee.attach(asyncio.get_running_loop())
        bodies = [events.notice("before"), long_message(), events.notice("after")]
        told(tee, *bodies, long_message(), events.notice("end"), begin=2)
        assert tee.status().written == 2
        while tee._waiting or not tee._backlog.empty:
            if "file" not in kind:
                output.read()
            await asyncio.sleep(0)
        assert most(2 * len(TEXT)) == STEP
        tee.close()

    asyncio.run(main())
    assert seqs(output) == [1, 2, 3, 4, 5, 6]
    for at in (2, 4):
        assert output.lines()[at]["message"]["content"][0]["text"] == TEXT
    output.close()


def test_a_key_has_time_to_be_shown_between_any_two_steps(tmp_path: Path) -> None:
    output = Output("file", tmp_path)
    encoded: list[int] = []  # of each pass of the loop

    async def main() -> None:
        loop = asyncio.get_running_loop()
        tee = Tee(output.sink)
        pacing = tee._pacing
        told(tee, START, begin=1)
        tee.attach(loop)
        told(tee, long_message(), begin=2)
        before = size = 0
        while tee._waiting:
            await asyncio.sleep(0)
            size = sum(map(len, pacing._line))
            if size > before:
                encoded.append(size - before)
            before = size
        tee.close()

    asyncio.run(main())
    # A character is two bytes.
    assert len(encoded) >= len(TEXT) * 2 // (STEP + 2 * PIECE)
    assert max(encoded) <= STEP + 2 * PIECE
    output.close()


def test_the_end_waits_for_it(tmp_path: Path) -> None:
    output = Output("file", tmp_path)

    async def main() -> None:
        tee = Tee(output.sink)
        told(tee, START, begin=1)
        tee.attach(asyncio.get_running_loop())
        told(tee, long_message(), events.notice("end"), begin=2)
        assert await tee.drain(5)
        tee.close()

    asyncio.run(main())
    assert output.lines()[1]["message"]["content"][0]["text"] == TEXT
    assert seqs(output) == [1, 2, 3]
    output.close()


@pytest.mark.parametrize("gone", ["removed", "truncated"])
def test_a_file_that_is_taken_away_in_the_middle_of_it_gets_it_again_whole(
    tmp_path: Path, gone: str
) -> None:
    output = Output("file", tmp_path)
    path = tmp_path / "events"

    async def main() -> None:
        tee = Tee(output.sink)
        told(tee, START, begin=1)
        tee.attach(asyncio.get_running_loop())
        told(tee, long_message(), events.notice("end"), begin=2)
        while path.stat().st_size < STEP:
            await asyncio.sleep(0)
        assert not path.read_bytes().endswith(b"\n")
        path.unlink() if gone == "removed" else os.truncate(path, 0)
        assert await tee.drain(5)
        tee.close()

    asyncio.run(main())
    assert [(line.get("subtype"), line["seq"]) for line in output.lines()] == [
        ("session_start", 1),
        (None, 2),
        ("notice", 3),
    ]
    output.close()


class Full:
    """A disk that is full after so many bytes."""

    def __init__(self, room: int) -> None:
        self.room = room
        self._write = os.write

    def write(self, fd: int, data: bytes | memoryview) -> int:
        if not self.room:
            raise OSError(28, "No space left on device")
        count = self._write(fd, data[: self.room])
        self.room -= count
        return count


def test_what_a_full_disk_cuts_off_is_taken_back_to_the_last_whole_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = Output("file", tmp_path)

    async def main() -> None:
        tee = Tee(output.sink)
        told(tee, START, begin=1)
        tee.attach(asyncio.get_running_loop())
        monkeypatch.setattr("os.write", Full(2 * STEP + 5).write)
        told(tee, long_message(), begin=2)
        while tee.status().state == "open":
            await asyncio.sleep(0)
        tee.close()

    asyncio.run(main())
    assert seqs(output) == [1] and output.read().endswith(b"\n")
    output.close()


def test_hosts_share_one_copy_that_is_made_in_steps() -> None:
    class NoSocket:
        path = "/s"

        def close(self) -> None: ...

    async def main() -> None:
        hosts = Hosts(NoSocket())  # type: ignore[arg-type]
        told(hosts, START, begin=1)
        hosts._loop = asyncio.get_running_loop()
        told(hosts, long_message(), events.notice("after"), begin=2)
        assert hosts._ring.newest == 1
        while hosts._ring.newest < 3:
            await asyncio.sleep(0)
        line, at = hosts._ring.read(1, 3)
        assert at == 2 and line is hosts._ring.read(1, 3)[0] is hosts._ring._lines[2]

    asyncio.run(main())
