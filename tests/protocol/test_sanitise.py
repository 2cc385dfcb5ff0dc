"""Sanitising: nothing harmful gets through, whole or in pieces."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.protocol.sanitise import OutputTail, StreamSanitiser, sanitise

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
# Text that is mostly trouble, so that hypothesis meets whole and broken sequences often.
CONTROLS = list("\t\r\n\x00\x07\x18\x1b\x7f\x9b\x9c\x9d\ud800\u202e")
TEXT = ["[", "]", "0;", "31", "m", "\\", "P", "(", "?", "~", " ", "a", "é", "漢"]
SEQUENCES = ["\r\n", "\x1b\\", "\x1b[31m", "\x1b]0;title\x07", "\x1bP1$r\x1b\\", "\x1b(B"]
PIECES = st.sampled_from(CONTROLS + TEXT + SEQUENCES) | st.text(max_size=3)
TROUBLE = st.lists(PIECES, max_size=30).map("".join)


def harmful(text: str) -> list[str]:
    return [
        c
        for c in text
        if (unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t") or c in BIDI
    ]


def in_pieces(text: str, cuts: list[int]) -> list[str]:
    edges = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[a:b] for a, b in pairwise(edges)]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]52;c;aGk=\x07x", "x"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b[?25l\x1b[2 q\x1b[>4;2mx", "x"),
        ("\x1bP1$r0m\x1b\\x\x1b_app\x1b\\y\x1b^pm\x1b\\z", "xyz"),
        ("\x1b(B\x1b7\x1bc\x1b=x", "x"),
        ("\x1b[31", ""),
        ("\x1b[31é", "é"),
        ("end\x1b", "end"),
        ("\x1b\x1b[31m[31mx", "[31mx"),
        ("\x1b]0;never ended\nnext line", "\nnext line"),
        ("a\x00b\x08c\x7fd\x9be\x85f", "abcdef"),
        ("\u202eright\u2066left\u061c", "rightleft"),
        ("half \ud83d pair", "half  pair"),
        ("dos\r\nlines\r\r\n", "dos\nlines\n"),
        ("10%\r20%\r30%\ndone", "30%\ndone"),
        ("10%\r20%\r", "20%"),
        ("a\r\x1b[Kb\r\x1b[0m\n", "b\n"),
        ("漢字 é 👩‍💻", "漢字 é 👩‍💻"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert sanitise(text) == shown


def test_clean_text_is_returned_as_it_is() -> None:
    text = "clean \t漢\n" * 1000
    assert sanitise(text) is text
    assert StreamSanitiser().feed(text) is text


@given(TROUBLE)
def test_nothing_harmful_is_left(text: str) -> None:
    assert harmful(sanitise(text)) == []


@given(TROUBLE)
def test_sanitising_twice_changes_nothing(text: str) -> None:
    once = sanitise(text)
    assert sanitise(once) == once


@given(TROUBLE)
def test_no_sequence_reaches_across_a_line(text: str) -> None:
    assert "".join(map(sanitise, re.split("(?<=\n)", text))) == sanitise(text)


@pytest.mark.parametrize(
    "line", ["plain\n", "\x1b[1mred\x1b[0m\r\n", "1 %\r100 %\n", "x" * 300_000]
)
def test_a_long_text_is_gone_through_in_pieces(line: str) -> None:
    text = line * (1_000_000 // len(line))
    assert sanitise(text) == sanitise(line) * (1_000_000 // len(line))


@given(TROUBLE, st.lists(st.integers(min_value=0), max_size=12))
def test_a_stream_does_not_depend_on_where_it_is_cut(text: str, cuts: list[int]) -> None:
    whole, cut = StreamSanitiser(), StreamSanitiser()
    together = "".join(map(cut.feed, in_pieces(text, cuts)))
    assert together == whole.feed(text)
    assert harmful(together) == []


@given(TROUBLE.filter(lambda text: "\r" not in text), st.lists(st.integers(min_value=0)))
def test_a_stream_adds_up_to_the_whole(text: str, cuts: list[int]) -> None:
    stream = StreamSanitiser()
    assert "".join(map(stream.feed, in_pieces(text, cuts))) == sanitise(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\r\nb\r\r\n", "a\nb\n"), ("10%\r20%\r\n", "10%\n20%\n"), ("\r10%\r\r20%", "10%\n20%")],
)
def test_a_stream_breaks_lines_at_carriage_returns(text: str, shown: str) -> None:
    stream = StreamSanitiser()
    assert "".join(map(stream.feed, text)) == shown


def test_an_endless_sequence_is_not_collected() -> None:
    stream = StreamSanitiser()
    assert stream.feed("a\x1b]52;c;") == "a"
    assert all(stream.feed("A" * 1000) == "" for _ in range(100))
    assert stream.feed("A\x1b") == ""
    assert stream.feed("\\b\x1b[1") == "b"
    assert all(stream.feed(";1" * 500) == "" for _ in range(100))
    assert stream.feed("mc") == "c"


def test_a_tail_keeps_the_last_lines_and_overwrites_progress() -> None:
    tail = OutputTail(3)
    for chunk in ("one\ntwo\nthr", "ee\nfetch 1", "0%\rfetch 2", "0%\r", "\x1b[", "32mfetch 30%\r"):
        tail.feed(chunk)
    assert tail.lines == ["two", "three", "fetch 30%"]
    tail.feed("\nlast\n")
    assert tail.lines == ["three", "fetch 30%", "last"]


@given(TROUBLE, st.lists(st.integers(min_value=0), max_size=12))
def test_a_tail_shows_what_sanitise_shows(text: str, cuts: list[int]) -> None:
    tail = OutputTail(1000)
    for piece in in_pieces(text, cuts):
        tail.feed(piece)
    lines = sanitise(text).split("\n")
    assert tail.lines == (lines if lines[-1] else lines[:-1])


def test_a_tail_of_a_flood_is_bounded() -> None:
    tail = OutputTail(5, max_width=10)
    tail.feed("x" * 100_000)
    tail.feed("\n" * 100_000 + "y\n" * 100_000)
    assert tail.lines == ["y"] * 5
