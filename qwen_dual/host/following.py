"""For programs that did not start the session: its events file or FIFO, and its input file."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Any

from qwen_dual.host.errors import SendFailed
from qwen_dual.host.event import LOCAL
from qwen_dual.host.tail import PathTail
from qwen_dual.host.wake import FileWake
from qwen_dual.protocol import MAX_LINE_BYTES
from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.events import new_uuid

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping
    from typing import Literal

    from qwen_dual.host.event import Event

QUICKEST_POLL = 0.001
SLOWING = 1.1
"""Factor from one pause to the next: what comes after a silence is seen after a tenth of it at most."""
WATCHED_FROM = 0.005
"""The pause from which on a watch is worth its threads."""
WATCHED_POLL = 2.0
"""Seconds between looks beside a watch that has proved to work."""


async def follow(
    path: str | os.PathLike[str],
    *,
    from_offset: int | Literal["end"] = 0,
    from_seq: int | None = None,
    forever: bool = False,
    poll: float = 0.1,
    max_line_bytes: int = MAX_LINE_BYTES,
) -> AsyncGenerator[Event, None]:
    """Yields the events of a file or FIFO as they are written.

    A regular file is watched, and looked at a millisecond after something came, then less and less
    often, at last every ``poll`` seconds, for file systems whose watches never fire. It may not exist yet, be truncated, deleted and made anew, or
    be replaced by another: what follows is read, after a ``Restarted``. The writers of a FIFO may
    come and go. It is never more than one piece ahead of its consumer: a slow one leaves the rest
    where it is, and the program does what it does about a slow reader.

    To stop early and have the file closed at once, use ``contextlib.aclosing``.

    Args:
        path: where the program writes its events.
        from_offset: the byte to begin at, as ``Event.end`` told it, or ``"end"`` for what comes
            from now on. A FIFO has no offsets.
        from_seq: leave out the events before this one. In a file with several sessions it is the
            first that reaches the number; ``from_offset`` is exact.
        forever: go on after a ``session_end`` that nothing follows, for the next session.
        poll: the longest time between two looks at a regular file, in seconds.
        max_line_bytes: longer lines are told as a ``BadLine``.

    Raises:
        OSError: what is at the path cannot be read.
    """
    tail = PathTail(os.fspath(path), None if from_offset == "end" else from_offset, max_line_bytes)
    wake = FileWake(os.fspath(path))
    pause = QUICKEST_POLL
    try:
        while True:
            wake.clear()
            events = tail.step()
            for event in events:
                if from_seq is not None and event.type != LOCAL:
                    if (event.seq or 0) < from_seq:
                        continue
                    from_seq = None
                yield event
            if events:
                pause = QUICKEST_POLL
                if events[-1].kind == "system/session_end" and not forever and tail.at_end:
                    return
            elif tail.is_fifo:
                await tail.wait_for_writer()
            else:
                await wake.wait(pause)
                pause = next_pause(pause, poll, wake)
    finally:
        wake.close()
        tail.close()


def next_pause(pause: float, poll: float, wake: FileWake) -> float:
    """How long to wait at the most after a wait of ``pause`` that brought nothing."""
    if pause >= WATCHED_FROM:
        wake.begin()
    return min(pause * SLOWING, max(poll, WATCHED_POLL) if wake.proven else poll)


def send(path: str | os.PathLike[str], command: Mapping[str, Any] | str, **fields: Any) -> str:
    """Appends one command to an input file, in one write, so that it cannot mix with another's.

    ``send("commands.jsonl", "submit", text="list")``

    Args:
        path: the input file or FIFO of a running program.
        command: the whole command, or its ``type``.
        **fields: further fields.

    Returns:
        The command's ``id``, made up if it had none: receipts and results carry it.

    Raises:
        SendFailed: there is no such file, nobody reads the FIFO, the disk is full …
    """
    where = os.fspath(path)
    body = {"type": command} if isinstance(command, str) else dict(command)
    body |= fields
    number = body.setdefault("id", new_uuid())
    try:
        append(where, encode(body))
    except FileNotFoundError as error:
        reason = "there is no such file; make it, or start the program that reads it"
        raise SendFailed(where, reason) from error
    except OSError as error:
        reason = "nobody reads it" if error.errno == errno.ENXIO else os.strerror(error.errno or 0)
        raise SendFailed(where, reason) from error
    return str(number)


def append(path: str, line: bytes) -> None:
    """Writes a line at the end of an existing file or FIFO, on a line of its own.

    Raises:
        OSError: it could not be written whole; a part that was is taken back where possible.
    """
    flags = os.O_APPEND | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK
    fifo = stat.S_ISFIFO(os.stat(path).st_mode)
    fd = os.open(path, flags | (os.O_WRONLY if fifo else os.O_RDWR))
    try:
        if fifo:
            os.set_blocking(fd, True)
        else:
            size = os.fstat(fd).st_size
            if size and os.pread(fd, 1, size - 1) != b"\n":
                line = b"\n" + line  # somebody's half line is theirs to answer for
        count = os.write(fd, line)
        if count < len(line):
            if not fifo and (end := os.lseek(fd, 0, os.SEEK_CUR)) == os.fstat(fd).st_size:
                os.ftruncate(fd, end - count)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(fd)
