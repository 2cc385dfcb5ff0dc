"""Sessions that somebody else started: their events file, a FIFO, and their input file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import pytest

from qwen_dual import host
from qwen_dual.host.wake import FileWake
from tests.host.support import on_both, run

if TYPE_CHECKING:
    from pathlib import Path


def line(seq: int, **more: Any) -> str:
    return json.dumps({"type": "user", "seq": seq, **more}) + "\n"


def end(seq: int) -> str:
    return json.dumps({"type": "system", "subtype": "session_end", "seq": seq}) + "\n"


class Reader:
    """Follows a path in a task and lets a test wait for what comes."""

    def __init__(self, path: Path, **options: Any) -> None:
        self.path = path
        self.options = options
        self.events: list[host.Event] = []
        self.ended = False
        self._more = anyio.Event()

    async def run(self) -> None:
        async with aclosing(host.follow(self.path, **self.options)) as events:
            async for event in events:
                self.events.append(event)
                self._more.set()
        self.ended = True
        self._more.set()

    async def count(self, number: int) -> list[host.Event]:
        while len(self.events) < number:
            self._more = anyio.Event()
            await self._more.wait()
        return self.events

    def seqs(self) -> list[int | None]:
        return [event.seq for event in self.events]


@on_both
def test_lines_come_as_they_are_finished_until_the_session_ends(
    backend: str, tmp_path: Path
) -> None:
    path = tmp_path / "events"
    reader = Reader(path)

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(reader.run)
            with path.open("a") as file:
                file.write(line(1) + line(2, text="zwei: ②")[:-5])
                file.flush()
                await reader.count(1)
                file.write(line(2, text="zwei: ②")[-5:])
                file.flush()
                await reader.count(2)
                file.write("nonsense\n" + end(4))
        assert reader.seqs() == [1, 2, None, 4]
        assert isinstance(reader.events[2], host.BadLine)
        again = Reader(path, from_offset=reader.events[0].end)
        await again.run()
        assert again.seqs() == [2, None, 4]
        again = Reader(path, from_offset=3, from_seq=4)
        await again.run()
        assert again.seqs() == [None, None, 4]
        assert again.events[0].data["code"] == "torn"

    run(backend, main)


@on_both
def test_truncated_replaced_deleted_and_made_anew(backend: str, tmp_path: Path) -> None:
    path = tmp_path / "events"
    path.write_text(line(1) + line(2))
    reader = Reader(path)

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(reader.run)
            await reader.count(2)
            path.write_text("")
            await reader.count(3)
            with path.open("a") as file:
                file.write(line(3))
            await reader.count(4)
            (tmp_path / "next").write_text(line(5))
            with path.open("a") as old:  # what is written before the change-over is read too
                path.rename(tmp_path / "old")
                old.write(line(4))
            (tmp_path / "next").rename(path)
            await reader.count(7)
            path.unlink()
            path.write_text(line(6) + end(7))
        reasons = [e.data["reason"] for e in reader.events if isinstance(e, host.Restarted)]
        assert reasons == ["truncated", "replaced", "replaced"]
        assert [seq for seq in reader.seqs() if seq] == [1, 2, 3, 4, 5, 6, 7]
        assert reader.ended

    run(backend, main)


@on_both
def test_a_file_that_began_anew_and_is_longer_by_now_is_read_whole(
    backend: str, tmp_path: Path
) -> None:
    path = tmp_path / "events"
    path.write_text(line(1, uuid="a") + line(2))
    reader = Reader(path)

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(reader.run)
            await reader.count(2)
            path.write_text(line(1, uuid="b") + line(2) + line(3) + end(4))
        assert [event.kind for event in reader.events if event.type == "host"] == ["host/restarted"]
        assert [seq for seq in reader.seqs() if seq] == [1, 2, 1, 2, 3, 4]

    run(backend, main)


@on_both
def test_a_file_with_several_sessions_is_read_to_its_last_end(backend: str, tmp_path: Path) -> None:
    path = tmp_path / "events"
    path.write_text(line(1) + end(2) + line(1) + end(2))

    async def main() -> None:
        reader = Reader(path)
        await reader.run()
        assert reader.seqs() == [1, 2, 1, 2]
        forever = Reader(path, forever=True, from_offset="end")
        async with anyio.create_task_group() as group:
            group.start_soon(forever.run)
            while not forever.events:
                with path.open("a") as file:
                    file.write(end(9))
                with anyio.move_on_after(0.1):
                    await forever.count(1)
            assert set(forever.seqs()) == {9}
            assert not forever.ended
            group.cancel_scope.cancel()

    run(backend, main)


@on_both
def test_a_fifo_whose_writers_come_and_go(backend: str, tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    reader = Reader(path)

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(reader.run)
            for number, text in enumerate([line(1), line(2) + '{"half', line(3) + end(4)], 1):
                with await anyio.to_thread.run_sync(path.open, "w") as writer:
                    writer.write(text)
                await reader.count(number)
        codes = [event.data.get("code") for event in reader.events]
        assert codes == [None, None, "torn", None, None]
        assert reader.ended

    run(backend, main)


@on_both
def test_a_waiting_follower_can_be_cancelled_and_costs_nothing(
    backend: str, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "fifo")
    before = set(threading.enumerate())

    async def main() -> None:
        for name in ("fifo", "no-such-file"):
            with anyio.move_on_after(0.05) as scope:
                await Reader(tmp_path / name).run()
            assert scope.cancelled_caught
        assert set(threading.enumerate()) <= before

    run(backend, main)


def test_a_command_is_a_line_of_its_own_with_an_id(tmp_path: Path) -> None:
    path = tmp_path / "commands"
    path.write_text('{"type":"sub')
    first = host.send(path, "submit", text="één")
    second = host.send(path, {"type": "interrupt", "id": "mine"})
    half, *commands = path.read_text().splitlines()
    assert half == '{"type":"sub'
    assert [json.loads(command) for command in commands] == [
        {"type": "submit", "text": "één", "id": first},
        {"type": "interrupt", "id": "mine"},
    ]
    assert second == "mine"


def test_senders_at_once_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "commands"
    path.touch()
    threads = [
        threading.Thread(target=host.send, args=(path, "submit"), kwargs={"text": "x" * 20_000})
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    commands = [json.loads(text) for text in path.read_text().splitlines() if text]
    assert len({command["id"] for command in commands}) == 20


def test_what_cannot_be_sent_says_why(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for name, reason in (
        ("nothing", "no such file"),
        ("fifo", "nobody reads it"),
        ("", "director"),
    ):
        with pytest.raises(host.SendFailed, match=reason) as error:
            host.send(tmp_path / name, "interrupt")
        assert error.value.path == str(tmp_path / name)


@on_both
def test_a_watch_ends_a_wait_at_once(backend: str, tmp_path: Path) -> None:
    path = tmp_path / "events"

    async def main() -> None:
        with FileWake(str(path)) as wake:
            wake.begin()
            await wake.wait(20)  # until the watch is there
            assert not wake.proven
            for act in ("create", "append", "replace"):
                began = anyio.current_time()
                if act == "replace":
                    (tmp_path / "fresh").write_text(line(2))
                    (tmp_path / "fresh").replace(path)
                else:
                    with path.open("a") as file:
                        file.write(line(1))
                await wake.wait(20)
                assert anyio.current_time() - began < 10
                assert wake.proven
            wake.now()
            await wake.wait(20)

    run(backend, main)


@on_both
def test_a_watch_ends_while_changes_are_being_told(backend: str, tmp_path: Path) -> None:
    """Its library calls back with a lock of its own held, and wants the same lock to stop."""
    path = tmp_path / "events"
    path.write_text(line(1))
    done = threading.Event()

    def write() -> None:
        with path.open("a") as file:
            while not done.is_set():
                file.write(line(2))
                file.flush()

    async def main() -> None:
        for _ in range(20):
            with FileWake(str(path)) as wake:
                wake.begin()
                while not wake.proven:
                    await wake.wait(20)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        run(backend, main)
    finally:
        done.set()
        writer.join()


def test_a_short_look_imports_no_watch(tmp_path: Path) -> None:
    path = tmp_path / "events"
    path.write_text(line(1) + end(2))
    code = (
        "import sys, anyio; from qwen_dual import host\n"
        "async def main():\n"
        f"    print([event.seq async for event in host.follow({str(path)!r})])\n"
        "anyio.run(main); print('watchdog' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout == "[1, 2]\nFalse\n"
