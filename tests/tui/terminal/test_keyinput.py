"""Keys: replies fire none, cuts change none."""

from __future__ import annotations

import os
import re
from itertools import pairwise
from typing import TYPE_CHECKING

import anyio
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from prompt_toolkit.keys import Keys

from qwen_dual.frontends.tui.terminal.keyinput import create_input
from qwen_dual.frontends.tui.terminal.keyparser import REPLY_SECONDS
from tests.support.pty import pair
from tests.tui.terminal.typed import Keyboard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.pty import Pair

REPLIES = [
    "\x1b[I",
    "\x1b[O",
    "\x1b[?1;2c",
    "\x1b[>41;354;0c",
    "\x1b[?2026;2$y",
    "\x1b[24;80R",
    "\x1b[1;2R",
    "\x1b[8;24;80t",
    "\x1b[?1u",
    "\x1b[0n",
    "\x1b[M !!",
    "\x1b[<0;10;10M",
    "\x1b[<0;10;10m",
    "\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\",
    "\x1b]7501;?\x1b\\",
    "\x1b]10;rgb:ffff/ffff/ffff\x07",
    "\x1b]52;c;aGVsbG8=\x07",
    "\x1bP>|xterm.js(6.0)\x1b\\",
    "\x1bP1$r0m\x1b\\",
    "\x1b_Gi=1;OK\x1b\\",
    "\x1b^1;message\x1b\\",
    "\x1b[201~",
    "\x1b[999~",
    "\x1b[1;99Z",
]
KEYS = {
    "a": ["a"],
    "é漢🙂": ["é", "漢", "🙂"],
    "\r": [Keys.ControlM],
    "\n": [Keys.ControlJ],
    "\t": [Keys.ControlI],
    "\x7f": [Keys.ControlH],
    "\x03": [Keys.ControlC],
    "\x1b[A": [Keys.Up],
    "\x1bOA": [Keys.Up],
    "\x1b[1;5D": [Keys.ControlLeft],
    "\x1b[3~": [Keys.Delete],
    "\x1b[Z": [Keys.BackTab],
    "\x1b[[A": [Keys.F1],
    "\x1bOP": [Keys.F1],
    "\x1bb": [Keys.Escape, "b"],
    "\x1b\r": [Keys.Escape, Keys.ControlM],
    "\x1b\x7f": [Keys.Escape, Keys.ControlH],
    "\x1bé": [Keys.Escape, "é"],
    "\x1b]é": [Keys.Escape, "]", "é"],
    "\x1bPh": [Keys.Escape, "P", "h"],
    "\x1b[é": [Keys.Escape, "[", "é"],
    "\x1b[13;2u": [Keys.ControlJ],
    "\x1b[13;5u": [Keys.ControlJ],
    "\x1b[13;6u": [Keys.ControlJ],
    "\x1b[13u": [Keys.ControlM],
    "\x1b[13;3u": [Keys.Escape, Keys.ControlM],
    "\x1b[27;2;13~": [Keys.ControlJ],
    "\x1b[27;5;13~": [Keys.ControlJ],
    "\x1b[27;6;13~": [Keys.ControlJ],
    "\x1b[27u": [Keys.Escape],
    "\x1b[9;2u": [Keys.BackTab],
    "\x1b[127;5u": [Keys.ControlW],
    "\x1b[127;2u": [Keys.ControlH],
    "\x1b[99;5u": [Keys.ControlC],
    "\x1b[97;3u": [Keys.Escape, "a"],
    "\x1b[97;2u": ["A"],
    "\x1b[32;2u": [" "],
    "\x1b[27;2;65~": ["A"],
    "\x1b[97u": ["a"],
    "\x1b[97;1:3u": [],
    "\x1b[97;1:2u": ["a"],
    "\x1b[97;65u": ["A"],
    "\x1b[97:65;2u": ["A"],
    "\x1b[50:64;2u": ["@"],
    "\x1b[97;2;196u": ["Ä"],
    "\x1b[97;9u": [],
    "\x1b[59;5u": [],
    "\x1b[97;6u": [Keys.ControlA],
    "\x1b[57404u": ["5"],
    "\x1b[1;1:1A": [Keys.Up],
    "\x1b[1;1:3A": [],
    "\x1b[1;5:2D": [Keys.ControlLeft],
    "\x1b[1;129B": [Keys.Down],
    "\x1b[3;1:1~": [Keys.Delete],
    "\x1b[57441;1u": [],
    "\x1b[99999999999;5u": [],
    "\x1b[200~pasted\rtext\x1b[201~": [Keys.BracketedPaste],
    "\x1b[200~has \x1b[31m and \x03 in it\x1b[201~x": [Keys.BracketedPaste, "x"],
}
STREAM = st.lists(st.sampled_from([*REPLIES, *KEYS]) | st.text(max_size=3), max_size=12)


@pytest.mark.parametrize("reply", REPLIES)
def test_a_reply_fires_no_key(reply: str) -> None:
    keyboard = Keyboard().feed("a", reply, "b")
    keyboard.parser.flush()
    assert keyboard.keys == ["a", "b"]


@pytest.mark.parametrize("reply", REPLIES)
def test_a_reply_cut_by_a_slow_link_fires_no_key(reply: str) -> None:
    # Two characters alone may be an Alt key, which is fired then; what follows types nothing.
    for cut in range(3, len(reply)):
        keyboard = Keyboard().feed(reply[:cut])
        keyboard.parser.flush()
        keyboard.feed(reply[cut:], "b")
        keyboard.parser.flush()
        assert keyboard.keys == ["b"], f"cut at {cut}"


@pytest.mark.parametrize(("text", "keys"), KEYS.items())
def test_a_key_is_what_it_is_and_anywhere_it_is_cut(text: str, keys: list[str]) -> None:
    assert Keyboard().feed(text).keys == keys
    assert Keyboard().feed(*text).keys == keys


@given(STREAM, st.lists(st.integers(min_value=0), max_size=12))
def test_keys_do_not_depend_on_where_the_input_is_cut(parts: list[str], cuts: list[int]) -> None:
    text = "".join(parts)
    # Lines that come at once are a paste, from a terminal that does not say so; cut apart they are keys.
    typed = re.sub("\x1b\\[200~.*?\x1b\\[201~", "", text, flags=re.DOTALL)
    assume(all(not line.strip() for line in typed.split("\r")[1:]))
    edges = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    pieces = [text[a:b] for a, b in pairwise(edges)]
    whole, cut = Keyboard().feed(text), Keyboard().feed(*pieces)
    assert [(p.key, p.data) for p in cut.presses] == [(p.key, p.data) for p in whole.presses]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("\x1b", [Keys.Escape]),
        ("\x1b\x1b", [Keys.Escape, Keys.Escape]),
        ("\x1b[", [Keys.Escape, "["]),
        ("\x1bO", [Keys.Escape, "O"]),
        ("\x1b]", [Keys.Escape, "]"]),
        ("\x1bP", [Keys.Escape, "P"]),
        ("\x1b[I\x1b", [Keys.Escape]),
    ],
)
def test_what_is_left_when_nothing_follows(text: str, keys: list[str]) -> None:
    keyboard = Keyboard().feed(text)
    keyboard.parser.flush()
    assert keyboard.keys == keys
    keyboard.parser.flush()
    assert keyboard.keys == keys


@pytest.mark.parametrize("beginning", ["\x1b[12;3", "\x1b]11;rgb:", "\x1bP1$r", "\x1b[M "])
def test_an_unfinished_sequence_does_not_take_later_keys(beginning: str) -> None:
    keyboard = Keyboard().feed(beginning)
    keyboard.time += 1.1
    assert keyboard.feed("hello").keys == list("hello")


def test_control_keys_break_off_a_string() -> None:
    assert Keyboard().feed("\x1b]11;rgb", "\x03", "a").keys == [Keys.ControlC, "a"]


@pytest.mark.parametrize(
    ("key", "typed"), [("\x1b[32;2u", " "), ("\x1b[27;2;65~", "A"), ("\x1b[97u", "a")]
)
def test_a_character_types_itself_whatever_it_is_spelled_with(key: str, typed: str) -> None:
    assert [press.data for press in Keyboard().feed(key).presses] == [typed]


@pytest.mark.parametrize(
    "rest",
    [
        "]11;rgb:1e1e/1e1e/1e1e\x1b\\",
        "P>|tmux 3.4\x1b\\",
        "[?62;4c",
        "[>84;0;0c",
        "[24;80R",
        "[I",
    ],
)
def test_a_reply_whose_beginning_came_long_before_types_nothing(rest: str) -> None:
    for cut, keys in ((0, []), (1, [rest[0]])):
        keyboard = Keyboard().feed("\x1b" + rest[:cut])
        keyboard.parser.flush()
        keyboard.time += 0.12
        assert keyboard.feed(rest[cut:], "a").keys == [Keys.Escape, *keys, "a"]


@pytest.mark.parametrize("cut", [1, 2])
@pytest.mark.parametrize(
    "reply", ["\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\", "\x1b[>84;0;0c", "\x1bP>|tmux 3.4\x1b\\"]
)
def test_a_reply_that_was_asked_for_is_no_escape_however_late_its_rest(
    reply: str, cut: int
) -> None:
    keyboard = Keyboard()
    keyboard.parser.expect_reply()
    keyboard.feed(reply[:cut])
    keyboard.parser.flush()
    keyboard.time += 0.12
    keyboard.feed(reply[cut:], "a")
    keyboard.parser.flush()
    assert keyboard.keys == ["a"]
    keyboard.feed("\x1b").parser.flush()
    assert keyboard.keys == ["a", Keys.Escape], "nothing more is waited for"


def test_escape_pressed_while_a_reply_is_waited_for_is_the_key_once_nothing_has_followed() -> None:
    keyboard = Keyboard()
    keyboard.parser.expect_reply()
    keyboard.feed("\x1b").parser.flush()
    assert (keyboard.keys, keyboard.parser.holds_escape) == ([], True)
    keyboard.parser.flush(sure=True)
    assert keyboard.keys == [Keys.Escape]
    keyboard.time += REPLY_SECONDS
    keyboard.feed("\x1b").parser.flush()
    assert keyboard.keys == [Keys.Escape, Keys.Escape], "a reply that never comes delays no key"


def test_a_key_whose_escape_came_long_before_is_that_key() -> None:
    keyboard = Keyboard().feed("\x1b")
    keyboard.parser.flush()
    keyboard.time += 0.12
    assert keyboard.feed("[A").keys == [Keys.Escape, Keys.Up]


@pytest.mark.parametrize("typed", ["]", "[", "[a", "hello", "]11", "P"])
def test_what_is_typed_after_escape_is_typed(typed: str) -> None:
    keyboard = Keyboard().feed("\x1b")
    keyboard.parser.flush()
    keyboard.time += 0.12
    assert keyboard.feed(typed).keys == [Keys.Escape, *typed]


@pytest.mark.parametrize(
    ("key", "typed"), [("O", "A"), ("P", "G"), ("_", "a"), ("]", "1"), ("[", "a")]
)
def test_what_is_typed_after_an_alt_key_is_typed(key: str, typed: str) -> None:
    keyboard = Keyboard().feed(f"\x1b{key}")
    keyboard.parser.flush()
    keyboard.time += 0.12
    assert keyboard.feed(typed).keys == [Keys.Escape, key, typed]


@pytest.fixture
def terminal() -> Iterator[Pair]:
    with pair() as made:
        yield made


def test_bytes_cut_inside_characters_and_bytes_that_are_none(terminal: Pair) -> None:
    gone: list[str] = []
    with open(terminal.side, encoding="utf-8", closefd=False) as stdin:
        keys = create_input(lambda: gone.append("gone"), stdin)
        with keys.raw_mode():
            typed: list[str] = []
            for byte in "é漢".encode() + b"\xff\xfe" + b"a":
                os.write(terminal.host, bytes([byte]))
                typed += [press.key for press in keys.read_keys()]
            assert typed == ["é", "漢", "\ufffd", "\ufffd", "a"]
            assert keys.read_keys() == []
            assert gone == []
        terminal.hang_up()
        assert keys.read_keys() == []
        assert keys.read_keys() == []
        assert keys.closed
        assert gone == ["gone"]


def test_an_escape_while_a_reply_is_owed_is_a_key_only_once_nothing_has_followed(
    terminal: Pair,
) -> None:

    async def main() -> None:
        with open(terminal.side, encoding="utf-8", closefd=False) as stdin:
            keys = create_input(lambda: None, stdin)
            pressed: list[str] = []
            escaped = anyio.Event()

            def read() -> None:
                pressed.extend(press.key for press in keys.read_keys())
                if Keys.Escape in pressed:
                    escaped.set()

            with keys.raw_mode(), keys.attach(read):
                keys.expect_reply()
                keys.expect_reply()
                for piece in (b"\x1b", b"]11;rgb:1e1e/1e1e/1e1e\x1b\\a"):
                    os.write(terminal.host, piece)
                    read()
                    assert keys.flush_keys() == []
                assert pressed == ["a"]
                os.write(terminal.host, b"\x1b")
                read()
                assert keys.flush_keys() == []
                with anyio.fail_after(20):
                    await escaped.wait()
                assert pressed == ["a", Keys.Escape]

    anyio.run(main)


def test_a_paste_is_not_over_because_it_paused_once_and_then_went_on(terminal: Pair) -> None:
    async def main() -> None:
        with open(terminal.side, encoding="utf-8", closefd=False) as stdin:
            keys = create_input(lambda: None, stdin)
            with keys.raw_mode(), keys.attach(lambda: None):
                os.write(terminal.host, b"\x1b[200~one")
                assert keys.read_keys() == []
                assert keys.flush_keys() == []  # nothing has followed for a moment
                waits = keys._paste_timer
                assert waits is not None
                os.write(terminal.host, b"two")
                assert keys.read_keys() == []
                assert waits.cancelled() and keys._paste_timer is None
                os.write(terminal.host, b"\x1b[201~")
                assert [press.data for press in keys.read_keys()] == ["onetwo"]

    anyio.run(main)
