"""Reads a file line by line in bounded memory; no piece of a line that is too long is taken for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.protocol import MAX_LINE_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

STEP = 1 << 24
"""Bytes between two words of how far it is."""


def whole_lines(
    file: BinaryIO,
    progress: Callable[[int], object] = lambda done: None,
    most: int = MAX_LINE_BYTES,
) -> Iterator[bytes]:
    """Each line with its newline, but for a last one that has none.

    Args:
        file: what is read, from where it stands.
        progress: told from time to time how many bytes were read.
        most: of a line that is longer only so much, and one byte, comes: it is no event.
    """
    done, next_word = 0, STEP
    while line := file.readline(most + 1):
        done += len(line)
        if too_long(line, most):
            rest = line
            while rest and not rest.endswith(b"\n"):
                rest = file.readline(1 << 20)
                done += len(rest)
                if done >= next_word:
                    progress(done)
                    next_word = done + STEP
        if done >= next_word:
            progress(done)
            next_word = done + STEP
        yield line


def too_long(line: bytes, most: int = MAX_LINE_BYTES) -> bool:
    """Whether what ``whole_lines`` gave is the beginning of a line that is too long."""
    return len(line) > most and not line.endswith(b"\n")
