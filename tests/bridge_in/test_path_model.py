"""Appends, cuts, rewrites, deletions and replacements in any order, against a model."""

from __future__ import annotations

import errno
import os
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from qwen_dual.bridge.path_source import PathSource
from qwen_dual.protocol.framing import BOM
from tests.bridge_in.inputs import append, drain

pieces = st.lists(
    st.sampled_from([b"a", b"bc", "é".encode(), b"\xe2", b"\x82\xac", BOM, b"\r", b"\n", b"\r\n"]),
    max_size=10,
).map(b"".join)


class Reading:
    """One file as the reader knows it: all that it consumed, and the line it is inside of."""

    def __init__(self, consumed: bytes = b"", returning: Counter[bytes] | None = None) -> None:
        self.consumed = consumed
        self.half = b""
        self.returning = Counter() if returning is None else returning

    def look(self, content: bytes) -> tuple[list[bytes], int]:
        """The lines to run when the file holds ``content``, and how many half lines are told."""
        told = 0
        if not content.startswith(self.consumed):
            told = self.drop()
            same = len(os.path.commonprefix([content, self.consumed]))  # noqa: RUF071
            kept = self.consumed.rfind(b"\n", 0, same) + 1
            self.consumed = self.take_back(kept)
        *whole, self.half = (self.half + content[len(self.consumed) :]).split(b"\n")
        self.consumed = content
        return [line for line in map(bare, whole) if line and not self.came_back(line)], told

    def take_back(self, kept: int) -> bytes:
        """From now on the lines behind byte ``kept`` may come back."""
        self.returning.update(line for line in whole_lines(self.consumed[kept:]) if line)
        return self.consumed[:kept]

    def came_back(self, line: bytes) -> bool:
        known = self.returning[line] > 0
        self.returning[line] -= known
        return known

    def drop(self) -> int:
        half, self.half = self.half, b""
        return 1 if bare(half) else 0


def bare(line: bytes) -> bytes:
    line = line.removeprefix(BOM).removesuffix(b"\r")
    return line if line.strip(b" \t\r") else b""


def whole_lines(data: bytes) -> list[bytes]:
    return [bare(line) for line in data.split(b"\n")[:-1]]


class InputFile(RuleBasedStateMachine):
    """``content`` is what the path holds, None for nothing; ``old`` what it held when replaced."""

    def __init__(self) -> None:
        super().__init__()
        self.cleanup = ExitStack()
        self.path = Path("unset")
        self.source: PathSource | None = None
        self.content: bytes | None = None
        self.old: bytes | None = None
        self.replaced = False
        self.reading: Reading | None = None
        self.fail = False
        self.clock = 0.0

    def pread(self, fd: int, size: int, offset: int) -> bytes:
        if self.fail:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return os.pread(fd, size, offset)

    @initialize(content=st.none() | pieces.map(lambda text: text + b"\n"))
    def start(self, content: bytes | None) -> None:
        directory = self.cleanup.enter_context(tempfile.TemporaryDirectory())
        self.path = Path(directory, "input")
        if content is not None:
            append(self.path, content)
            self.content = content
            self.reading = Reading(content)
        self.source = PathSource(
            str(self.path),
            start_offset=len(content or b""),
            pread=self.pread,
            now=lambda: self.clock,
        )

    @rule(data=pieces)
    def append(self, data: bytes) -> None:
        append(self.path, data)
        if self.content is None:
            self.gone()
        self.content = (self.content or b"") + data

    @precondition(lambda self: self.content is not None)
    @rule(data=st.data())
    def cut(self, data: st.DataObject) -> None:
        assert self.content is not None
        self.content = self.content[: data.draw(st.integers(0, len(self.content)))]
        os.truncate(self.path, len(self.content))

    @precondition(lambda self: self.content is not None)
    @rule(data=pieces)
    def write_anew(self, data: bytes) -> None:
        self.content = data
        self.path.write_bytes(data)

    @precondition(lambda self: self.content is not None)
    @rule()
    def delete(self) -> None:
        self.gone()
        self.path.unlink()
        self.content = None

    @rule(data=pieces)
    def replace_by_rename(self, data: bytes) -> None:
        self.gone()
        fresh = self.path.with_name("fresh")
        append(fresh, data)
        fresh.replace(self.path)
        self.content = data

    def gone(self) -> None:
        """The path no longer leads to the file that the reader has open."""
        if self.reading is not None and not self.replaced:
            self.old, self.replaced = self.content, True

    @precondition(lambda self: self.reading is not None and not self.replaced)
    @rule()
    def fail_to_read(self) -> None:
        assert self.source is not None
        self.fail = True
        lines, codes, _warnings = drain(self.source)
        self.fail = False
        assert (lines, codes) == ([], [])

    @precondition(lambda self: self.content is not None and not self.replaced)
    @rule()
    def what_did_not_come_back_is_gone(self) -> None:
        self.look()
        self.clock += 3
        if self.reading is not None:
            self.reading.returning.clear()

    @rule()
    def look(self) -> None:
        assert self.source is not None
        expected: list[bytes] = []
        told = 0
        if self.replaced:
            assert self.reading is not None
            assert self.old is not None
            lines, told = self.reading.look(self.old)
            expected += lines
            if self.content is not None:
                told += self.reading.drop()
                self.reading.take_back(0)
                self.reading, self.replaced = Reading(b"", self.reading.returning), False
        if self.content is not None:
            self.reading = self.reading or Reading()
            lines, more = self.reading.look(self.content)
            expected += lines
            told += more
        assert drain(self.source) == (expected, ["incomplete"] * told, [])

    def teardown(self) -> None:
        with self.cleanup:
            if self.source is not None:
                self.look()


TestInputFile = InputFile.TestCase
TestInputFile.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
