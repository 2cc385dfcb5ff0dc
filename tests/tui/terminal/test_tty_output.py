"""Output that never waits: queue, bound, loss, and a terminal that goes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import anyio
import pytest
from prompt_toolkit.data_structures import Size
from prompt_toolkit.output import ColorDepth

from qwen_dual.frontends.tui.terminal.terminal import color_depth, create_output
from qwen_dual.frontends.tui.terminal.tty_output import TtyWriter, open_own_description
from tests.support.pty import pair

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from tests.support.pty import Pair

BIG = b"x" * 1_000_000


class Pipe:
    """A terminal's stand-in that takes 64 KiB and then waits for its reader."""

    def __init__(self) -> None:
        self.read_fd, self.write_fd = os.pipe()
        os.set_blocking(self.read_fd, False)
        os.set_blocking(self.write_fd, False)
        self.got = b""
        self.gone = 0
        self.drained: list[bool] = []
        self.writer = TtyWriter(self.write_fd, self._on_gone, max_queued=len(BIG) - 1)
        self.writer.on_drained(self.drained.append)

    def _on_gone(self) -> None:
        self.gone += 1

    def read(self) -> None:
        try:
            while data := os.read(self.read_fd, 1 << 20):
                self.got += data
        except BlockingIOError:
            pass

    async def read_all(self) -> None:
        """Reads until the queue has run empty."""
        while self.writer.blocked:
            await anyio.wait_readable(self.read_fd)
            self.read()
            await anyio.wait_all_tasks_blocked()
        self.read()

    def close_reader(self) -> None:
        os.close(self.read_fd)
        self.read_fd = -1

    def close(self) -> None:
        for fd in (self.read_fd, self.write_fd):
            if fd >= 0:
                os.close(fd)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    result = Pipe()
    yield result
    result.close()


def test_what_is_not_taken_waits_and_arrives_in_order(pipe: Pipe) -> None:
    async def main() -> None:
        pipe.writer.write(BIG)
        pipe.writer.write(b"after")
        assert pipe.writer.blocked
        await pipe.read_all()

    anyio.run(main)
    assert pipe.got == BIG + b"after"
    assert not pipe.writer.blocked
    assert pipe.drained == [False]


def test_a_full_queue_drops_whole_writes_and_tells_when_it_has_drained(pipe: Pipe) -> None:
    async def main() -> None:
        pipe.writer.write(BIG)
        pipe.writer.write(b"y" * 500_000)
        pipe.writer.write(b"lost")
        await pipe.read_all()
        pipe.writer.write(b"again")
        pipe.read()

    anyio.run(main)
    assert pipe.got == BIG + b"y" * 500_000 + b"again"
    assert pipe.drained == [True]


def test_a_terminal_that_is_gone_is_told_once_and_discards(pipe: Pipe) -> None:
    async def main() -> None:
        pipe.close_reader()
        pipe.writer.write(b"nobody reads")
        assert pipe.gone == 0, "the call has to wait until the draw is over"
        pipe.writer.write(b"nor this")
        await anyio.wait_all_tasks_blocked()

    anyio.run(main)
    assert pipe.gone == 1
    assert not pipe.writer.blocked


def test_a_terminal_that_goes_while_something_waits_is_told(pipe: Pipe) -> None:
    async def main() -> None:
        pipe.writer.write(BIG)
        pipe.close_reader()
        with anyio.fail_after(30):
            while not pipe.gone:
                await anyio.lowlevel.checkpoint()

    anyio.run(main)
    assert not pipe.writer.blocked
    assert pipe.drained == []


def test_without_a_loop_a_gone_terminal_is_told_at_once(pipe: Pipe) -> None:
    pipe.close_reader()
    pipe.writer.write(b"nobody reads")
    assert pipe.gone == 1


def test_closing_gives_what_waits_a_last_chance_only(pipe: Pipe) -> None:
    async def main() -> None:
        pipe.writer.write(BIG)
        pipe.writer.close(timeout=0.05)
        pipe.writer.write(b"too late")

    anyio.run(main)
    pipe.read()
    assert BIG.startswith(pipe.got)
    assert pipe.got
    assert not pipe.writer.blocked


@pytest.fixture
def tty() -> Iterator[tuple[Pair, TextIO]]:
    with pair() as made, open(made.side, "w", encoding="utf-8", closefd=False) as stream:
        yield made, stream


def test_our_own_description_leaves_the_shared_one_blocking(tty: tuple[Pair, TextIO]) -> None:
    _, stream = tty
    own = open_own_description(stream.fileno())
    assert own is not None
    assert not os.get_blocking(own)
    assert os.get_blocking(stream.fileno())
    os.close(own)


def test_what_is_no_terminal_is_not_opened_again(pipe: Pipe) -> None:
    assert open_own_description(pipe.write_fd) is None
    assert open_own_description(9999) is None


def test_a_batch_is_one_write(tty: tuple[Pair, TextIO]) -> None:
    terminal, stream = tty
    output = create_output(lambda: None, {"TERM": "xterm"}, stream)
    with output.batch():
        output.write_raw("one ")
        output.flush()
        with output.batch():
            output.write_raw("two ")
        output.write_raw("three")
        os.set_blocking(terminal.host, False)
        with pytest.raises(BlockingIOError):
            os.read(terminal.host, 100)
    assert os.read(terminal.host, 100) == b"one two three"
    output.close()


def test_text_that_cannot_be_encoded_is_replaced(tty: tuple[Pair, TextIO]) -> None:
    terminal, stream = tty
    output = create_output(lambda: None, {}, stream)
    output.write("a\ud800b")
    output.flush()
    assert os.read(terminal.host, 100) == b"a?b"
    output.close()


def test_a_closed_terminal_makes_flush_silent(tty: tuple[Pair, TextIO]) -> None:
    terminal, stream = tty
    gone: list[str] = []
    output = create_output(lambda: gone.append("gone"), {}, stream)
    terminal.hang_up()
    for _ in range(3):
        output.write("text")
        output.flush()
    assert gone == ["gone"]
    assert output.get_size() == Size(rows=24, columns=80)
    output.close()


def test_a_window_of_no_size_counts_as_80_by_24(tty: tuple[Pair, TextIO]) -> None:
    _, stream = tty
    output = create_output(lambda: None, {}, stream)
    assert os.get_terminal_size(stream.fileno()) == (0, 0)
    assert output.get_size() == Size(rows=24, columns=80)
    assert not output.responds_to_cpr
    output.close()


@pytest.mark.parametrize(
    ("env", "depth"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, ColorDepth.DEPTH_24_BIT),
        ({"TERM": "xterm", "COLORTERM": "24bit"}, ColorDepth.DEPTH_24_BIT),
        ({"TERM": "xterm-direct"}, ColorDepth.DEPTH_24_BIT),
        ({"TERM": "screen-256color"}, ColorDepth.DEPTH_8_BIT),
        ({"TERM": "xterm-kitty"}, ColorDepth.DEPTH_8_BIT),
        ({"TERM": "xterm"}, ColorDepth.DEPTH_4_BIT),
        ({"TERM": "linux"}, ColorDepth.DEPTH_4_BIT),
        ({"TERM": "dumb", "COLORTERM": "truecolor"}, ColorDepth.DEPTH_1_BIT),
        ({}, ColorDepth.DEPTH_1_BIT),
        ({"TERM": "xterm", "COLORTERM": "truecolor", "NO_COLOR": "1"}, ColorDepth.DEPTH_1_BIT),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, ColorDepth.DEPTH_8_BIT),
    ],
)
def test_colours_follow_the_environment(env: dict[str, str], depth: ColorDepth) -> None:
    assert color_depth(env) is depth
