"""What is typed while the terminal is still the shell's: in the kernel it is Ctrl+J and Ctrl+Space by then."""

from __future__ import annotations

import os
import termios
from typing import TYPE_CHECKING

import pytest

from qwen_dual.cli.raw_terminal import raw
from qwen_dual.frontends.tui.terminal.keyinput import TerminalInput
from tests.support.program import COMMAND, in_terminal
from tests.support.pty import Pair, pair

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TYPED = b"one\rtwo\x04\x04"
LATER = b"\n\x00\r\x04"


@pytest.fixture
def terminal() -> Iterator[Pair]:
    with pair() as made:
        yield made


def test_it_is_read_as_it_was_typed_and_what_follows_as_it_is(terminal: Pair) -> None:
    os.write(terminal.host, TYPED)
    with raw(terminal.side) as ahead:
        os.write(terminal.host, LATER)
        pieces = [ahead.restore(os.read(terminal.side, count)) for count in (3, 4, 100)]
    assert pieces == [b"one", b"\rtwo", b"\x04\x04" + LATER]


def test_in_a_terminal_that_changes_no_key_it_stays_as_it_is(terminal: Pair) -> None:
    modes = termios.tcgetattr(terminal.side)
    modes[3] &= ~termios.ICANON
    modes[0] &= ~termios.ICRNL
    termios.tcsetattr(terminal.side, termios.TCSANOW, modes)
    os.write(terminal.host, LATER)
    with raw(terminal.side) as ahead:
        assert ahead.restore(os.read(terminal.side, 100)) == LATER


def test_the_end_of_file_is_a_key_after_another_program_has_set_the_modes(terminal: Pair) -> None:
    cooked = termios.tcgetattr(terminal.side)
    with open(terminal.side, encoding="utf-8", closefd=False) as stdin:
        keys = TerminalInput(stdin, lambda: None)
        with keys.raw_mode():
            termios.tcsetattr(terminal.side, termios.TCSANOW, cooked)
            os.write(terminal.host, b"\x04")
            assert [press.key for press in keys.read_keys()] == ["c-d"]
            os.write(terminal.host, b"\x00\n")
            assert [press.key for press in keys.read_keys()] == ["c-@", "c-j"]


@pytest.mark.parametrize("before", [[], ["record", "-o", "r", "--", *COMMAND]])
@pytest.mark.parametrize("typed", ["\x04", "/quit\r"])
def test_typed_right_after_the_command_line_it_ends_the_program(
    tmp_path: Path, before: list[str], typed: str
) -> None:
    with in_terminal([*COMMAND, *before, "--offline"], tmp_path) as terminal:
        terminal.send(typed)
        assert terminal.wait_exit() == 0


def test_typed_right_after_the_command_line_it_ends_a_replay(tmp_path: Path) -> None:
    (tmp_path / "a.cast").write_text('{"version":3,"term":{"cols":80,"rows":24}}\n[9999,"o","x"]\n')
    with in_terminal([*COMMAND, "replay", "a.cast"], tmp_path) as terminal:
        terminal.send("q")
        assert terminal.wait_exit() == 0
