"""What a second user on the same machine can do with the channels: nothing."""

from __future__ import annotations

import asyncio
import os
import stat
import threading
from typing import TYPE_CHECKING

import pytest

from qwen_dual.bridge.errors import ChannelError
from qwen_dual.bridge.fifo_sink import FifoSink
from qwen_dual.bridge.fifo_threads import ReaderWait
from qwen_dual.bridge.file_sink import FileSink
from qwen_dual.bridge.path_source import PathSource
from qwen_dual.bridge.sinks import open_sink
from qwen_dual.cli.places import private_directory
from tests.support.users import NOBODY, OTHER, as_root, in_child, shared_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = as_root


@pytest.fixture
def common() -> Iterator[Path]:
    """A folder like ``/tmp``."""
    with shared_folder() as base:
        base.chmod(0o1777)
        yield base


def of_other(path: Path, mode: int = 0o666, *, fifo: bool = False) -> Path:
    """A file that another user has put there."""
    if fifo:
        os.mkfifo(path)
    else:
        path.write_bytes(b"theirs\n")
    os.chown(path, OTHER, OTHER)
    path.chmod(mode)
    return path


def told(work: Callable[[], object]) -> str:
    """Why a channel is not opened, for a user who is not root."""

    def refused() -> str:
        try:
            work()
        except ChannelError as error:
            return error.reason
        return "opened"

    return in_child(NOBODY, refused)


@pytest.mark.parametrize("fifo", [False, True])
def test_their_file_takes_no_events(common: Path, fifo: bool) -> None:
    path = of_other(common / "events", fifo=fifo)
    why = told(lambda: open_sink(path=str(path)))
    assert why.startswith(f"belongs to another user (uid {OTHER}, not {NOBODY})")
    assert fifo or path.read_bytes() == b"theirs\n"


@pytest.mark.parametrize("fifo", [False, True])
def test_their_file_gives_no_commands(common: Path, fifo: bool) -> None:
    path = of_other(common / "input", fifo=fifo)
    why = told(lambda: PathSource(str(path)))
    assert why.startswith(f"belongs to another user (uid {OTHER}, not {NOBODY})")


def test_their_folder_is_refused(common: Path) -> None:
    folder = common / "theirs"
    folder.mkdir()
    os.chown(folder, OTHER, OTHER)
    folder.chmod(0o777)
    for work in (
        lambda: open_sink(path=str(folder / "events")),
        lambda: PathSource(str(folder / "input")),
    ):
        assert f"which belongs to another user (uid {OTHER})" in told(work)


def test_their_directory_is_no_channel_dir(common: Path) -> None:
    folder = common / "channels"
    folder.mkdir()
    os.chown(folder, OTHER, OTHER)

    def refused() -> str:
        try:
            return private_directory(str(folder))
        except PermissionError as error:
            return str(error)

    assert f"belongs to another user (uid {OTHER})" in in_child(NOBODY, refused)


@pytest.mark.parametrize("theirs", ["file", "link"])
def test_what_takes_the_place_of_the_events_file_gets_nothing(common: Path, theirs: str) -> None:
    """In a folder that is the other user's to change, which root may use."""
    path, loot = common / "events", common / "loot"
    sink = FileSink(str(path))
    sink.write(memoryview(b"one\n"))
    path.rename(common / "taken")
    loot.write_bytes(b"")
    if theirs == "file":
        of_other(path)
    else:
        path.symlink_to(loot)
        os.chown(path, OTHER, OTHER, follow_symlinks=False)
    assert not sink.renewed()
    assert not sink.renewed()
    sink.write(memoryview(b"two\n"))
    [warning] = sink.warnings
    assert "events go on to the file that was there before" in warning
    assert (common / "taken").read_bytes() == b"one\ntwo\n"
    assert loot.read_bytes() == b""
    path.unlink()
    assert sink.renewed()
    sink.write(memoryview(b"three\n"))
    assert path.read_bytes() == b"three\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    sink.close()


def test_their_fifo_in_place_of_ours_is_not_waited_on(common: Path) -> None:
    path = common / "events"
    os.mkfifo(path, 0o600)
    FifoSink(str(path)).close()
    path.unlink()
    of_other(path, fifo=True)

    async def main() -> None:
        with pytest.raises(OSError, match="belongs to another user"):
            ReaderWait(str(path), asyncio.get_running_loop(), lambda wait, fd: None)

    asyncio.run(main())


@pytest.mark.parametrize("fifo", [False, True])
def test_what_others_could_read_is_made_private_and_told(common: Path, fifo: bool) -> None:
    path = common / "events"
    if fifo:
        os.mkfifo(path)
    else:
        path.touch()
    os.chown(path, NOBODY, NOBODY)
    path.chmod(0o664)

    def opened() -> str:
        sink = open_sink(path=str(path))
        sink.close()
        return "".join(sink.warnings)

    warning = in_child(NOBODY, opened)
    assert warning == f"{path} was readable and writable by others (mode 0664); it is 0600 now"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_host_that_makes_the_input_with_the_usual_mask_works(common: Path) -> None:
    def read() -> str:
        path = common / "input"
        os.umask(0o022)
        path.write_bytes(b'{"type":"interrupt"}\n')
        source = PathSource(str(path))
        count = len(source.step().items)
        source.close()
        return f"{count} {stat.S_IMODE(path.stat().st_mode):o}"

    assert in_child(NOBODY, read) == "1 644"


def test_a_link_of_theirs_that_appears_later_is_not_followed(common: Path) -> None:
    secret = common / "mine"
    secret.write_bytes(b'{"type":"submit","text":"run"}\n')
    os.chown(secret, NOBODY, NOBODY)
    path = common / "input"
    ready, go = os.pipe(), os.pipe()

    def wait_for_link() -> str:
        source = PathSource(str(path))
        os.write(ready[1], b".")
        os.read(go[0], 1)
        step = source.step()
        return f"{len(step.items)} {step.warning}"

    def other() -> None:
        os.read(ready[0], 1)
        path.symlink_to(secret)
        os.chown(path, OTHER, OTHER, follow_symlinks=False)
        os.write(go[1], b".")

    thread = threading.Thread(target=other)
    thread.start()
    result = in_child(NOBODY, wait_for_link)
    thread.join()
    for fd in (*ready, *go):
        os.close(fd)
    assert result.startswith("0 ") and "is a symbolic link, which is not followed" in result
