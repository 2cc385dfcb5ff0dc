"""When the file is looked at: watches, polling where there is none, and what a watch misses."""

from __future__ import annotations

import errno
import os
import shutil
from typing import TYPE_CHECKING

import anyio
import pytest

from qwen_dual.bridge import watch
from qwen_dual.bridge.reader import open_path
from qwen_dual.bridge.watch import FileWatcher, start_observer
from tests.bridge_in.inputs import Collector, append, path_reader, while_reading
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from qwen_dual.bridge.reader import CommandReader
    from qwen_dual.bridge.watch import Observer


def submit(text: str) -> bytes:
    return b'{"type":"submit","text":"%s"}\n' % text.encode()


async def until_watching(reader: CommandReader) -> None:
    await until(lambda: reader.status().mode == "watching")


async def expect(seen: Collector, texts: list[str]) -> None:
    await seen.until(lambda: len(seen.commands) >= len(texts))
    assert seen.texts == texts


def no_watch(_files: frozenset[str], _wake: Callable[[], None]) -> Observer:
    raise OSError(errno.ENOSPC, "inotify watch limit reached")


class Deaf:
    """A watch that never tells of anything, as on a network file system."""

    def __init__(self) -> None:
        self.stopped = False

    def __call__(self, _files: frozenset[str], _wake: Callable[[], None]) -> Observer:
        return self

    def alive(self) -> bool:
        return True

    def stop(self) -> None:
        self.stopped = True


def test_without_a_watch_polling_takes_over_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "input"
    seen = Collector()
    reader = open_path(
        str(path),
        on_command=seen.on_command,
        on_error=seen.on_error,
        on_warning=seen.on_warning,
        observer=no_watch,
    )

    async def scenario() -> None:
        append(path, submit("one"))
        await expect(seen, ["one"])
        await until(lambda: reader.status().mode != "polling (starting)")
        append(path, submit("two"))
        await expect(seen, ["one", "two"])
        assert reader.status().mode == "polling (inotify watch limit reached)"

    while_reading(reader, scenario)


def test_a_watched_file_may_be_created_replaced_deleted_and_made_again(tmp_path: Path) -> None:
    path = tmp_path / "input"
    seen = Collector()
    reader = path_reader(path, seen)

    async def scenario() -> None:
        await until_watching(reader)
        append(path, submit("created"))
        await expect(seen, ["created"])
        append(tmp_path / "fresh", submit("renamed"))
        (tmp_path / "fresh").replace(path)
        await expect(seen, ["created", "renamed"])
        path.unlink()
        append(path, submit("again"))
        await expect(seen, ["created", "renamed", "again"])
        path.write_bytes(submit("written anew"))
        await expect(seen, ["created", "renamed", "again", "written anew"])
        assert reader.status().mode == "watching"

    with_short_limit(lambda: while_reading(reader, scenario))


def test_a_file_that_moves_away_does_not_delay_what_follows(tmp_path: Path) -> None:
    """watchdog alone holds every event after such a move back for half a second."""
    watched, elsewhere = tmp_path / "watched", tmp_path / "elsewhere"
    watched.mkdir()
    elsewhere.mkdir()
    path = watched / "input"
    seen = Collector()
    reader = path_reader(path, seen)

    took = []

    async def scenario() -> None:
        await until_watching(reader)
        for number in range(3):
            append(watched / "other", b"")
            (watched / "other").rename(elsewhere / "other")
            began = anyio.current_time()
            append(path, submit(str(number)))
            await expect(seen, [str(earlier) for earlier in range(number + 1)])
            took.append(anyio.current_time() - began)

    while_reading(reader, scenario)
    assert min(took) < 0.4  # once quick is enough: that delay would be there each time


def with_short_limit(run: Callable[[], None]) -> None:
    """Runs with a bound far below what time-driven checks of a watch would need."""

    async def main() -> None:
        with anyio.fail_after(30):
            await anyio.to_thread.run_sync(run)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watch, "CHECK_INTERVAL", 40.0)
        anyio.run(main)


def test_a_directory_that_is_a_link_is_watched_where_it_leads(tmp_path: Path) -> None:
    real, links = tmp_path / "real", tmp_path / "links"
    real.mkdir()
    links.symlink_to(real)
    append(real / "input", b"")
    seen = Collector()
    reader = path_reader(links / "input", seen)

    async def scenario() -> None:
        await until_watching(reader)
        append(real / "input", submit("one"))
        await expect(seen, ["one"])

    with_short_limit(lambda: while_reading(reader, scenario))


def test_a_deleted_directory_that_comes_back_is_read_again(tmp_path: Path) -> None:
    directory = tmp_path / "session"
    directory.mkdir()
    path = directory / "input"
    append(path, b"")
    seen = Collector()
    reader = path_reader(path, seen)

    async def scenario() -> None:
        await until_watching(reader)
        shutil.rmtree(directory)
        await until(lambda: reader.status().mode != "watching")
        directory.mkdir()
        append(path, submit("one"))
        await expect(seen, ["one"])

    with_short_limit(lambda: while_reading(reader, scenario))


def test_a_watch_that_misses_a_change_is_given_up(tmp_path: Path) -> None:
    deaf = Deaf()
    watcher = FileWatcher(str(tmp_path / "input"), deaf)

    async def main() -> None:
        assert await watcher.wait()
        assert watcher.mode == "watching"
        assert not await watcher.wait(poll=True)
        watcher.found_unannounced()
        assert not await watcher.wait()

    anyio.run(main)
    assert watcher.mode == "polling (changes are not announced on this file system)"
    assert deaf.stopped


def test_a_watch_that_was_only_late_is_kept(tmp_path: Path) -> None:
    watcher = FileWatcher(str(tmp_path / "input"), Deaf())

    async def main() -> None:
        await watcher.wait()
        watcher.found_unannounced()
        watcher.wake()
        assert await watcher.wait()

    anyio.run(main)
    assert watcher.mode == "watching"


def test_a_wake_before_the_wait_is_not_lost(tmp_path: Path) -> None:
    wakes: list[Callable[[], None]] = []

    def start(_files: frozenset[str], wake: Callable[[], None]) -> Observer:
        wakes.append(wake)
        return Deaf()

    watcher = FileWatcher(str(tmp_path / "input"), start)

    async def main() -> None:
        assert await watcher.wait()
        for _ in range(1000):
            await anyio.to_thread.run_sync(wakes[0])
        assert await watcher.wait()

    anyio.run(main)
    wakes[0]()  # the loop is closed: harmless


def test_an_observer_of_a_missing_directory_is_an_os_error(tmp_path: Path) -> None:
    before = len(os.listdir("/dev/fd"))
    with pytest.raises(OSError, match="No such file or directory"):
        start_observer(frozenset({str(tmp_path / "missing" / "input")}), lambda: None)
    assert len(os.listdir("/dev/fd")) <= before


def test_no_watch_is_begun_before_the_program_has_started(tmp_path: Path) -> None:
    begun: list[frozenset[str]] = []

    class Noted(Deaf):
        def __call__(self, files: frozenset[str], _wake: Callable[[], None]) -> Observer:
            begun.append(files)
            return self

    async def main() -> None:
        started = anyio.Event()
        watcher = FileWatcher(str(tmp_path / "input"), Noted(), begin=started)
        assert await watcher.wait() is False  # it is time to look
        assert await watcher.wait() is False
        assert begun == []
        started.set()
        assert await watcher.wait() is True
        assert (len(begun), watcher.mode) == (1, "watching")

    anyio.run(main)


def test_a_start_that_takes_long_holds_up_no_watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "HELD_SECONDS", 0.0)

    async def main() -> None:
        watcher = FileWatcher(str(tmp_path / "input"), Deaf(), begin=anyio.Event())
        await watcher.wait()
        assert watcher.mode == "watching"

    anyio.run(main)
