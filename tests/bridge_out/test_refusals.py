"""What cannot be written to is refused with its name and the reason."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from qwen_dual.bridge.errors import ChannelError
from qwen_dual.bridge.sinks import open_sink
from tests.support.pty import pair

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("fd", [0, 1, 2])
def test_the_standard_streams_are_the_terminals(fd: int) -> None:
    with pytest.raises(ChannelError, match=f"fd {fd}: is a standard stream.*use 3 or higher"):
        open_sink(fd=fd)


@pytest.mark.parametrize("fd", [9999, 2**40])
def test_a_descriptor_that_is_not_open(fd: int) -> None:
    with pytest.raises(ChannelError, match=f"fd {fd}: is not open in this process"):
        open_sink(fd=fd)


def test_the_reading_end_of_a_pipe() -> None:
    reader, writer = os.pipe()
    with pytest.raises(ChannelError, match="open for reading only"):
        open_sink(fd=reader)
    os.close(reader)
    os.close(writer)


def test_paths_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(ChannelError, match="is a directory"):
        open_sink(path=str(tmp_path))
    with pytest.raises(ChannelError, match="missing/x: cannot be opened: No such file"):
        open_sink(path=str(tmp_path / "missing" / "x"))
    with pytest.raises(ChannelError, match="/dev/fd/9999: is not open"):
        open_sink(path="/dev/fd/9999")
    with pytest.raises(ChannelError, match="cannot be opened"):
        open_sink(path="a\0b")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        with pytest.raises(ChannelError, match="is no file or FIFO"):
            open_sink(path=str(tmp_path / "socket"))


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / ".bashrc").write_text("mine\n")
    (tmp_path / "events").symlink_to(".bashrc")
    (tmp_path / "dangling").symlink_to("made")
    for name in ("events", "dangling"):
        with pytest.raises(ChannelError, match="is a symbolic link, which is not followed"):
            open_sink(path=str(tmp_path / name))
    assert (tmp_path / ".bashrc").read_text() == "mine\n"
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("kind", ["file", "fifo"])
def test_a_second_name(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "events"
    if kind == "fifo":
        os.mkfifo(path, 0o600)
    else:
        path.touch(0o600)
    os.link(path, tmp_path / "other")
    with pytest.raises(ChannelError, match="has 2 names"):
        open_sink(path=str(path))


def test_a_directory_that_others_can_write_to(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(ChannelError, match=r"can be written to by others \(mode 0777\)"):
        open_sink(path=str(tmp_path / "events"))
    assert not (tmp_path / "events").exists()
    tmp_path.chmod(0o1777)
    open_sink(path=str(tmp_path / "events")).close()


def test_a_standard_stream_that_was_redirected_is_written_to(tmp_path: Path) -> None:
    code = (
        "from qwen_dual.bridge.sinks import open_sink\n"
        "open_sink(path='/dev/stderr').write(memoryview(b'event\\n'))"
    )
    with (tmp_path / "log").open("wb") as log:
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, stderr=log, check=True)
    assert (tmp_path / "log").read_bytes() == b"event\n"


def test_the_terminal_of_the_ui_itself() -> None:
    code = (
        "import os, sys\n"
        "from qwen_dual.bridge.errors import ChannelError\n"
        "from qwen_dual.bridge.sinks import open_sink\n"
        "for target in ({'path': os.ttyname(0)}, {'fd': os.dup(0)}):\n"
        "    try:\n"
        "        open_sink(**target)\n"
        "    except ChannelError as error:\n"
        "        assert 'terminal of the UI itself' in str(error), error\n"
        "    else:\n"
        "        sys.exit(f'{target} was taken')\n"
    )
    with pair() as terminal:
        result = subprocess.run(
            [sys.executable, "-c", code],
            stdin=terminal.side,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert result.returncode == 0, result.stderr
