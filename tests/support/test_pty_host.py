"""The tests' own host of PTYs keeps what it promises."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from tests.support import pty
from tests.support.pty import Terminal

ECHO = "import sys; [print('got', line.strip()) for line in sys.stdin]"


def test_screen_history_and_exit_status() -> None:
    program = "for i in range(50): print('line', i)\nraise SystemExit(7)"
    with Terminal.spawn([sys.executable, "-c", program], rows=10) as terminal:
        assert terminal.wait_exit() == 7
        assert terminal.lines == [f"line {i}" for i in range(50)]
        assert terminal.screen[0] == "line 41"


def test_sent_text_arrives_and_a_signal_is_reported() -> None:
    with Terminal.spawn([sys.executable, "-c", ECHO]) as terminal:
        terminal.send("hello\n")
        terminal.wait_for("got hello")
        terminal.signal(signal.SIGTERM)
        assert terminal.wait_exit() == -signal.SIGTERM


def test_passed_descriptors_keep_their_numbers() -> None:
    read, write = os.pipe()
    program = f"import os; os.write({write}, b'through')"
    with Terminal.spawn([sys.executable, "-c", program], pass_fds=[write]) as terminal:
        assert terminal.wait_exit() == 0
        assert os.read(read, 100) == b"through"
    os.close(read)
    os.close(write)


def test_a_smaller_window_keeps_the_lines_that_scroll_off() -> None:
    program = "for i in range(8): print('line', i)\ninput()"
    with Terminal.spawn([sys.executable, "-c", program], rows=10) as terminal:
        terminal.wait_for(lambda shown: shown.cursor == (8, 0))
        terminal.resize(4, 60)
        assert terminal.lines == [f"line {i}" for i in range(8)]
        assert terminal.history == [f"line {i}" for i in range(5)]


def test_waiting_in_vain_shows_the_screen() -> None:
    with (
        Terminal.spawn([sys.executable, "-c", "print('only this')"]) as terminal,
        pytest.raises(AssertionError, match="only this"),
    ):
        terminal.wait_for("something else", timeout=30)


def test_a_program_that_hangs_is_killed_on_leaving() -> None:
    with Terminal.spawn([sys.executable, "-c", "import time; print('up'); time.sleep(60)"]) as host:
        host.wait_for("up")
    with pytest.raises(ProcessLookupError):
        os.kill(host.pid, 0)


def test_half_a_frame_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pty, "_HALF_SECONDS", 60.0)
    program = (
        "import time; put = lambda text: print(text, end='', flush=True)\n"
        "put('\\33[?2026hone'); input(); put(' two'); put('\\33[?2026l'); input()"
    )
    with Terminal.spawn([sys.executable, "-c", program]) as terminal:
        while b"one" not in terminal.raw:
            terminal.read(1)
        with pytest.raises(AssertionError, match="not within"):
            terminal.wait_for("one", timeout=0.2)
        terminal.send("\n")
        terminal.wait_for("one")
        assert " two" in terminal.text


def test_half_a_frame_that_nobody_goes_on_with_is_looked_at() -> None:
    with Terminal.spawn(["sh", "-c", "printf '\\033[?2026hone'; exec sleep 60"]) as terminal:
        terminal.wait_for("one")
