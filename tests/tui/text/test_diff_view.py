"""Diffs: numbers, signs, syntax, narrow windows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.frontends.tui.markdown.highlight import Highlighter
from qwen_dual.frontends.tui.text import theme
from qwen_dual.frontends.tui.text.diff_view import diff_lines
from qwen_dual.frontends.tui.text.lines import width_of
from qwen_dual.tools.diff import diff_of
from tests.tui.support import text_of

ROWS = [
    "--- a/x.py",
    "+++ b/x.py",
    "@@ -8,3 +8,4 @@",
    " def f():",
    "-    return 1",
    "+    # why",
    "+    return 2",
    "@@ -99,2 +100,2 @@",
    " a",
    "-b",
    "\\ No newline at end of file",
]


def test_lines_are_numbered_as_in_the_file_they_belong_to() -> None:
    assert text_of(diff_lines(ROWS, 76)) == [
        "    8   def f():",
        "    9 -     return 1",
        "    9 +     # why",
        "   10 +     return 2",
        "    ⋯",
        "  100   a",
        "  100 - b",
        "  No newline at end of file",
    ]


def test_a_narrow_window_has_no_numbers_but_signs() -> None:
    assert text_of(diff_lines(ROWS, 12))[:6] == [
        "    def f():",
        "  -     return",
        "  ↪  1",
        "  +     # why",
        "  +     return",
        "  ↪  2",
    ]


def test_signs_and_code_are_coloured() -> None:
    lines = diff_lines(ROWS, 76, Highlighter().file)
    assert lines[0] == [
        ("", "  "),
        (theme.DIM, "  8 "),
        ("", "  "),
        ("class:code.keyword", "def"),
        ("", " "),
        ("class:code.name", "f"),
        ("", "():"),
    ]
    assert lines[1][2] == (theme.REMOVED, "- ")
    assert ("class:removed.keyword", "return") in lines[1]
    assert ("class:added.comment", "# why") in lines[2]


def test_both_sides_of_a_change_are_read_as_code() -> None:
    rows = ["--- a/x.py", "+++ b/x.py", "@@ -1,3 +1,3 @@", '-x = """', "+x = '''", " text"]
    lines = diff_lines([*rows, '-"""', "+'''"], 76, Highlighter().file)
    assert lines[2][-1] == ("class:code.string", "text")
    assert lines[3][-1] == ("class:removed.string", '"""')


@pytest.mark.parametrize("name", ["x", "x.nothing", ""])
def test_a_file_of_no_known_language_stays_plain(name: str) -> None:
    rows = ["--- /dev/null", f"+++ b/{name}", "@@ -0,0 +1 @@", "+def f"]
    assert diff_lines(rows, 76, Highlighter().file)[0][2:] == [
        (theme.ADDED, "+ "),
        (theme.ADDED, "def f"),
    ]


def test_what_is_no_diff_is_shown_as_it_is() -> None:
    assert text_of(diff_lines(["+ no hunk", "", "text"], 40)) == ["  + no hunk", "", "  text"]
    assert text_of(diff_lines([], 40)) == []


def test_a_removed_line_that_looks_like_a_file_name_is_shown() -> None:
    rows = ["--- a/f", "+++ b/f", "@@ -1 +0 @@", "--- gone"]
    assert text_of(diff_lines(rows, 40)) == ["  1 - -- gone"]


TEXT = st.lists(st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=30)).map(
    "\n".join
)


@given(TEXT, TEXT, st.integers(1, 90))
def test_no_line_is_wider_than_the_window(old: str, new: str, width: int) -> None:
    rows = diff_of(old, new, "a.py").text.split("\n")
    for line in text_of(diff_lines(rows, width, Highlighter().file)):
        assert width_of(line) <= max(width, 3) + 2
        assert line == line.rstrip()


@given(TEXT, TEXT)
def test_every_changed_line_is_there_with_its_sign(old: str, new: str) -> None:
    rows = diff_of(old, new, "a.py").text.split("\n")
    signs = [row[0] for row in rows[2:] if row[:1] in ("+", "-")]
    shown = [
        text.strip()
        for line in diff_lines(rows, 2000)
        for style, text in line[2:3]
        if style in (theme.ADDED, theme.REMOVED)
    ]
    assert shown == signs
