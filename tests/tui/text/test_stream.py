"""Markdown cut into finished blocks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.frontends.tui.text.stream import BlockSplitter, Piece


def pieces(text: str, cut: int | None = None, **limits: int) -> list[Piece]:
    splitter = BlockSplitter(**limits)
    step = cut or len(text) or 1
    done: list[Piece] = []
    for start in range(0, len(text), step):
        done += splitter.feed(text[start : start + step])
    return done + splitter.finish()


def texts(text: str, **limits: int) -> list[str]:
    return [piece.text for piece in pieces(text, **limits)]


def test_a_blank_line_completes_a_paragraph_at_once() -> None:
    splitter = BlockSplitter()
    assert splitter.feed("one\ntwo\n") == []
    assert splitter.feed("\nthr") == [Piece("one\ntwo")]
    assert splitter.tail(100) == "thr"


def test_fenced_code_is_one_block_with_its_blank_lines_and_ends_with_its_fence() -> None:
    splitter = BlockSplitter()
    assert splitter.feed("```py\na\n\nb\n") == []
    assert splitter.feed("```\n") == [Piece("```py\na\n\nb\n```")]


def test_a_fence_ends_the_paragraph_before_it_and_only_its_own_mark_closes_it() -> None:
    assert texts("text\n~~~\n```\n~~~\nmore") == ["text", "~~~\n```\n~~~", "more"]


def test_a_heading_is_a_block_of_its_own() -> None:
    assert texts("a\n# b\nc") == ["a", "# b", "c"]


def test_what_is_indented_below_a_list_item_stays_with_it() -> None:
    assert texts("- a\n\n  more\n\n- b\n") == ["- a\n\n  more", "- b"]


def test_a_list_is_given_out_a_few_items_at_a_time() -> None:
    splitter = BlockSplitter()
    first = "- one\n- two\n  more\n  - below"
    assert splitter.feed(f"{first}\n- three") == []  # its line may still become anything
    assert splitter.feed("\n") == [Piece(first)]
    assert splitter.goes_on
    assert splitter.feed("- four\n") == []
    assert splitter.finish() == [Piece("- three\n- four", joined=True)]
    assert not splitter.goes_on


@pytest.mark.parametrize(
    "text",
    [
        "1. a\n1. b\n1. c\n1. d\n1. e\n1. f",  # one that is counted from its first item
        "- a\n- b\n- c\n- d\n* e\n* f",
        "- a\n  - b\n  - c\n  - d\n  - e\n  - f",
        "words\n- a\n- b\n- c\n- d\n- e",
    ],
)
def test_a_list_that_would_look_another_way_in_parts_is_given_out_whole(text: str) -> None:
    assert texts(text) == [text]


def test_code_inside_a_list_does_not_end_the_list() -> None:
    text = "1. a\n   ```\n   x\n\n   y\n   ```\n   b"
    assert texts(text) == [text]


def test_an_unclosed_fence_is_given_out_at_the_end() -> None:
    assert texts("```\nx\n") == ["```\nx"]


def test_long_code_is_given_out_in_parts_that_are_fenced_each() -> None:
    code = "\n".join(f"line {number}" for number in range(10))
    parts = pieces(f"```py\n{code}\n```\n", max_lines=4)
    assert [part.joined for part in parts] == [False] + [True] * (len(parts) - 1)
    assert all(part.text.startswith("```py\n") for part in parts)
    assert all(part.text.endswith("\n```") for part in parts)
    shown = [line for part in parts for line in part.text.split("\n") if "```" not in line]
    assert "\n".join(shown) == code


def test_a_line_without_an_end_is_given_out_in_parts() -> None:
    splitter = BlockSplitter(max_chars=100)
    done = [piece for _ in range(100) for piece in splitter.feed("word word ")]
    assert len(done) > 5
    assert len(splitter.tail(10_000)) <= 110
    assert all(piece.joined for piece in done[1:])


def test_the_tail_holds_no_more_than_was_asked_for_and_a_line() -> None:
    splitter = BlockSplitter(max_lines=10_000, max_chars=10**9)
    splitter.feed("```\n" + "x" * 50 + "\n" * 5000)
    assert len(splitter.tail(100)) < 200


@given(st.lists(st.sampled_from(["a", "b c", "", "- x", "  y", "# h", "```", "~~~", "1. z"])))
def test_no_line_is_lost_or_moved(lines: list[str]) -> None:
    text = "\n".join(lines)
    shown = "\n".join(texts(text)).split("\n")
    assert [line for line in shown if line.strip()] == [line for line in lines if line.strip()]


@given(
    st.lists(st.sampled_from(["ab", "", "- x", "  y", "# h", "```", "z " * 20])),
    st.integers(1, 7),
)
def test_where_the_stream_is_cut_makes_no_difference(lines: list[str], cut: int) -> None:
    text = "\n".join(lines)
    assert pieces(text, cut, max_lines=3) == pieces(text, max_lines=3)
