"""The person's terminal, byte by byte: for subcommands that show another program's screen on it."""

from __future__ import annotations

import os
import termios
import tty
from contextlib import contextmanager
from typing import TYPE_CHECKING

import anyio

from qwen_dual.runtime.process import TerminalFromBackground
from qwen_dual.runtime.typed_ahead import TypedAhead

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE = 4096
"""Bytes of one write to the terminal, which takes about so many without waiting."""


@contextmanager
def raw(fd: int) -> Iterator[TypedAhead]:
    """Every key as it is typed, unechoed, and what was typed before; its modes are put back at the end."""
    before = termios.tcgetattr(fd)
    try:
        tty.setraw(fd, termios.TCSANOW)  # not TCSAFLUSH, which drops what was typed ahead
        ahead = TypedAhead()
        ahead.note(fd, before)
        yield ahead
    finally:
        with TerminalFromBackground():
            termios.tcsetattr(fd, termios.TCSADRAIN, before)


async def show(data: bytes) -> None:
    """Writes to the terminal, as fast as it takes it; to none where it is gone."""
    for at in range(0, len(data), PIECE):
        await anyio.wait_writable(1)
        try:
            os.write(1, data[at : at + PIECE])
        except OSError:
            return
