"""Foreign text in rows: different texts never give the same ones, at any width, colours or not."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qwen_dual.frontends.tui.markdown.highlight import Highlighter
from qwen_dual.frontends.tui.text import theme
from qwen_dual.frontends.tui.text.diff_view import diff_lines
from qwen_dual.frontends.tui.text.exact import exact_lines, exact_text
from qwen_dual.frontends.tui.text.lines import width_of
from qwen_dual.tools.diff import diff_of
from tests.tui.support import text_of

PIECES = [*"a b\t\n⟨⟩⇥␣⏎↪;-", "  ", "\t\t", "\n\n", "漢", "é", "\r", "\x1b[2K", "\u202e", "\u200b"]
TEXT = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)
WIDTH = st.integers(1, 12) | st.just(78)


def rows(text: str, width: int) -> list[str]:
    return text_of(exact_lines(text, width))


@given(TEXT, TEXT, WIDTH)
@example("a b", "a\nb", 1)
@example("ab", "a b", 1)
@example("a  b", "a \u00a0b", 3)
@example("\t", "⇥   ", 4)
@example("x\t", "x\t ", 3)
@example("", "\n", 5)
@example("a", "a\n", 5)
@example("aa 漢", "aa漢", 3)
def test_two_different_texts_never_give_the_same_rows(one: str, other: str, width: int) -> None:
    assert (rows(one, width) == rows(other, width)) == (one == other)
    assert (exact_text(one) == exact_text(other)) == (one == other)


@given(TEXT, WIDTH)
def test_no_row_is_wider_than_it_may_be(text: str, width: int) -> None:
    for row in rows(text, width):
        assert width_of(row) <= max(width, 2) + 2
        assert row == row.rstrip() or row == "↪ "


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("echo one two three", ["  echo one␣", "↪ two three"]),
        ("echo one\ntwo", ["  echo one", "  two"]),
        ("a\tb ", ["  a⇥   b␣"]),
        ("abcdefghijklmno", ["  abcdefghijkl", "↪ mno"]),
        ("abcdefg\u202ehij", ["  abcdefg", "↪ ⟨U+202E⟩hij"]),
    ],
)
def test_how_a_text_is_broken(text: str, expected: list[str]) -> None:
    assert rows(text, 12) == expected


def test_escapes_and_marks_have_colours_of_their_own() -> None:
    assert exact_lines("a\rb\t", 20, theme.STRONG) == [
        [
            ("", "  "),
            (theme.STRONG, "a"),
            (theme.ODD, "⟨CR⟩"),
            (theme.STRONG, "b"),
            (theme.DIM, "⇥"),
        ]
    ]


LINES = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)


@given(LINES, LINES, st.integers(4, 60))
@example("a\r", "a", 40)
@example("a", "a\n", 40)
@example("a b", "a\n b", 4)
@example("x\r\ny\r\n", "x\ny\n", 40)
def test_two_different_changes_never_look_the_same(one: str, other: str, width: int) -> None:
    def shown(new: str) -> list[str]:
        rows = diff_of(None, new, "a.py").text.split("\n")
        return text_of(diff_lines(rows, width, Highlighter().file))

    assert (shown(one) == shown(other)) == (one == other)


@pytest.mark.parametrize("text", ["x" * 100_000, "ab " * 33_000, "é漢 " * 33_000, "\t\r" * 50_000])
def test_what_is_long_is_broken_in_time_that_grows_with_it(text: str) -> None:
    def took(some: str) -> float:
        """Seconds of computing at the least: other tests have left much for the collector of garbage."""
        took = []
        for _ in range(3):
            begun = time.thread_time()
            exact_lines(some, 76)
            took.append(time.thread_time() - begun)
        return min(took)

    exact_lines(text[:100], 76)
    assert took(text) < 12 * took(text[:25_000]) + 0.05
