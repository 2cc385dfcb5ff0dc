"""Widths, wrapping and clipping."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.utils import get_cwidth

from qwen_dual.frontends.tui.text.lines import clip, clip_line, join, tail_lines, wrap, wrap_columns

TEXT = st.text(st.sampled_from("ab 漢é\n\t🙂x"), max_size=80)


def test_lines_break_at_spaces_and_long_words_anywhere() -> None:
    assert wrap("one two three", 7) == ["one two", "three"]
    assert wrap("abcdefgh", 3) == ["abc", "def", "gh"]


def test_newlines_and_indentation_are_kept() -> None:
    assert wrap("a\n\n  b", 10) == ["a", "", "  b"]


@given(TEXT, st.integers(2, 20))
def test_no_wrapped_line_is_too_wide_and_no_character_is_lost(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(get_cwidth(line) <= width for line in lines)
    kept = "".join("".join(lines).split())
    assert kept == "".join(text.split())


@given(TEXT, st.integers(0, 20))
def test_a_clipped_text_fits_on_one_line(text: str, width: int) -> None:
    clipped = clip(text, width)
    assert "\n" not in clipped
    assert get_cwidth(clipped) <= width


def test_a_clipped_text_says_that_more_was_there() -> None:
    assert clip("abcdef", 4) == "abc…"
    assert clip("abc\ndef", 10) == "abc…"
    assert clip("abc", 3) == "abc"


def test_the_tail_of_a_text_is_its_last_lines() -> None:
    text = "\n".join(str(number) for number in range(1000))
    assert tail_lines(text, 10, 3) == ["997", "998", "999"]
    assert tail_lines("x" * 10_000 + "end", 10, 2)[-1].endswith("end")
    assert tail_lines(text, 10, 0) == []


def test_styled_lines_are_clipped_and_joined_with_their_styles() -> None:
    assert clip_line([("a", "12"), ("b", "345")], 3) == [("a", "12"), ("b", "3")]
    assert join([[("a", "1")], [], [("b", "2")]]) == [
        ("a", "1"),
        ("", "\n"),
        ("", ""),
        ("", "\n"),
        ("b", "2"),
    ]


def test_columns_are_found_at_once_in_a_row_of_blanks() -> None:
    began = time.process_time()
    assert wrap_columns("a" + " " * 30_000, 20)
    assert time.process_time() - began < 1
    assert wrap_columns("/help   what can be typed", 22) == ["/help   what can be", "        typed"]


def test_a_row_that_is_set_in_goes_on_below_its_beginning() -> None:
    assert wrap_columns("    one two three four", 20) == ["    one two three", "    four"]
    assert wrap_columns(" " * 18 + "one two", 20) == [" " * 18 + "on", "e two"]
    assert wrap_columns(" " * 40, 20) == [""]
