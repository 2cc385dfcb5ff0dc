"""Sends recorded events again: the very same lines, with the pauses they had."""

from __future__ import annotations

import errno
import math
import os
import stat
import time
from typing import TYPE_CHECKING

import anyio

from qwen_dual.recording.folder import RecordingError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from qwen_dual.recording.recorded import Recorded

_BATCH = 1 << 18


async def emit(
    recorded: Recorded, write: Callable[[bytes], Awaitable[None]], speed: float = 1.0
) -> int:
    """Writes all lines of a recording; how many there were.

    Lines that came at one moment are written as one. Where nobody noted when they came, they are
    written as fast as they are taken.

    Args:
        recorded: what is sent.
        write: takes whole lines.
        speed: how many seconds of the recording pass in one; infinite for no pauses.

    Raises:
        RecordingError: the recording cannot be read.
    """
    began, count = time.monotonic(), 0
    batch, moment = bytearray(), 0.0
    for seconds, line, piece in recorded.lines():
        at = 0.0 if seconds is None else seconds
        if batch and ((at > moment and not math.isinf(speed)) or len(batch) >= _BATCH):
            await write(bytes(batch))
            batch.clear()
        if not math.isinf(speed) and at > moment:
            await anyio.sleep(max(began + at / speed - time.monotonic(), 0.0))
        moment = at
        batch += line
        count += piece < 2
    if batch:
        await write(bytes(batch))
    return count


def open_target(path: str | None = None, fd: int | None = None) -> int:
    """A descriptor for a regular file (appended to), a FIFO (waited for) or an inherited descriptor.

    Raises:
        RecordingError: it cannot be written to.
    """
    if fd is not None:
        try:
            os.fstat(fd)
        except OSError:
            raise RecordingError(f"fd {fd} is not open; open it where this is started") from None
        return fd
    assert path is not None
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOCTTY
    try:
        return os.open(path, flags, 0o600)  # of a FIFO: when somebody reads
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror}") from error


async def write_all(fd: int, data: bytes) -> None:
    """Writes as the reader reads.

    Raises:
        RecordingError: it went away, or the disk is full.
    """
    rest = memoryview(data)
    waits = not stat.S_ISREG(os.fstat(fd).st_mode)
    while rest:
        if waits:
            try:
                await anyio.wait_writable(fd)
            except PermissionError:
                waits = False  # a device that always takes all, as /dev/null
        try:
            rest = rest[os.write(fd, rest[:4096] if waits else rest) :]
        except BlockingIOError:
            continue
        except OSError as error:
            gone = "the reader is gone" if error.errno == errno.EPIPE else error.strerror
            raise RecordingError(f"the events could not be sent on: {gone}") from error
