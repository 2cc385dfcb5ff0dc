"""Inherited descriptors and FIFOs: what is accepted, how they end, and how writers come and go."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import pytest

from qwen_dual.bridge.checks import is_socket
from qwen_dual.bridge.errors import ChannelError
from qwen_dual.bridge.sources import FdSource
from tests.bridge_in.inputs import (
    Collector,
    append,
    drain,
    fd_reader,
    open_channel,
    path_reader,
    send_all,
    while_reading,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


def submit(text: str) -> bytes:
    return b'{"type":"submit","text":"%s"}\n' % text.encode()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    for fd in (reading, writing):
        try:
            os.close(fd)
        except OSError:
            pass


@pytest.mark.parametrize("fd", [0, 1, 2, -1])
def test_the_standard_streams_are_refused(fd: int) -> None:
    with pytest.raises(ChannelError, match=f"^fd {fd}: is a standard stream"):
        FdSource(fd)


@pytest.mark.parametrize("fd", [9999, 1 << 40])
def test_a_descriptor_that_is_not_open_is_refused(fd: int) -> None:
    with pytest.raises(ChannelError, match=f"^fd {fd}: is not open in this process"):
        FdSource(fd)
    assert not is_socket(fd)


def test_the_writing_end_of_a_pipe_is_refused(pipe: tuple[int, int]) -> None:
    with pytest.raises(ChannelError, match="is open for writing only; pass the reading end"):
        FdSource(pipe[1])
    assert not is_socket(pipe[0])


def test_a_regular_file_is_no_descriptor_to_read_from(tmp_path: Path) -> None:
    refused = pytest.raises(ChannelError, match="is neither a pipe nor a socket")
    with (tmp_path / "file").open("wb+") as file, refused:
        FdSource(file.fileno())


def test_a_descriptor_is_not_handed_on_to_child_processes(pipe: tuple[int, int]) -> None:
    os.set_inheritable(pipe[0], True)
    FdSource(pipe[0])
    assert not os.get_inheritable(pipe[0])


def test_the_end_of_a_pipe_closes_the_channel_quietly(pipe: tuple[int, int]) -> None:
    seen = Collector()
    reader = fd_reader(pipe[0], seen)
    send_all(pipe[1], submit("one") + submit("last").rstrip())
    os.close(pipe[1])
    anyio.run(reader.run)
    assert seen.texts == ["one", "last"]
    assert seen.errors == [] == seen.warnings
    assert reader.status().state == "closed"
    os.fstat(pipe[0])  # still open: it belongs to whoever passed it


def test_a_torn_last_line_is_told_when_the_pipe_ends(pipe: tuple[int, int]) -> None:
    seen = Collector()
    send_all(pipe[1], submit("one") + b'{"type":"sub')
    os.close(pipe[1])
    anyio.run(fd_reader(pipe[0], seen).run)
    assert seen.texts == ["one"]
    assert [(error.code, error.offset) for error in seen.errors] == [
        ("not_json", len(submit("one")))
    ]


def test_a_failing_descriptor_closes_the_channel_with_a_warning(pipe: tuple[int, int]) -> None:
    source = FdSource(pipe[0])
    os.close(pipe[0])
    warning = f"fd {pipe[0]}: reading failed: Bad file descriptor; it takes no more commands"
    assert drain(source) == ([], [], [warning])
    assert source.state == "closed"
    assert drain(source) == ([], [], [])


def test_one_socket_carries_both_directions() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert is_socket(ours.fileno())
        seen = Collector()

        async def scenario() -> None:
            for number in range(10):
                theirs.sendall(submit(str(number)))
                await seen.until(lambda: len(seen.commands) == number + 1)  # noqa: B023
                ours.send(b"event\n")
                assert theirs.recv(100) == b"event\n"

        while_reading(fd_reader(ours.fileno(), seen), scenario)
    assert seen.texts == [str(number) for number in range(10)]


def test_a_fifo_made_anew_is_read_again(tmp_path: Path) -> None:
    with open_channel("fifo", tmp_path) as channel:
        assert channel.path is not None
        path, seen = channel.path, channel.seen

        async def scenario() -> None:
            channel.write(submit("one"))
            await seen.until(lambda: len(seen.commands) == 1)
            path.unlink()
            os.mkfifo(path, 0o600)
            # blocks until the new FIFO has a reader
            await anyio.to_thread.run_sync(append, path, submit("two"))
            await seen.until(lambda: len(seen.commands) == 2)

        while_reading(channel.reader, scenario)
    assert seen.texts == ["one", "two"]


def test_a_path_under_dev_fd_is_read_as_the_pipe_it_is(pipe: tuple[int, int]) -> None:
    seen = Collector()
    reader = path_reader(Path(f"/dev/fd/{pipe[0]}"), seen)

    async def scenario() -> None:
        send_all(pipe[1], submit("one"))
        await seen.until(lambda: len(seen.commands) == 1)

    while_reading(reader, scenario)
    assert reader.status().lines == 1


def test_importing_the_reader_imports_nothing_heavy() -> None:
    code = (
        "import sys, qwen_dual.bridge.reader\n"
        "print([name for name in ('pydantic', 'watchdog', 'prompt_toolkit', 'rich') "
        "if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
