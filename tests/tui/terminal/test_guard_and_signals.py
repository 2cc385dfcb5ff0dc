"""The terminal is put back, and signals become calls."""

from __future__ import annotations

import os
import signal
import termios
import time
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
import pytest

from qwen_dual.frontends.tui.terminal.terminal import CURSOR, RESTORE, TerminalGuard, handle_signals
from tests.support.pty import pair

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.pty import Pair


@pytest.fixture
def tty() -> Iterator[Pair]:
    with pair() as made:
        os.set_blocking(made.host, False)
        yield made


def make_raw(fd: int) -> None:
    modes = termios.tcgetattr(fd)
    modes[3] &= ~(termios.ECHO | termios.ICANON | termios.ISIG)
    termios.tcsetattr(fd, termios.TCSANOW, modes)


def test_modes_and_screen_state_are_restored_after_an_exception(tty: Pair) -> None:
    before = termios.tcgetattr(tty.side)
    with pytest.raises(ZeroDivisionError), TerminalGuard(tty.side):
        make_raw(tty.side)
        assert termios.tcgetattr(tty.side) != before
        raise ZeroDivisionError
    assert termios.tcgetattr(tty.side) == before
    assert os.read(tty.host, 100) == RESTORE


def test_a_terminal_that_is_gone_does_not_matter(tty: Pair) -> None:
    with TerminalGuard(tty.side):
        make_raw(tty.side)
        tty.hang_up()


def test_a_host_that_does_not_read_holds_nothing_up(tty: Pair) -> None:
    before = termios.tcgetattr(tty.side)
    started = time.monotonic()
    with TerminalGuard(tty.side):
        make_raw(tty.side)
        os.set_blocking(tty.side, False)
        with pytest.raises(BlockingIOError):
            while True:
                os.write(tty.side, b"x" * 4096)
    assert termios.tcgetattr(tty.side) == before
    assert time.monotonic() - started < 20


def test_what_is_no_terminal_is_left_alone() -> None:
    read, write = os.pipe()
    with TerminalGuard(write):
        pass
    os.close(write)
    assert os.read(read, 100) == b""
    os.close(read)


def test_restoring_twice_is_harmless(tty: Pair) -> None:
    with TerminalGuard(tty.side) as guard:
        guard.restore()
        assert os.read(tty.host, 100) == RESTORE
    assert os.read(tty.host, 100) == RESTORE


def test_a_cursor_whose_shape_was_changed_gets_its_own_back(tty: Pair) -> None:
    with pytest.raises(ZeroDivisionError), TerminalGuard(tty.side) as guard:
        guard.cursor = True
        raise ZeroDivisionError
    assert os.read(tty.host, 100) == RESTORE + CURSOR


def test_signals_are_told_and_the_handlers_come_back() -> None:
    told: list[int | str] = []
    numbers = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    before = [signal.getsignal(number) for number in numbers]

    async def main() -> None:
        with handle_signals(told.append, lambda: told.append("interrupt")):
            for number in numbers:
                os.kill(os.getpid(), number)
                with anyio.fail_after(30):
                    wanted = numbers.index(number) + 1
                    while len(told) < wanted:
                        await anyio.lowlevel.checkpoint()

    anyio.run(main)
    assert told == [signal.SIGTERM, signal.SIGHUP, "interrupt"]
    assert [signal.getsignal(number) for number in numbers] == before


def test_a_hang_up_that_the_parent_ignores_stays_ignored() -> None:
    told: list[int] = []
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)

    async def main() -> None:
        with handle_signals(told.append, lambda: None):
            os.kill(os.getpid(), signal.SIGHUP)
            os.kill(os.getpid(), signal.SIGTERM)
            with anyio.fail_after(30):
                while not told:
                    await anyio.lowlevel.checkpoint()

    try:
        anyio.run(main)
        assert told == [signal.SIGTERM]
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
