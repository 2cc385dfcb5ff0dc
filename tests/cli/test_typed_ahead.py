"""What is typed while the terminal is still the shell's: in the kernel it is Ctrl+J and Ctrl+Space by then."""

from __future__ import annotations

import os
import select
import termios
from typing import TYPE_CHECKING

import pytest

from qwen_dual.cli.raw_terminal import raw
from qwen_dual.frontends.tui.terminal.keyinput import TerminalInput
from qwen_dual.runtime.typed_ahead import TypedAhead
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


def restored(terminal: Pair, ahead: TypedAhead, size: int) -> bytes:
    """So many bytes, read in small pieces; the kernel hands them over when it comes to it."""
    data = b""
    while len(data) < size:
        data += ahead.restore(os.read(terminal.side, min(3, size - len(data))))
    return data


def test_it_is_read_as_it_was_typed_and_what_follows_as_it_is(terminal: Pair) -> None:
    os.write(terminal.host, TYPED)
    with raw(terminal.side) as ahead:
        assert restored(terminal, ahead, len(TYPED)) == TYPED
        os.write(terminal.host, LATER)
        assert restored(terminal, ahead, len(LATER)) == LATER


def test_in_a_terminal_that_changes_no_key_it_stays_as_it_is(terminal: Pair) -> None:
    modes = termios.tcgetattr(terminal.side)
    modes[3] &= ~termios.ICANON
    modes[0] &= ~termios.ICRNL
    termios.tcsetattr(terminal.side, termios.TCSANOW, modes)
    os.write(terminal.host, LATER)
    with raw(terminal.side) as ahead:
        assert restored(terminal, ahead, len(LATER)) == LATER


def test_the_end_of_file_is_a_key_after_another_program_has_set_the_modes(terminal: Pair) -> None:
    cooked = termios.tcgetattr(terminal.side)
    with open(terminal.side, encoding="utf-8", closefd=False) as stdin:
        keys = TerminalInput(stdin, lambda: None)
        with keys.raw_mode():
            termios.tcsetattr(terminal.side, termios.TCSANOW, cooked)
            for typed, key in ((b"\x04", "c-d"), (b"\x00", "c-@"), (b"\n", "c-j")):
                os.write(terminal.host, typed)
                select.select([terminal.side], [], [])
                assert [press.key for press in keys.read_keys()] == [key]


def test_enter_is_a_key_after_a_program_that_read_single_keys_was_killed(terminal: Pair) -> None:
    modes = termios.tcgetattr(terminal.side)
    modes[3] &= ~termios.ICANON
    with open(terminal.side, encoding="utf-8", closefd=False) as stdin:
        keys = TerminalInput(stdin, lambda: None)
        with keys.raw_mode():
            termios.tcsetattr(terminal.side, termios.TCSANOW, modes)
            for typed, key in ((b"\r", "c-m"), (b"\n", "c-j")):
                os.write(terminal.host, typed)
                select.select([terminal.side], [], [])
                assert [press.key for press in keys.read_keys()] == [key]


def test_a_terminal_that_goes_away_as_it_is_made_raw_holds_nothing(terminal: Pair) -> None:
    ahead = TypedAhead()
    ahead.note(os.open(os.devnull, os.O_RDONLY), termios.tcgetattr(terminal.side))
    assert ahead.restore(LATER) == LATER


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
