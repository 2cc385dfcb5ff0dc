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

from qwen_dual.frontends.tui.terminal import CURSOR, RESTORE, TerminalGuard, handle_signals

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def tty() -> Iterator[tuple[int, int]]:
    host, side = os.openpty()
    os.set_blocking(host, False)
    yield host, side
    os.close(side)


def make_raw(fd: int) -> None:
    modes = termios.tcgetattr(fd)
    modes[3] &= ~(termios.ECHO | termios.ICANON | termios.ISIG)
    termios.tcsetattr(fd, termios.TCSANOW, modes)


def test_modes_and_screen_state_are_restored_after_an_exception(tty: tuple[int, int]) -> None:
    host, side = tty
    before = termios.tcgetattr(side)
    with pytest.raises(ZeroDivisionError), TerminalGuard(side):
        make_raw(side)
        assert termios.tcgetattr(side) != before
        raise ZeroDivisionError
    assert termios.tcgetattr(side) == before
    assert os.read(host, 100) == RESTORE
    os.close(host)


def test_a_terminal_that_is_gone_does_not_matter(tty: tuple[int, int]) -> None:
    host, side = tty
    with TerminalGuard(side):
        make_raw(side)
        os.close(host)


def test_a_host_that_does_not_read_holds_nothing_up(tty: tuple[int, int]) -> None:
    host, side = tty
    before = termios.tcgetattr(side)
    started = time.monotonic()
    with TerminalGuard(side):
        make_raw(side)
        os.set_blocking(side, False)
        with pytest.raises(BlockingIOError):
            while True:
                os.write(side, b"x" * 4096)
    assert termios.tcgetattr(side) == before
    assert time.monotonic() - started < 20
    os.close(host)


def test_what_is_no_terminal_is_left_alone() -> None:
    read, write = os.pipe()
    with TerminalGuard(write):
        pass
    os.close(write)
    assert os.read(read, 100) == b""
    os.close(read)


def test_restoring_twice_is_harmless(tty: tuple[int, int]) -> None:
    host, side = tty
    with TerminalGuard(side) as guard:
        guard.restore()
        assert os.read(host, 100) == RESTORE
    assert os.read(host, 100) == RESTORE
    os.close(host)


def test_a_cursor_whose_shape_was_changed_gets_its_own_back(tty: tuple[int, int]) -> None:
    host, side = tty
    with pytest.raises(ZeroDivisionError), TerminalGuard(side) as guard:
        guard.cursor = True
        raise ZeroDivisionError
    assert os.read(host, 100) == RESTORE + CURSOR
    os.close(host)


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
