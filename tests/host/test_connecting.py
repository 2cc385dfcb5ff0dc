"""A session over its socket, through the library: joined, steered, refused, lost, and left as it was."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
import pytest

from qwen_dual import host
from qwen_dual.protocol import events
from tests.bridge_hosts.kit import open_room

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.bridge_hosts.kit import Room


def with_room(folder: Path, scenario: Callable[[Room], Awaitable[None]]) -> None:
    async def main() -> None:
        async with open_room(folder) as room:
            with anyio.fail_after(30):
                await scenario(room)

    anyio.run(main)


def test_it_says_who_is_there_and_what_it_may(tmp_path: Path) -> None:
    async def scenario(room: Room) -> None:
        room.desk.rights["zed"] = ["observe", "submit"]
        async with host.connect(room.path, name="zed") as session:
            assert session.rights == {"observe", "submit"}
            assert session.pid == 7
            here = [{"name": "zed", "rights": ["observe"], "since": "now", "pid": 7}]
            with session.events() as reader:
                room.source.send(events.system("hosts_changed", {"hosts": here}))
                await anext(reader)
            assert session.hosts == (host.PresentHost("zed", frozenset({"observe"}), "now", 7),)
            with pytest.raises(host.NotSupported, match="over its socket"):
                await session.write("x")
            with pytest.raises(host.NotSupported, match="over its socket"):
                session.resize(80, 24)
        await room.until(lambda: not room.hosts.present)

    with_room(tmp_path, scenario)


@pytest.mark.parametrize(("state", "code"), [("thinking", "no_right"), ("idle", "not_busy")])
def test_who_may_not_interrupt_is_told_so_and_not_that_nothing_ran(
    tmp_path: Path, state: str, code: str
) -> None:
    async def scenario(room: Room) -> None:
        room.source.send(events.system("state", {"state": state, "turn_id": None, "queued": 0}))
        stopped: list[bool] = []
        async with host.connect(room.path, name="zed") as session:

            async def interrupt() -> None:
                stopped.append(await session.interrupt())

            async with anyio.create_task_group() as group:
                if code == "no_right":
                    group.start_soon(refused, session)
                else:
                    group.start_soon(interrupt)
                [receiver] = room.desk.receivers
                await room.until(lambda: bool(receiver.commands))
                [command] = receiver.commands
                told = events.receipt(str(command.id), "rejected", code, "why")
                receiver.send({**told, "seq": 0, "session_id": "s"})
        assert stopped == ([] if code == "no_right" else [False])

    async def refused(session: host.Session) -> None:
        with pytest.raises(host.CommandRejected, match="no_right"):
            await session.interrupt()

    with_room(tmp_path, scenario)


def test_the_state_there_is_and_what_waits_are_known_at_once(tmp_path: Path) -> None:
    async def scenario(room: Room) -> None:
        data = {"state": "running_tool", "turn_id": "t", "queued": 0, "queue": []}
        room.source.send(events.system("state", data))
        room.source.ask("waits")
        asked: list[str] = []

        def decide(request: host.Request) -> None:
            asked.append(request.id)

        async with host.connect(room.path, name="zed", on_approval=decide) as session:
            while not asked:
                await anyio.lowlevel.checkpoint()
            assert asked == ["waits"] == list(session.pending)
            room.source.resolve("waits")
            while session.pending:
                await anyio.lowlevel.checkpoint()
            assert session.state == "running_tool"

    with_room(tmp_path, scenario)


def test_one_that_was_away_goes_on_where_it_was(tmp_path: Path) -> None:
    async def scenario(room: Room) -> None:
        async with host.connect(room.path, name="zed") as session:
            room.source.note("seen")
            seen = await anext(aiter(session.events()))
        room.source.note("missed")
        after = (seen.seq or 0) + 1
        async with host.connect(room.path, name="zed", from_seq=after) as session:
            texts = []
            async for event in session:
                texts.append(event.data.get("text"))
                if len(texts) == 2:
                    break
            assert texts == [None, "missed"] and session.lost == 0

    with_room(tmp_path, scenario)


def test_who_is_not_let_in_is_told_why(tmp_path: Path) -> None:
    async def scenario(room: Room) -> None:
        room.desk.rights["nobody"] = []
        for name, code in (("nobody", "no_right"), ("keyb0ard", "bad_name"), ("a b", "bad_name")):
            with pytest.raises(host.ConnectFailed) as failed:
                async with host.connect(room.path, name=name):
                    raise AssertionError("let in")
            assert failed.value.code == code and failed.value.path == room.path

    with_room(tmp_path, scenario)


def test_where_nobody_listens_it_says_what_to_do(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "left"))
    (tmp_path / "file").touch()

    async def main() -> None:
        for name, why in (
            ("missing", "start the session with --socket"),
            ("left", "the session is gone"),
            ("file", "the session is gone"),
            ("x" * 200, "too long"),
        ):
            with pytest.raises(host.ConnectFailed, match=why):
                async with host.connect(tmp_path / name, name="zed"):
                    raise AssertionError("connected")

    anyio.run(main)


def test_what_listens_and_says_nothing_is_not_waited_for(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "s"))
        silent.listen()

        async def main() -> None:
            with pytest.raises(host.StartTimeout):
                async with host.connect(tmp_path / "s", name="zed", connect_timeout=0.05):
                    raise AssertionError("connected")

        anyio.run(main)


def test_the_end_of_the_session_is_the_end_and_its_death_an_error(tmp_path: Path) -> None:
    async def scenario(room: Room) -> None:
        async with host.connect(room.path, name="one") as session:
            room.source.send(events.system("session_end", {"session_id": "s"}))
            assert [event.kind async for event in session][-1] == "system/session_end"
            assert session.state == "ended"
        async with host.connect(room.path, name="two") as session:
            room.hosts.close()
            with pytest.raises(host.SessionExited):
                async for _ in session:
                    pass
            with pytest.raises(host.SessionExited):
                await session.submit("too late")

    with_room(tmp_path, scenario)
