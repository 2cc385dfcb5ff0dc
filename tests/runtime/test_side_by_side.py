"""Sessions side by side in one process: each with its own folder, environment, keys and log."""

from __future__ import annotations

import logging
import os
import re
import threading
from typing import TYPE_CHECKING

import anyio
import pytest

from qwen_dual.core.actor import CLI
from qwen_dual.runtime.factory import SessionFactory
from qwen_dual.runtime.spec import SessionSpec
from tests.models.server import serve
from tests.runtime.support import Log
from tests.support.services import answer, openai

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.opened import OpenSession


class Place:
    """A person's home with a folder of theirs, and what is in its environment."""

    def __init__(self, root: Path, name: str, **env: str) -> None:
        self.name = name
        self.home = root / name
        self.cwd = self.home / "work"
        self.cwd.mkdir(parents=True)
        (self.cwd / f"{name}.txt").write_text(f"a file of {name}\n")
        path = os.environ.get("PATH", os.defpath)
        self.env: Mapping[str, str] = {"HOME": str(self.home), "PATH": path, "OWN": name, **env}
        self.log = Log()

    def spec(self, *, offline: bool = True) -> SessionSpec:
        """A session here that runs whatever its model calls."""
        return SessionSpec(cwd=str(self.cwd), env=self.env, offline=offline, approval_mode="yolo")

    @property
    def told(self) -> str:
        """All that was published."""
        return str(self.log.events)

    @property
    def debug(self) -> str:
        """All that stands in debug logs of this home."""
        files = (self.home / ".qwen" / "debug").glob("*.txt")
        return "".join(file.read_text() for file in files)


@pytest.fixture
def ada(tmp_path: Path) -> Place:
    return Place(tmp_path, "ada", ADA_API_KEY="sk-ada-0123456789abcdef")


@pytest.fixture
def bob(tmp_path: Path) -> Place:
    return Place(tmp_path, "bob", BOB_API_KEY="sk-bob-0123456789abcdef")


async def ask(handle: OpenSession, log: Log, text: str) -> None:
    """Submits a prompt and waits for its result."""
    count = len(log.of("result"))
    handle.submit(text, CLI)
    await log.results(count + 1)


def test_two_sessions_see_nothing_of_each_other(ada: Place, bob: Place) -> None:
    before = dict(os.environ), os.getcwd()

    async def main() -> None:
        factory = SessionFactory()
        async with anyio.create_task_group() as group:
            handles = [factory.open(place.spec(), [place.log]) for place in (ada, bob)]
            for handle in handles:
                group.start_soon(handle.run)
                handle.attach()
                assert factory.registry.get(handle.id) is handle
            async with anyio.create_task_group() as asking:
                for place, handle in zip((ada, bob), handles, strict=True):
                    asking.start_soon(ask, handle, place.log, "run pwd; env; cat *.txt")
            for handle in handles:
                await handle.stop()
        for handle in handles:
            await handle.aclose()

    anyio.run(main)
    for own, other in ((ada, bob), (bob, ada)):
        results = str(own.log.of("user"))
        assert str(own.cwd) in results
        assert f"OWN={own.name}" in results
        assert f"a file of {own.name}" in results
        assert str(other.home) not in own.told
        assert f"OWN={other.name}" not in own.told
        assert "API_KEY" not in results  # a key is in no command's environment
        assert len({event["session_id"] for event in own.log.events}) == 1
        assert (own.home / ".qwen").is_dir()
    assert (dict(os.environ), os.getcwd()) == before


def test_what_goes_wrong_stands_in_the_log_of_its_session_alone(ada: Place, bob: Place) -> None:
    told = logging.getLogger("qwen_dual.test")

    def complainer(place: Place) -> Callable[[Event], None]:
        def complain(event: Event) -> None:
            if event["type"] == "user":
                told.warning("seen in %s with %s", place.name, place.env)

        return complain

    async def main() -> None:
        factory = SessionFactory()
        async with anyio.create_task_group() as group:
            handles = [
                factory.open(place.spec(), [place.log, complainer(place)]) for place in (ada, bob)
            ]
            for handle in handles:
                group.start_soon(handle.run)
                handle.attach()
            for place, handle in zip((ada, bob), handles, strict=True):
                await ask(handle, place.log, "hello")
            for handle in handles:
                await handle.stop()
        for handle in handles:
            await handle.aclose()

    anyio.run(main)
    for own, other in ((ada, bob), (bob, ada)):
        assert f"seen in {own.name}" in own.debug
        assert other.name not in own.debug.replace(str(own.home), "")
        assert "sk-" not in own.debug


def test_each_session_calls_its_own_service_with_its_own_key(tmp_path: Path) -> None:
    keys = ("sk-of-ada-0123456789abcdef", "sk-of-bob-0123456789abcdef")

    async def main() -> None:
        async with serve(*[answer("here")] * 2) as one, serve(*[answer("there")] * 2) as other:
            servers = (one, other)
            places = [
                Place(tmp_path, name, **(openai(server.url) | {"OPENAI_API_KEY": key}))
                for name, server, key in zip(("ada", "bob"), servers, keys, strict=True)
            ]
            factory = SessionFactory()
            async with anyio.create_task_group() as group:
                handles = [factory.open(place.spec(offline=False), [place.log]) for place in places]
                for handle in handles:
                    group.start_soon(handle.run)
                    handle.attach()
                async with anyio.create_task_group() as asking:
                    for place, handle in zip(places, handles, strict=True):
                        asking.start_soon(ask, handle, place.log, "who are you?")
                for handle in handles:
                    await handle.stop()
            for handle in handles:
                await handle.aclose()
            for server, place, key, said in zip(
                servers, places, keys, ("here", "there"), strict=True
            ):
                (request,) = server.requests
                assert request.headers["authorization"] == f"Bearer {key}"
                assert place.log.of("result")[0]["result"] == said
                assert key not in place.told

    anyio.run(main)


def open_files() -> dict[str, str]:
    """What each descriptor of this process leads to."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[name] = os.readlink(f"/proc/self/fd/{name}")
        except OSError:  # the one that listed them
            continue
    return found


def test_a_closed_session_leaves_no_task_file_thread_or_log_handler(ada: Place, bob: Place) -> None:
    async def one(factory: SessionFactory, place: Place) -> None:
        place.log = log = Log()
        handle = factory.open(place.spec(), [log])
        async with anyio.create_task_group() as group:
            group.start_soon(handle.run)
            handle.attach()
            await handle.load()
            await ask(handle, log, "run echo hello; sleep 0.01")
            await ask(handle, log, "list")
            await handle.stop()
        await handle.aclose()

    async def main() -> None:
        factory = SessionFactory()
        await one(factory, bob)  # what is there once, such as a worker thread, is there now
        tasks = len(anyio.get_running_tasks())
        files, threads = open_files(), set(threading.enumerate())
        handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
        await one(factory, ada)
        assert len(anyio.get_running_tasks()) == tasks
        assert open_files() == files
        assert set(threading.enumerate()) <= threads
        assert (logging.getLogger().handlers, logging.getLogger().level) == (handlers, level)
        assert not any(str(ada.home) in str(handler) for handler in handlers)
        assert len(factory.registry) == 0

    anyio.run(main)


def test_a_hundred_idle_sessions_take_less_than_their_share(tmp_path: Path, whole: bool) -> None:
    count = 1000 if whole else 100

    async def main() -> None:
        factory = SessionFactory()
        async with anyio.create_task_group() as group:
            handles: list[OpenSession] = []

            async def begin(name: str) -> None:
                place = Place(tmp_path, name)
                handle = factory.open(place.spec())
                group.start_soon(handle.run)
                handle.attach()
                await handle.load()
                handles.append(handle)

            await begin("first")
            before, files = memory(), len(open_files())
            for number in range(count):
                await begin(f"n{number}")
            assert (memory() - before) / count < 4 << 20
            assert len(open_files()) <= files + 1
            assert len(factory.registry) == count + 1
            for handle in handles:
                await handle.stop()
        for handle in handles:
            await handle.aclose()
        assert len(factory.registry) == 0

    anyio.run(main)


def memory() -> int:
    """The proportional set size of this process, in bytes."""
    with open("/proc/self/smaps_rollup") as file:
        (line,) = (line for line in file if line.startswith("Pss:"))
    return int(line.split()[1]) << 10


def test_two_hundred_busy_sessions_are_each_answered(tmp_path: Path, whole: bool) -> None:
    count = 200 if whole else 60
    logs = [Log() for _ in range(count)]

    async def main() -> None:
        factory = SessionFactory()
        place = Place(tmp_path, "all")
        async with anyio.create_task_group() as group:
            handles = [factory.open(place.spec(), [log]) for log in logs]
            for handle in handles:
                group.start_soon(handle.run)
                handle.attach()
            async with anyio.create_task_group() as asking:
                for handle, log in zip(handles, logs, strict=True):
                    asking.start_soon(ask, handle, log, "list")
            for handle in handles:
                await handle.stop()
        for handle in handles:
            await handle.aclose()

    anyio.run(main)
    ids = {log.events[0]["session_id"] for log in logs}
    assert len(ids) == count
    for log in logs:
        assert log.of("result")[0]["subtype"] == "success"
        assert set(re.findall("|".join(ids), str(log.events))) == {log.events[0]["session_id"]}
        assert [event["seq"] for event in log.events] == list(range(1, len(log.events) + 1))
