"""Signals and the terminal while the program starts."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import termios
from typing import TYPE_CHECKING

import anyio
import pytest

from qwen_dual.cli.early import Terminated
from qwen_dual.cli.early_terminal import EarlyTerminal
from qwen_dual.frontends.tui.terminal.terminal import handle_signals
from tests.support.pty import pair

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture
def terminal() -> Iterator[int]:
    """A terminal, in a process whose signals are as a new process has them; both put back."""
    taken = (*SIGNALS, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
    before = {number: signal.signal(number, signal.SIG_DFL) for number in taken}
    with pair() as made:
        yield made.side
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_the_start_between_two_steps(terminal: int, number: int) -> None:
    modes = termios.tcgetattr(terminal)
    done = False
    with pytest.raises(Terminated) as caught, EarlyTerminal(terminal) as early:
        early.check()
        assert termios.tcgetattr(terminal) != modes
        os.kill(os.getpid(), number)
        done = True  # the step it came in is not cut short
        early.check()
    assert done
    assert caught.value.code == 128 + number
    assert termios.tcgetattr(terminal) == modes


def test_a_signal_is_told_to_the_loop_until_the_ui_handles_them(terminal: int) -> None:
    told: list[int | str] = []

    async def until(count: int) -> None:
        with anyio.fail_after(30):
            while len(told) < count:
                await anyio.lowlevel.checkpoint()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        with early.telling(loop, lambda: told.append("early")):
            await until(1)  # for what came before the loop ran
            os.kill(os.getpid(), signal.SIGTERM)
            await until(2)
            with handle_signals(told.append, lambda: told.append("interrupt")):
                os.kill(os.getpid(), signal.SIGTERM)
                await until(3)
        os.kill(os.getpid(), signal.SIGTERM)  # once more, while the session ends

    with EarlyTerminal(terminal) as early:
        os.kill(os.getpid(), signal.SIGHUP)
        anyio.run(main)
    assert told == ["early", "early", signal.SIGTERM]


def test_without_a_signal_nothing_is_told(terminal: int) -> None:
    told: list[str] = []

    async def main() -> None:
        with early.telling(asyncio.get_running_loop(), lambda: told.append("early")):
            await anyio.lowlevel.checkpoint()

    with EarlyTerminal(terminal) as early:
        anyio.run(main)
    assert told == []


def test_a_signal_that_the_parent_ignores_stays_ignored(terminal: int) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with EarlyTerminal(terminal) as early:
        os.kill(os.getpid(), signal.SIGHUP)
        early.check()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_ctrl_c_before_anything_has_begun_just_ends_it() -> None:
    code = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's & ignores it
        "class Late:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'qwen_dual.cli.parser':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Late())\n"
        "from qwen_dual.__main__ import main\n"
        "main([])\n"
    )
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, check=False, capture_output=True, timeout=30)
    assert ended.returncode == -signal.SIGINT
    assert ended.stderr == b""
