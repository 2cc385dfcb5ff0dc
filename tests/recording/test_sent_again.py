"""Where recorded events are sent to again."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import anyio
import pytest

from qwen_dual.recording.emission import open_target, write_all
from qwen_dual.recording.folder import RecordingError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio

LINES = b'{"type":"user"}\n' * 20_000


async def test_a_device_that_always_takes_all_is_not_waited_for() -> None:
    fd = open_target("/dev/null")
    await write_all(fd, LINES)
    os.close(fd)


async def test_a_file_gets_it_behind_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "events"
    path.write_bytes(b"before\n")
    fd = open_target(str(path))
    await write_all(fd, LINES)
    os.close(fd)
    assert path.read_bytes() == b"before\n" + LINES


async def test_a_reader_gets_it_as_it_reads_and_its_end_is_said() -> None:
    ours, theirs = os.pipe()
    got = bytearray()

    async def read() -> None:
        while len(got) < len(LINES):
            await anyio.wait_readable(ours)
            got.extend(os.read(ours, 4096))

    async with anyio.create_task_group() as group:
        group.start_soon(read)
        await write_all(theirs, LINES)
    assert got == LINES
    os.close(ours)
    with pytest.raises(RecordingError, match="the reader is gone"):
        await write_all(theirs, b"more\n")
    os.close(theirs)
