"""Hunks: exact, whatever the line ends are, and bounded without becoming wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.core.text.hunks import bounded, changed_lines, hunks
from qwen_dual.core.text.line_diff import lines_of, opcodes

if TYPE_CHECKING:
    from qwen_dual.protocol.change_shapes import Hunk

NO_NEWLINE = "\\ No newline at end of file"
texts = st.lists(st.sampled_from(["a", "b", "c\r", "\u2028", "\\", ""])).map("\n".join)


def made(old: str, new: str) -> list[Hunk]:
    before, after = lines_of(old), lines_of(new)
    return list(hunks(before, after, opcodes(before, after)))


def side(hunk: Hunk, signs: str) -> str:
    """The text of one side of a hunk."""
    text, shown = "", False
    for line in hunk["lines"]:
        if line == NO_NEWLINE:
            text = text[:-1] if shown else text
            continue
        shown = line[0] in signs
        text += line[1:] + "\n" if shown else ""
    return text


def applied(old: str, given: list[Hunk]) -> str:
    lines, at, new = lines_of(old), 0, ""
    for hunk in given:
        start = hunk["old_start"] - bool(hunk["old_lines"])
        new += "".join(lines[at:start])
        at = start + hunk["old_lines"]
        assert "".join(lines[start:at]) == side(hunk, " -")
        assert len(lines_of(new)) == hunk["new_start"] - bool(hunk["new_lines"])
        assert len(lines_of(side(hunk, " +"))) == hunk["new_lines"]
        new += side(hunk, " +")
    return new + "".join(lines[at:])


@given(texts, texts)
def test_what_the_hunks_say_is_what_changes(old: str, new: str) -> None:
    assert applied(old, made(old, new)) == new


@given(texts, texts, st.integers(0, 30))
def test_cut_hunks_are_the_beginning_and_stay_well_formed(old: str, new: str, most: int) -> None:
    whole = made(old, new)
    kept, cut = bounded(whole, most, 10_000)
    assert cut is (kept != whole)
    lines = [line for hunk in whole for line in hunk["lines"]]
    shown = [line for hunk in kept for line in hunk["lines"]]
    assert shown == lines[: len(shown)] and len(shown) <= most
    assert lines[len(shown) : len(shown) + 1] != [NO_NEWLINE]
    applied(old, kept)  # the counts are of what is there
    assert all(any(line[0] in "+-" for line in hunk["lines"]) for hunk in kept)


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("a\r\n", "a\n", ["-a\r", "+a"]),
        ("a\n", "a", ["-a", "+a", NO_NEWLINE]),
        ("a", "a\n", ["-a", NO_NEWLINE, "+a"]),
        ("", "a\n", ["+a"]),
        ("a\n", "", ["-a"]),
        ("same\n", "same\n", None),
    ],
)
def test_line_ends_and_a_missing_one_can_be_told(
    old: str, new: str, lines: list[str] | None
) -> None:
    assert [hunk["lines"] for hunk in made(old, new)] == ([] if lines is None else [lines])


def test_the_size_is_of_the_lines_and_of_what_each_hunk_takes() -> None:
    old = "".join(f"{n}\n" for n in range(40))
    whole = made(old, old.replace("5\n", "five\n"))
    assert len(whole) > 1
    size = sum(len(line) for line in whole[0]["lines"]) + 9
    assert bounded(whole, 1000, size, head=9) == (whole[:1], True)
    assert bounded(whole[:1], 1000, size, head=9) == (whole[:1], False)
    assert bounded(whole, 1000, -1) == ([], True)
    assert changed_lines([("equal", 0, 1, 0, 1), ("replace", 1, 4, 1, 2)]) == (1, 3)


def test_lines_are_the_same_however_the_text_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qwen_dual.core.text.line_diff._PART", 3)
    for text in (
        "",
        "\n",
        "a",
        "a\n",
        "\n\n\n\n\na",
        "abcdefgh\nb\r\n\x0cc\u2028d\n\ne",
        "a\n" * 9,
    ):
        expected = [line + "\n" for line in text.split("\n")]
        expected[-1] = expected[-1][:-1]
        assert lines_of(text) == [line for line in expected if line]
