"""What a headless run is asked: the command line's words, and what stdin holds.

Stdin that is no terminal is read to its end before the prompt runs. Where the command line has a prompt
already nothing may ever come, since many a program leaves stdin open behind the programs it starts: then
only a first byte within a while makes it count.
"""

from __future__ import annotations

import os
import select
import stat
import time
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_BYTES = 8 << 20
"""Of stdin; what is beyond them is left out, which is said."""

PIPE_SECONDS = 3.0
"""For which a prompt waits for the first byte of a pipe: what a shell puts before ``|`` may be slow."""

SOCKET_SECONDS = 0.5
"""The same for a socket: Node gives its children one, and mostly says nothing on it."""

LOOK_SECONDS = 0.1
"""Between two looks at whether to go on waiting."""

HOW = (
    "there is no prompt: give one with -p TEXT or on stdin (`echo TEXT | qwen-dual`); -i TEXT "
    "runs it in the UI"
)


class Asked(Struct, frozen=True):
    """A prompt.

    Attributes:
        text: all of it; empty where nothing was asked.
        own: the words that the person gave themselves: in these alone ``@file`` means a file.
        remarks: what they should know of it.
    """

    text: str
    own: str
    remarks: tuple[str, ...] = ()


def joined(words: str, piped: str) -> str:
    """The prompt of both: what was piped, a blank line, the words."""
    piped = piped.rstrip("\n")
    if not piped.strip():
        return words
    return f"{piped}\n\n{words}" if words.strip() else piped


def read_prompt(
    words: str | None, *, fd: int = 0, stopped: Callable[[], bool] = lambda: False
) -> Asked:
    """What is asked; reads stdin unless it is a terminal.

    Args:
        words: the command line's prompt, if it has one.
        fd: stdin.
        stopped: asked while nothing comes: whether to leave it at what there is.
    """
    told = words or ""
    data, remark = _read(fd, needed=not told.strip(), stopped=stopped)
    piped = data.decode("utf-8", "replace")
    text = joined(told, piped)
    if not text.strip():
        return Asked("", "", remark)
    return Asked(text, told if told.strip() else text, remark)


def _read(fd: int, *, needed: bool, stopped: Callable[[], bool]) -> tuple[bytes, tuple[str, ...]]:
    """What ``fd`` holds up to its end, and what a person should know of that."""
    try:
        mode = os.fstat(fd).st_mode
    except OSError:  # closed by whoever started us
        return b"", ()
    if os.isatty(fd):
        return b"", ()
    patience = SOCKET_SECONDS if stat.S_ISSOCK(mode) else PIPE_SECONDS
    deadline = None if needed or stat.S_ISREG(mode) else time.monotonic() + patience
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    data = bytearray()
    while len(data) <= MAX_BYTES and not stopped():
        if not stat.S_ISREG(mode) and not poll.poll(LOOK_SECONDS * 1000):
            if deadline is not None and not data and time.monotonic() > deadline:
                return b"", () if stat.S_ISSOCK(mode) else (_late(patience),)
            continue
        try:
            piece = os.read(fd, 1 << 16)
        except BlockingIOError:
            continue
        except OSError as error:
            return bytes(data), (f"stdin could not be read to its end ({error.strerror}).",)
        if not piece:
            break
        data += piece
    if len(data) <= MAX_BYTES:
        return bytes(data), ()
    return _cut(data), (f"stdin is longer than {MAX_BYTES >> 20} MiB; the rest is left out.",)


def _cut(data: bytearray) -> bytes:
    """The first ``MAX_BYTES``, less a character that does not fit whole."""
    end = MAX_BYTES
    while data[end] & 0xC0 == 0x80:
        end -= 1
    return bytes(data[:end])


def _late(seconds: float) -> str:
    return (
        f"nothing came on stdin within {seconds:g} s, so the prompt runs without it; "
        "`< /dev/null` says that nothing will come"
    )
