"""Pastes: whole, safe to show, and gone through while they come."""

from __future__ import annotations

import time
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, ClassVar, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys

from qwen_dual.frontends.tui.terminal.arriving_paste import ArrivingPaste, cleaned, pasted
from qwen_dual.protocol.sanitise import sanitise
from tests.tui.terminal.typed import Keyboard

if TYPE_CHECKING:
    from typing import SupportsIndex

    from prompt_toolkit.key_binding import KeyPressEvent


def test_a_paste_comes_whole_however_it_is_cut() -> None:
    text = "one\r\r\ntwo\r\nthree\x07\r\x1b[20 \x1b[201 end \x1b[201"
    for keyboard in (
        Keyboard().feed(f"\x1b[200~{text}\x1b[201~x"),
        Keyboard().feed(*f"\x1b[200~{text}\x1b[201~x"),
    ):
        assert keyboard.keys == [Keys.BracketedPaste, "x"]
        assert keyboard.presses[0].data == "one\n\ntwo\nthree\nnd "


def test_a_paste_that_never_ends_is_left_with_ctrl_c() -> None:
    keyboard = Keyboard().feed("\x1b[200~half", "\x03")
    keyboard.time += 5
    assert keyboard.feed("\x03", "a").keys == [Keys.BracketedPaste, "a"]
    assert keyboard.presses[0].data == "half"


class Counting(str):
    """Text that tells how much of it is searched, and how much is made safe at once."""

    searched: ClassVar[list[int]] = []
    made_safe: ClassVar[list[int]] = []

    def find(self, *args: object) -> int:
        Counting.searched.append(len(self))
        return super().find(*args)  # type: ignore[arg-type]

    def replace(self, old: str, new: str, count: SupportsIndex = -1) -> str:
        Counting.made_safe.append(len(self))
        return super().replace(old, new, count)

    def __getitem__(self, key: SupportsIndex | slice) -> Counting:
        return Counting(super().__getitem__(key))

    def __add__(self, other: str) -> Counting:
        return Counting(str(self) + str(other))

    def __radd__(self, other: str) -> Counting:
        return Counting(str(other) + str(self))


def test_lines_that_come_at_once_are_a_paste() -> None:
    keyboard = Keyboard().feed("one\rtwo\r", "three\r")
    assert keyboard.keys == []
    keyboard.parser.flush()
    assert [press.data for press in keyboard.presses] == ["one\ntwo\nthree\n"]
    assert keyboard.keys == [Keys.BracketedPaste]
    assert keyboard.feed("\r").keys == [Keys.BracketedPaste, Keys.ControlM]


@pytest.mark.parametrize("piece", [" ", "\r", "a ", " \r", "ab\r"])
def test_lines_take_linear_time(piece: str) -> None:
    started = time.thread_time()  # of computing: other programs may have the cores
    Keyboard().feed(piece * 50_000)
    assert time.thread_time() - started < 5


def test_a_key_ends_lines_that_came_at_once() -> None:
    keyboard = Keyboard().feed("one\rtwo", "\x1b[A")
    assert keyboard.keys == [Keys.BracketedPaste, Keys.Up]


@pytest.mark.parametrize("text", ["text\r", "a\nb\r", "\r\r", "\rtext", "text\r\r", "  \r  \r"])
def test_one_line_with_its_end_is_keys(text: str) -> None:
    assert Keys.BracketedPaste not in Keyboard().feed(text).keys
    assert len(Keyboard().feed(text).keys) == len(text)


def test_a_paste_whose_end_does_not_come_can_be_ended() -> None:
    keyboard = Keyboard().feed("\x1b[200~text\x1b[20")
    assert keyboard.parser.in_paste
    keyboard.parser.end_paste()
    assert [press.data for press in keyboard.presses] == ["text"]
    assert keyboard.feed("a").keys == [Keys.BracketedPaste, "a"]


def test_a_huge_paste_is_gone_through_once_and_while_it_comes() -> None:
    size, piece, end = 20_000_000, 5000, "\x1b[201~"
    Counting.searched, Counting.made_safe = [], []
    keyboard = Keyboard().feed("\x1b[200~")
    for _ in range(size // piece):
        keyboard.parser.feed(Counting("x" * piece))
    steps = len(Counting.made_safe)
    keyboard.feed(end, "a", "\x03")
    assert keyboard.keys == [Keys.BracketedPaste, "a", Keys.ControlC]
    (press, *_) = keyboard.presses
    assert len(press.data) == size
    assert sum(Counting.searched) == size + len(end)
    assert (sum(Counting.made_safe), max(Counting.made_safe)) == (size, piece)
    assert len(Counting.made_safe) == steps == size // piece, "its end leaves nothing to be done"
    assert pasted(event_of(press)) is press.data, "nor does what takes it"


@given(st.text("a\r\n\t\x1b[]0;m\x07\x9b\u202e界"), st.lists(st.integers(min_value=0), max_size=8))
@example("a\r\r\n\nb", [1, 2, 3, 4])
def test_what_is_made_safe_does_not_depend_on_where_it_is_cut(text: str, cuts: list[int]) -> None:
    paste = ArrivingPaste()
    for a, b in pairwise(sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})):
        paste.add(text[a:b])
    whole = sanitise(text.replace("\r\n", "\n").replace("\r", "\n"))
    assert paste.end().data == cleaned(text) == whole


def test_a_paste_of_another_input_is_made_safe_when_it_is_taken() -> None:
    press = KeyPress(Keys.BracketedPaste, "a\r\nb\rc\x1b[31m\x07")
    assert pasted(event_of(press)) == "a\nb\nc"


def event_of(press: KeyPress) -> KeyPressEvent:
    return cast("KeyPressEvent", SimpleNamespace(key_sequence=[press]))
